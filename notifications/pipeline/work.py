"""Claimed deliveries, made ready: what is to be sent, what is to be looked up, and what is settled without either."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import inf
from uuid import UUID

from django.db import InterfaceError, OperationalError

from notifications import clock, conf
from notifications.channels.registry import get_channel
from notifications.exceptions import ConfigurationError, HeldOut, PayloadError, UnknownChannelError, UnknownTypeError
from notifications.messages import Message
from notifications.models import Delivery, Reason, Status, outbox
from notifications.models.template import NEVER
from notifications.pipeline import failover, fallback, gate, questions, reconcile
from notifications.pipeline.gate import Candidate, Verdict
from notifications.pipeline.outcome import Outcome, of_preparation_error, of_verdict
from notifications.pipeline.render import fill_inbox, render
from notifications.pipeline.spending import Refusal
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider
from notifications.templating import texts
from notifications.types import LANES

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Work:
    """A claimed delivery on its way through a worker. `fence` is the deadline now in its row."""

    delivery: Delivery
    fence: datetime
    provider: Provider | None = None
    message: Message | None = None
    """None: the provider is asked what became of it"""
    outcome: Outcome | None = None
    """set: nothing is left to do but to settle"""
    stamp: UUID = NEVER
    """that of the texts by which its message was worded"""
    over_budget: dict[str, Refusal] = field(default_factory=dict)
    """alias → why that provider may not be paid for it now"""
    opens_before: float = inf
    """by `time.monotonic()`: a request that opened later could outlast its lease, and another worker's with it"""

    @property
    def chosen(self) -> Provider:
        """The provider of a work without an outcome: `prepare` gives each one."""
        if self.provider is None:
            raise LookupError(f"Delivery {self.delivery.pk} was prepared without a provider")
        return self.provider

    @property
    def suspect(self) -> bool:
        """Whether a worker that had it never came back: it may bring this one down too, so it is sent alone."""
        return self.delivery.crashes > 1 and self.delivery.started_at is None


def claim(lane: str, limit: int) -> list[Work]:
    """Take due deliveries of a lane."""
    ids, fence = outbox.claim(LANES[lane], limit, conf.get().lease)
    if not ids:
        return []
    rows = Delivery.objects.filter(pk__in=ids).select_related("notification__recipient", "contact_point")
    return [Work(each, fence) for each in rows.order_by("priority", "id")]


def give_back(works: Sequence[Work]) -> None:
    """Undo a claim: a second later they are due again."""
    due_at = clock.now() + timedelta(seconds=1)
    outbox.settle([_unchanged(each, due_at=due_at, attempts=-1, crashes=-1) for each in works])


def hold(works: Sequence[Work]) -> None:
    """Keep claimed deliveries for later: if this worker goes down, it was not one of these that brought it down."""
    _keep(works, crashes=-1)


def expose(work: Work) -> None:
    """Take a held delivery up: if this worker goes down now, it was this one."""
    _keep([work], crashes=0)


def _keep(works: Sequence[Work], *, crashes: int) -> None:
    fence = clock.now() + conf.get().lease
    outbox.settle([_unchanged(each, due_at=fence, attempts=0, crashes=crashes) for each in works])
    for work in works:
        work.fence = fence  # where it was refused, it fits no more than before


def _unchanged(work: Work, *, due_at: datetime, attempts: int, crashes: int) -> outbox.Settlement:
    """The row as it was claimed, but for its due time and, by so much more, its counters."""
    delivery = work.delivery
    return outbox.Settlement(
        id=delivery.pk,
        fence=work.fence,
        status=Status(delivery.status),
        reason=delivery.reason,
        detail=delivery.detail,
        due_at=due_at,
        attempts=delivery.attempts + attempts,
        crashes=delivery.crashes + crashes,
        started_at=delivery.started_at,
        provider=delivery.provider,
        provider_id=delivery.provider_id,
        segments=delivery.segments,
        cost=delivery.cost,
        settled_at=delivery.settled_at,
    )


def prepare(works: Sequence[Work]) -> None:
    """Give each work a message to send, a provider to ask, or an outcome."""
    now, stamp = clock.now(), texts.refresh()
    to_send = []
    for work in works:
        delivery, work.stamp = work.delivery, stamp
        if delivery.status == Status.UNKNOWN or delivery.started_at is not None:
            _prepare_reconciling(work, now)
        elif delivery.crashes > conf.get().MAX_CRASHES:
            work.outcome = _end(work, now, Status.FAILED, Reason.QUARANTINED)
        elif delivery.status == Status.STANDBY and not fallback.still_needed(delivery):
            work.outcome = _end(work, now, Status.SKIPPED, Reason.NOT_NEEDED)
        else:
            to_send.append(work)
    passed = list(_pass_gate(to_send, now))
    questions.ask([candidate for _, candidate in passed], now)
    for work, candidate in passed:
        _prepare_sending(work, candidate, now)


