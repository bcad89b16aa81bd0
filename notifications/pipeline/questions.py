"""The codes of messages that may be answered by a word: each tells apart what is open for an address."""

from __future__ import annotations

import logging
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from notifications.channels.registry import get_channel
from notifications.exceptions import UnknownChannelError
from notifications.models import Question, bulk
from notifications.pipeline.gate import Candidate
from notifications.types import ANSWERABLE

logger = logging.getLogger(__name__)

TRIES = 10
SPARE = 0.5
"""codes get a digit more when this part of them is taken"""

Address = tuple[str, str]
"""channel and address"""


def ask(candidates: Iterable[Candidate], now: datetime) -> None:
    """Set the `reply_code` of those that may be answered, and store their questions: none is asked twice.

    A fixed number of queries, and none where nothing may be answered.
    """
    asking = [each for each in candidates if each.instance.answers and _takes_answers(each.delivery.channel)]
    for _ in range(TRIES):
        asking = _ask(asking, now)
        if not asking:
            return
    # Other workers were faster with the same codes each time. The message matters more than that it can be answered.
    logger.error("%d messages go without a code for their answer", len(asking))


def _ask(asking: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Returns those that still have no code."""
    if not asking:
        return []
    asked = _asked(asking)
    left = []
    for each in asking:
        key = (each.delivery.notification_id, each.delivery.address)
        if key in asked:
            each.reply_code = asked[key]
        else:
            left.append(each)
    if left:
        taken = _taken(left, now)
        bulk.insert_new([_question(each, taken[_address(each)], now) for each in left])
    return left


def _asked(asking: Sequence[Candidate]) -> dict[tuple[object, str], str]:
    """(notification, address) → the code of the question that stands: of a try before this one, for instance."""
    found = Question.objects.filter(notification_id__in=[each.delivery.notification_id for each in asking])
    return {(pk, address): code for pk, address, code in found.values_list("notification_id", "address", "code")}


def _taken(asking: Sequence[Candidate], now: datetime) -> dict[Address, set[str]]:
    """The codes that are in use; those whose time is over are freed."""
    unanswered = Question.objects.filter(
        channel__in={each.delivery.channel for each in asking},
        address__in={each.delivery.address for each in asking},
        closed_at__isnull=True,
    )
    taken: dict[Address, set[str]] = defaultdict(set)
    over = []
    for row in unanswered:
        if row.expires_at <= now:
            over.append(row.pk)
        else:
            taken[row.channel, row.address].add(row.code)
    if over:
        Question.objects.filter(pk__in=over, closed_at__isnull=True).update(closed_at=now)
    return taken


def _question(candidate: Candidate, taken: set[str], now: datetime) -> Question:
    delivery = candidate.delivery
    code = free_code(taken)
    taken.add(code)
    return Question(
        notification_id=delivery.notification_id,
        channel=delivery.channel,
        address=delivery.address,
        code=code,
        asked_at=now,
        expires_at=_expires_at(candidate, now),
    )


def free_code(taken: set[str]) -> str:
    """A code of two digits that is not taken; of three or four where many are."""
    for digits in (2, 3, 4):
        low, high = 10 ** (digits - 1), 10**digits
        free = [str(each) for each in range(low, high) if str(each) not in taken]
        if len(free) > (high - low) * SPARE:
            return secrets.choice(free)
    return secrets.choice(free or ["9999"])


def _expires_at(candidate: Candidate, now: datetime) -> datetime:
    try:
        return candidate.instance.answers_until(now)
    except Exception:
        logger.exception("%s.answers_until() failed; an answer counts for %s", candidate.instance.key, ANSWERABLE)
        return now + ANSWERABLE


def _address(candidate: Candidate) -> Address:
    return candidate.delivery.channel, candidate.delivery.address


def _takes_answers(name: str) -> bool:
    try:
        return get_channel(name).takes_answers
    except UnknownChannelError:
        return False
