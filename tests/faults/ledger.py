"""What became of everything, by our rows and by the provider's count."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from notifications.models import Delivery, Event
from notifications.models.states import FINAL

SHOWN = 15
AT_MOST_ONCE = ((1, ("sent", "")), (1, ("failed", "not_resent")), (0, ("failed", "not_resent")))


def open_deliveries() -> int:
    """How many deliveries a worker has still to act on."""
    return Delivery.objects.exclude(status__in=FINAL).count()


def by_status(deliveries: Iterable[Delivery]) -> Counter[tuple[str, str]]:
    """(status, reason) → how many."""
    return Counter((each.status, each.reason) for each in deliveries)


def tell(deliveries: Sequence[Delivery], counts: Mapping[str, int]) -> str:
    """The stories of deliveries, for a test that fails: the row, the provider's count, the events."""
    shown = deliveries[:SHOWN]
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(notification_id__in=[each.notification_id for each in shown]):
        if event.delivery_id:
            events[event.delivery_id].append(event)
    lines = [f"{len(deliveries)} deliveries, the first {len(shown)}:"]
    for each in shown:
        lines.append(
            f"{each.pk} {each.channel} {each.status}/{each.reason} due {each.due_at} attempts {each.attempts} "
            f"crashes {each.crashes} started {each.started_at}; taken {counts.get(str(each.pk), 0)} times"
        )
        lines += [f"    {event.at:%H:%M:%S.%f} {event.kind} {event.data}" for event in events[each.pk]]
    return "\n".join(lines)


def tell_open(counts: Mapping[str, int]) -> str:
    """The stories of those that are not final."""
    return tell(list(Delivery.objects.exclude(status__in=FINAL)), counts)


def check_each_counted_rightly(counts: Counter[str]) -> None:
    """Assert what holds for each type of `tests.faults.app` however its workers and servers died.

    A provider that tells: exactly once. One that never tells: at least once where the type says so; else at most
    once, and where nobody can tell, visibly so.
    """
    wrong = []
    for each in Delivery.objects.select_related("notification"):
        taken, end = counts[str(each.pk)], (each.status, each.reason)
        right = {
            "faults.via_receipts": taken == 1 and end == ("delivered", ""),
            "faults.via_look_up": taken == 1 and end == ("sent", ""),
            "faults.neither_again": taken >= 1 and end == ("sent", ""),
            "faults.neither_once": (taken, end) in AT_MOST_ONCE,
        }[each.notification.type]
        if not right:
            wrong.append(each)
    assert not wrong, tell(wrong, counts)
    strangers = set(counts) - {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    assert not strangers, f"The provider took messages that nobody has: {strangers}"


def check_each_ended_once() -> None:
    """Assert that no delivery's success or failure was written down twice."""
    ends: Counter[Any] = Counter()
    for event in Event.objects.filter(kind__in=("accepted", "failed")):
        ends[event.delivery_id] += 1
    for event in Event.objects.filter(kind="reconciled", data__reason=""):
        ends[event.delivery_id] += 1
    twice = [pk for pk, number in ends.items() if number > 1]
    assert not twice, tell(list(Delivery.objects.filter(pk__in=twice)), {})
