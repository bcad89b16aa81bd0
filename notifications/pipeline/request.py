"""One request to a provider: what it carries, whether it may still open, and what came of each message in it."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from notifications import clock
from notifications.channels.registry import get_channel
from notifications.exceptions import AddressError, PermanentError, UnknownOutcome
from notifications.messages import Message, Receipt
from notifications.models import Reason, Status
from notifications.pipeline import breaker, failover, reconcile
from notifications.pipeline.gate import Verdict
from notifications.pipeline.outcome import STATUS_OF, healthy, of_result, of_verdict
from notifications.pipeline.persist import persist
from notifications.pipeline.work import Work
from notifications.providers.base import Provider

logger = logging.getLogger(__name__)

Answer = Receipt | BaseException | None


class NotOpenedError(Exception):
    """A request was not opened. Nobody has heard of its messages, and they are due again at once."""


class RefusedTogetherError(Exception):
    """The provider refused a request for several messages: one of them may be at fault, so each is tried alone."""


@dataclass(slots=True, eq=False)
class Request:
    """Deliveries of one provider that travel together: mostly a single one."""

    works: Sequence[Work]

    @property
    def provider(self) -> Provider:
        return self.works[0].chosen


class Unrecorded:
    """Failures that the health of the providers does not tell of yet.

    Threads open no more requests to see more of the same: a breaker opens on what is recorded, and what was opened
    meanwhile is lost time for its messages.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: Counter[str] = Counter()

    def add(self, alias: str) -> None:
        with self._lock:
            self._failures[alias] += 1

    def recorded(self, aliases: Iterable[str]) -> None:
        with self._lock:
            self._failures.subtract(aliases)

    def are_enough(self, alias: str) -> bool:
        """Whether they alone would open its breaker."""
        return self._failures[alias] >= breaker.FAILED_IN_A_ROW


def requests(works: Sequence[Work], *, together: bool, probed: Collection[str] = ()) -> list[Request]:
    """The requests that these works make. `together`: those that were never tried may share one.

    Not at a provider that is being `probed`: there each message was let through to be a request of its own.
    """
    found = []
    shared: dict[str, list[Work]] = {}
    for each in works:
        if together and _may_share(each) and each.chosen.alias not in probed:
            shared.setdefault(each.chosen.alias, []).append(each)
        else:
            found.append(Request([each]))
    for group in shared.values():
        found += [Request(each) for each in _shared(group)]
    return found


def _shared(group: Sequence[Work]) -> list[list[Work]]:
    """Which of them travel together, as their provider says; each alone, where what it says makes no sense."""
    provider = group[0].chosen
    by_id = {each.delivery.pk: each for each in group}
    try:
        told = provider.together([each.message for each in group if each.message is not None])
        batches = [[by_id[message.delivery_id] for message in batch] for batch in told]
        named = Counter(work for batch in batches for work in batch)
        if named != Counter(group):
            raise ValueError(f"{len(named)} of {len(group)} messages are in {named.total()} places.")
    except Exception:
        name = type(provider).__name__
        logger.exception("%s.together must put each message into exactly one list; now each goes alone", name)
        return [[each] for each in group]
    return [each for each in batches if each]


def _may_share(work: Work) -> bool:
    return work.message is not None and work.delivery.attempts == 1 and not work.suspect


def call(request: Request, unrecorded: Unrecorded) -> tuple[list[Answer], float]:
    """Send, or look up, in a thread of the pool: what came of each work, in order, and the milliseconds it took."""
    begun = time.perf_counter()
    provider, works = request.provider, request.works
    messages = [each.message for each in works if each.message is not None]
    answers: list[Answer]
    try:
        _check_opening(request, unrecorded)
        if not messages:
            answers = [provider.look_up(works[0].delivery.pk)]
        elif len(messages) == 1:
            answers = [provider.send(messages[0])]
        else:
            answers = _send_together(provider, messages)
    except BaseException as error:
        # In a thread of the pool it is the provider's; in the worker's own it may be the worker that has to end.
        if provider.local and not isinstance(error, Exception):
            raise
        answers = [error] * len(works)
    if messages and health_of(answers) is False:
        unrecorded.add(provider.alias)
    return answers, (time.perf_counter() - begun) * 1000