def _prepare_reconciling(work: Work, now: datetime) -> None:
    delivery = work.delivery
    try:
        work.provider = get_provider(delivery.provider)
    except ConfigurationError:  # no longer configured: it can neither be asked nor be heard
        work.provider = None
    if delivery.status != Status.UNKNOWN:
        window = timedelta(seconds=work.provider.reconcile_seconds if work.provider else 0)
        work.outcome = reconcile.crashed(delivery, now, fence=work.fence, window=window)
    elif work.provider is None or not work.provider.can_look_up:
        work.outcome = reconcile.decide(delivery, work.provider, None, now, fence=work.fence)


def _pass_gate(works: Sequence[Work], now: datetime) -> Iterable[tuple[Work, Candidate]]:
    """Those that may go. The others, and those whose type is gone or cannot answer, get their outcome."""
    candidates: list[tuple[Work, Candidate]] = []
    for work in works:
        try:
            candidates.append((work, Candidate(work.delivery, work.delivery.notification.instance())))
        except UnknownTypeError as error:
            work.outcome = _end(work, now, Status.FAILED, Reason.UNKNOWN_TYPE, str(error))
        except PayloadError as error:
            work.outcome = _end(work, now, Status.FAILED, Reason.INVALID_PAYLOAD, str(error))
    together = _prime_together([candidate for _, candidate in candidates])
    for work, candidate in candidates:
        try:
            if not together:
                gate.prime([candidate])
            verdict = gate.check(candidate, now)
        except Exception as error:
            _raise_if_database_is_away(error)
            logger.exception("The gate failed for delivery %s", work.delivery.pk)
            work.outcome = of_preparation_error(work.delivery, error, now, fence=work.fence)
            continue
        if verdict is None:
            yield work, candidate
        else:
            work.outcome = of_verdict(work.delivery, verdict, now, fence=work.fence)


def _prime_together(candidates: Sequence[Candidate]) -> bool:
    """Load what the gate asks for. False: it failed for one of them, and each must be tried alone."""
    try:
        gate.prime(candidates)
    except Exception as error:
        _raise_if_database_is_away(error)
        return False
    return True


def _raise_if_database_is_away(error: Exception) -> None:
    """Then all deliveries wait; else a query of this one's own code failed, and the others go on."""
    if isinstance(error, OperationalError | InterfaceError) and not outbox.connection().is_usable():
        raise error


def _prepare_sending(work: Work, candidate: Candidate, now: datetime) -> None:
    delivery = work.delivery
    try:
        channel = get_channel(delivery.channel)
        if channel.leaves_app:
            work.message = render(delivery, candidate.instance, candidate.reply_code)
            choose_provider(work, now)
        else:
            fill_inbox(delivery.notification, delivery, candidate.instance)
            work.outcome = replace(_end(work, now, Status.DELIVERED, Reason.NONE), stamp=work.stamp)
    except UnknownChannelError as error:
        work.outcome = _end(work, now, Status.FAILED, Reason.UNKNOWN_CHANNEL, str(error))
    except HeldOut:
        work.outcome = _end(work, now, Status.SKIPPED, Reason.HELD_OUT)
    except Exception as error:
        _could_not_be_prepared(work, error, now)


def outdated(works: Iterable[Work]) -> list[Work]:
    """Those with a message that was worded before the last publication."""
    with_message = [each for each in works if each.message is not None]
    if not with_message:
        return []
    stamp = texts.refresh()
    return [each for each in with_message if each.stamp != stamp]


def choose_another(work: Work, now: datetime) -> None:
    """The same for a message that was made ready for a provider which was taken out of use since."""
    try:
        choose_provider(work, now)
    except Exception as error:
        _could_not_be_prepared(work, error, now)


def _could_not_be_prepared(work: Work, error: Exception, now: datetime) -> None:
    _raise_if_database_is_away(error)
    logger.exception("Delivery %s could not be prepared", work.delivery.pk)
    work.outcome = of_preparation_error(work.delivery, error, now, fence=work.fence)


def choose_provider(work: Work, now: datetime) -> None:
    """Choose who takes its message, or hold it; or end it, if there is nobody who ever could."""
    delivery = work.delivery
    if work.message is None:
        raise LookupError(f"Delivery {delivery.pk} has no message that a provider could take.")
    channel = get_channel(delivery.channel)
    takers = failover.takers(channel, work.message)
    if channel.providers and not takers:
        work.outcome = _end(work, now, Status.FAILED, Reason.NOT_CARRIED, failover.not_carried(channel))
        return
    affordable = [each for each in takers if each not in work.over_budget]
    chosen = failover.choose(channel, now, among=affordable, after=delivery.provider)
    if isinstance(chosen, failover.Held):
        held = Verdict(Status.PENDING, Reason.NO_PROVIDER, chosen.detail, until=chosen.until)
        if work.over_budget:
            until = min(each.until for each in work.over_budget.values())
            detail = " ".join(each.detail for each in work.over_budget.values())
            held = Verdict(Status.PENDING, Reason.BUDGET, detail, until=until)
        work.outcome = of_verdict(delivery, held, now, fence=work.fence)
    else:
        work.provider = chosen


def _end(work: Work, now: datetime, status: Status, reason: Reason, detail: str = "") -> Outcome:
    return of_verdict(work.delivery, Verdict(status, reason, detail), now, fence=work.fence)
