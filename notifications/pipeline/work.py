"""Claimed deliveries, made ready: what is to be sent, what is to be looked up, and what is settled without either."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError

from notifications import clock, conf
from notifications.channels.registry import get_channel
from notifications.exceptions import ConfigurationError, PayloadError, UnknownChannelError, UnknownTypeError
from notifications.messages import Message
from notifications.models import Delivery, Reason, Status, outbox
from notifications.pipeline import failover, fallback, gate, reconcile
from notifications.pipeline.gate import Candidate, Verdict
from notifications.pipeline.outcome import Outcome, of_preparation_error, of_verdict
from notifications.pipeline.render import fill_inbox, render
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider
from notifications.types import LANES

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Work:
    """A claimed delivery on its way through a worker. `fence` is the deadline now in its row."""

    delivery: Delivery
    fence: datetime
    provider: Provider | None = None
    message: Message | None = None
    """None: the provider is asked what became of it"""
    outcome: Outcome | None = None
    """set: nothing is left to do but to settle"""

    @property
    def chosen(self) -> Provider:
        """The provider of a work without an outcome: `prepare` gives each one."""
        if self.provider is None:
            raise LookupError(f"Delivery {self.delivery.pk} was prepared without a provider")
        return self.provider


def claim(lane: str, limit: int) -> list[Work]:
    """Take due deliveries of a lane.

    One whose last workers never came back is taken alone, so that it can bring nothing down but itself: the others of
    that kind are given back.
    """
    ids, fence = outbox.claim(LANES[lane], limit, conf.get().lease)
    if not ids:
        return []
    rows = Delivery.objects.filter(pk__in=ids).select_related("notification__recipient", "contact_point")
    claimed = [Work(each, fence) for each in rows.order_by("priority", "id")]
    suspects = [each for each in claimed if each.delivery.crashes > 1 and each.delivery.started_at is None]
    if not suspects:
        return claimed
    if len(suspects) < len(claimed):
        _give_back(suspects)
        return [each for each in claimed if each not in suspects]
    _give_back(suspects[1:])
    return suspects[:1]


def _give_back(works: Sequence[Work]) -> None:
    """Undo a claim. A second later they are due again, behind what else is due now."""
    now = clock.now()
    outbox.settle(
        [
            outbox.Settlement(
                id=each.delivery.pk,
                fence=each.fence,
                status=Status(each.delivery.status),
                reason=each.delivery.reason,
                detail=each.delivery.detail,
                due_at=now + timedelta(seconds=1),
                attempts=each.delivery.attempts - 1,
                crashes=each.delivery.crashes - 1,
                provider=each.delivery.provider,
                settled_at=now,
            )
            for each in works
        ]
    )


def prepare(works: Sequence[Work]) -> None:
    """Give each work a message to send, a provider to ask, or an outcome."""
    now = clock.now()
    to_send = []
    for work in works:
        delivery = work.delivery
        if delivery.status == Status.UNKNOWN or delivery.started_at is not None:
            _prepare_reconciling(work, now)
        elif delivery.crashes > conf.get().MAX_CRASHES:
            work.outcome = _end(work, now, Status.FAILED, Reason.QUARANTINED)
        elif delivery.status == Status.STANDBY and not fallback.still_needed(delivery):
            work.outcome = _end(work, now, Status.SKIPPED, Reason.NOT_NEEDED)
        else:
            to_send.append(work)
    for work, candidate in _pass_gate(to_send, now):
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
    gate.prime([candidate for _, candidate in candidates])
    for work, candidate in candidates:
        try:
            verdict = gate.check(candidate, now)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("The gate failed for delivery %s", work.delivery.pk)
            work.outcome = of_preparation_error(work.delivery, error, now, fence=work.fence)
            continue
        if verdict is None:
            yield work, candidate
        else:
            work.outcome = of_verdict(work.delivery, verdict, now, fence=work.fence)


def _prepare_sending(work: Work, candidate: Candidate, now: datetime) -> None:
    delivery = work.delivery
    try:
        channel = get_channel(delivery.channel)
        if channel.leaves_app:
            work.message = render(delivery, candidate.instance)
            work.provider = failover.choose(channel, delivery)
        else:
            fill_inbox(delivery.notification, delivery, candidate.instance)
            work.outcome = _end(work, now, Status.DELIVERED, Reason.NONE)
    except UnknownChannelError as error:
        work.outcome = _end(work, now, Status.FAILED, Reason.UNKNOWN_CHANNEL, str(error))
    except (OperationalError, InterfaceError):
        raise  # the database, not the message, is at fault
    except Exception as error:
        logger.exception("Delivery %s could not be prepared", delivery.pk)
        work.outcome = of_preparation_error(delivery, error, now, fence=work.fence)


def _end(work: Work, now: datetime, status: Status, reason: Reason, detail: str = "") -> Outcome:
    return of_verdict(work.delivery, Verdict(status, reason, detail), now, fence=work.fence)