def _check_opening(request: Request, unrecorded: Unrecorded) -> None:
    if time.monotonic() > min(each.opens_before for each in request.works):
        raise NotOpenedError("The worker was held up for so long that the request was not opened.")
    alias = request.provider.alias
    looks_up = request.works[0].message is None
    if not looks_up and (unrecorded.are_enough(alias) or failover.is_known_to_be_out(alias, clock.now(ask=False))):
        raise NotOpenedError(f"{alias} was taken out of use before the request was opened.")


def _send_together(provider: Provider, messages: Sequence[Message]) -> list[Answer]:
    try:
        told: object = provider.send_batch(messages)
    except (AddressError, PermanentError) as error:
        # Not in its own words, which may name one of them: the others' stories are not the place for that.
        text = f"{provider.alias} refused a request for {len(messages)} messages: each goes alone now."
        raise RefusedTogetherError(text) from error
    if not isinstance(told, Sequence) or len(told) != len(messages):
        gave = f"{len(told)} answers" if isinstance(told, Sequence) else f"a {type(told).__name__}"
        raise UnknownOutcome(f"{type(provider).__name__}.send_batch gave {gave} for {len(messages)} messages")
    return list(told)


def health_of(answers: Sequence[Answer]) -> bool | None:
    """What one request says of its provider, whatever it carried: it works if it took, or judged, a message."""
    told = [healthy(each) for each in answers if _tells(each)]
    return True if True in told else False if False in told else None


def _tells(answer: Answer) -> bool:
    return not isinstance(answer, NotOpenedError | RefusedTogetherError)


def finish(work: Work, answer: Answer, latency_ms: float) -> Work:
    """Give a work its outcome."""
    now, provider = clock.now(), work.chosen
    if isinstance(answer, NotOpenedError | RefusedTogetherError):
        due_again = Verdict(Status.PENDING, Reason.NONE, str(answer), until=now)
        tried = int(isinstance(answer, RefusedTogetherError))  # one that was tried goes alone
        outcome = of_verdict(work.delivery, due_again, now, fence=work.fence, tried=tried)
        told = {"provider": provider.alias, "attempt": work.delivery.attempts, "latency_ms": round(latency_ms, 1)}
        work.outcome = replace(outcome, data=told | {"error": str(answer)}) if tried else outcome
        return work
    answer = _sensible(work, answer)
    if work.message is None:
        work.outcome = reconcile.decide(work.delivery, provider, answer, now, fence=work.fence)
        return work
    takers = failover.takers(get_channel(work.delivery.channel), work.message)
    work.outcome = of_result(
        work.delivery,
        answer or UnknownOutcome(f"{type(provider).__name__} gave no Receipt"),
        now,
        fence=work.fence,
        provider=provider.alias,
        reconcile=timedelta(seconds=provider.reconcile_seconds),
        latency_ms=latency_ms,
        providers=persist(partial(failover.choices, takers, provider.alias)),
    )
    return work


def _sensible(work: Work, answer: Answer) -> Answer:
    """The answer, or `UnknownOutcome` where it makes no sense: nobody knows then what became of the message."""
    name = type(work.chosen).__name__
    if answer is None or isinstance(answer, BaseException):
        return answer
    if not isinstance(answer, Receipt):
        return UnknownOutcome(f"{name} gave {answer!r}, not a Receipt")
    if answer.delivery_id != work.delivery.pk:
        return UnknownOutcome(f"{name} gave the Receipt of another message")
    if answer.state not in STATUS_OF:
        return UnknownOutcome(f"{name} gave a Receipt of state {answer.state!r}. Known: {', '.join(STATUS_OF)}.")
    return answer
