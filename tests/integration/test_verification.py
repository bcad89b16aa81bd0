"""One-time codes: sent to exactly one address, stored nowhere, throttled, expiring (U4; FAULTS: brute force)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers

from notifications.exceptions import ContactPointError, RecipientError
from notifications.models import ContactPoint, Delivery, Notification, OneTimeCode, Reason, SandboxMessage, Status
from notifications.services import contact_points, devices, notify
from notifications.services.one_time_code import DIGITS, VALID_FOR, VerificationCode, digits_of
from notifications.services.verification import (
    MAX_ATTEMPTS,
    PER_ADDRESS_AN_HOUR,
    PER_CONTACT_POINT_AN_HOUR,
    PER_PERSON_A_DAY,
    Answer,
    request_code,
    verify,
)
from notifications.testing import deliver_all, frozen_clock, outbox
from notifications.testing.clock import FrozenClock
from tests.app.notifications import Note
from tests.integration.test_contact_points import FIRST, SECOND, token

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> Iterator[FrozenClock]:
    with frozen_clock() as clock:
        yield clock


@pytest.fixture
def asha(make_person: Callable[..., Any]) -> Any:
    return make_person(device="", phone="")


@pytest.fixture
def point(asha: Any, now: FrozenClock) -> ContactPoint:
    return contact_points.register_phone(asha, FIRST)


def sent(to: str = FIRST) -> str:
    """The code in the last text message."""
    deliver_all()
    found = re.match(rf"(\d{{{DIGITS}}}) is your code for localhost\.", outbox("sms", to=to)[-1].content["text"])
    assert found
    return found[1]


def wrong(code: OneTimeCode) -> str:
    return f"{(int(digits_of(code)) + 1) % 10**DIGITS:0{DIGITS}}"


def test_the_right_code_verifies_and_makes_the_first_one_primary(point: ContactPoint, now: FrozenClock) -> None:
    request_code(point)
    assert verify(point, sent()) == Answer.VERIFIED
    point.refresh_from_db()
    assert (point.verified_at, point.is_primary) == (now.now, True)
    second = contact_points.register_phone(point.user, SECOND)
    request_code(second)
    assert verify(second, sent(SECOND)) == Answer.VERIFIED
    second.refresh_from_db()
    assert second.is_primary is False


def test_the_code_goes_to_that_address_and_to_no_other(point: ContactPoint) -> None:
    other = contact_points.register_phone(point.user, SECOND)
    ContactPoint.objects.filter(pk=other.pk).update(self_entered=False, is_primary=True)
    request_code(point)
    deliver_all()
    assert [each.to for each in SandboxMessage.objects.all()] == [FIRST]


def test_an_email_address_gets_its_code_by_email(asha: Any) -> None:
    point = contact_points.register_email(asha, "new@example.org")
    code = request_code(point)
    deliver_all()
    (email,) = outbox("email")
    assert (email.to, email.content["subject"]) == ("new@example.org", f"{digits_of(code)} is your code")
    assert digits_of(code) in email.content["text"]
    assert verify(point, digits_of(code)) == Answer.VERIFIED


@pytest.mark.parametrize("language", ["en", "es", "hi", "ar"])
def test_phones_can_fill_the_code_in_for_this_site_alone(point: ContactPoint, language: str) -> None:
    type(point.user).objects.update(language=language)
    code = request_code(ContactPoint.objects.get())
    deliver_all()
    text = outbox("sms")[0].content["text"]
    assert text.splitlines()[-1] == f"@localhost #{digits_of(code)}"
    assert digits_of(code) in text.splitlines()[0]


def test_the_code_counts_once(point: ContactPoint) -> None:
    code = request_code(point)
    assert verify(point, digits_of(code)) == Answer.VERIFIED
    assert verify(point, digits_of(code)) == Answer.NONE


@pytest.mark.parametrize("written", ["{0}", " {0} ", "{1} {2}", "{1}-{2}"])
def test_a_code_may_be_written_as_people_do(point: ContactPoint, written: str) -> None:
    code = digits_of(request_code(point))
    assert verify(point, written.format(code, code[:3], code[3:])) == Answer.VERIFIED


@pytest.mark.parametrize("zero", ["٠", "०", "０"])
def test_a_code_may_be_written_in_the_digits_of_any_script(point: ContactPoint, zero: str) -> None:
    code = digits_of(request_code(point))
    assert verify(point, "".join(chr(ord(zero) + int(each)) for each in code)) == Answer.VERIFIED


@pytest.mark.parametrize("entered", ["", "abcdef", "½½½½½½", "0" * 100_000, "\x00\ud800", "-1", "1e5"])
def test_what_is_no_code_is_wrong(point: ContactPoint, entered: str) -> None:
    request_code(point)
    assert verify(point, entered) == Answer.WRONG


def test_after_five_wrong_ones_the_right_one_counts_no_more(point: ContactPoint) -> None:
    code = request_code(point)
    answers = [verify(point, wrong(code)) for _ in range(MAX_ATTEMPTS)]
    assert answers == [Answer.WRONG] * (MAX_ATTEMPTS - 1) + [Answer.USED_UP]
    assert verify(point, digits_of(code)) == Answer.USED_UP
    code.refresh_from_db()
    assert code.attempts == MAX_ATTEMPTS
    point.refresh_from_db()
    assert point.is_unverified


def test_after_ten_minutes_the_code_counts_no_more_and_is_not_sent(point: ContactPoint, now: FrozenClock) -> None:
    code = request_code(point)
    now.advance(VALID_FOR)
    assert verify(point, digits_of(code)) == Answer.NONE
    deliver_all()
    assert Delivery.objects.get().status == Status.EXPIRED
    assert outbox() == []


def test_a_new_code_makes_the_one_before_void(point: ContactPoint, now: FrozenClock) -> None:
    first = request_code(point)
    now.advance("1 second")
    second = request_code(point)
    assert verify(point, digits_of(first)) == Answer.WRONG
    deliver_all()
    assert [each.content["text"][:DIGITS] for each in outbox("sms")] == [digits_of(second)]
    assert verify(point, digits_of(second)) == Answer.VERIFIED


def test_without_a_code_nothing_is_right(point: ContactPoint) -> None:
    assert verify(point, "000000") == Answer.NONE


def test_the_code_of_one_address_does_not_verify_another(point: ContactPoint) -> None:
    other = contact_points.register_phone(point.user, SECOND)
    code = digits_of(request_code(point))
    request_code(other)
    assert verify(other, code) == Answer.WRONG


# Kept secret.


def test_no_table_and_no_log_holds_the_code(
    point: ContactPoint, asha: Any, caplog: pytest.LogCaptureFixture, now: FrozenClock
) -> None:
    with caplog.at_level(logging.DEBUG):
        code = digits_of(request_code(point))
        deliver_all()
        verify(point, code)
    SandboxMessage.objects.all().delete()  # what the phone shows
    stored = serializers.serialize("json", [row for model in apps.get_models() for row in model._base_manager.all()])
    assert FIRST in stored
    assert code not in re.sub(r'"(created_at|due_at|[a-z_]+_at)": "[^"]*"', "", stored)
    assert code not in caplog.text


def test_the_payload_names_the_code_and_does_not_hold_it(point: ContactPoint) -> None:
    code = request_code(point)
    assert json.loads(json.dumps(Notification.objects.get().payload)) == {"code_id": code.pk}


def test_codes_differ_by_nonce_address_and_secret(point: ContactPoint) -> None:
    code = request_code(point)
    drawn = {digits_of(code), digits_of(code, "another secret")}
    for number in range(50):
        code.nonce = f"{number:032}"
        drawn.add(digits_of(code))
    assert len(drawn) > 48
    assert all(re.fullmatch(r"\d{6}", each) for each in drawn)


def test_a_new_secret_key_leaves_codes_good_while_the_old_one_is_a_fallback(point: ContactPoint, settings: Any) -> None:
    code = digits_of(request_code(point))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "the next one, which nobody knows either, and as long as it should be"
    assert verify(point, code) == Answer.VERIFIED


# Throttled.


def test_a_fourth_code_within_an_hour_is_refused_and_says_when(point: ContactPoint, now: FrozenClock) -> None:
    for _ in range(PER_CONTACT_POINT_AN_HOUR):
        request_code(point)
        now.advance("10 minutes")
    with pytest.raises(ContactPointError, match="Ask again in 30 minutes") as caught:
        request_code(point)
    assert (caught.value.code, caught.value.retry_after) == ("throttled", timedelta(minutes=30))
    now.advance("30 minutes")
    request_code(point)


def test_removing_the_number_and_entering_it_again_does_not_reset_the_count(point: ContactPoint) -> None:
    for _ in range(PER_CONTACT_POINT_AN_HOUR):
        request_code(point)
    contact_points.remove(point)
    with pytest.raises(ContactPointError, match="Ask again"):
        request_code(contact_points.register_phone(point.user, FIRST))


def test_an_eleventh_code_within_a_day_is_refused_whatever_the_number(asha: Any, now: FrozenClock) -> None:
    for number in range(PER_PERSON_A_DAY):
        point = contact_points.register_phone(asha, f"+44791112345{number}")
        request_code(point)
        contact_points.remove(point)
        now.advance("1 hour")
    with pytest.raises(ContactPointError, match="Ask again in 840 minutes"):
        request_code(contact_points.register_phone(asha, "+447911123499"))


def test_a_number_is_not_bothered_by_many_people_and_none_of_them_learns_of_the_others(
    make_person: Callable[..., Any], now: FrozenClock
) -> None:
    answers = []
    for _ in range(PER_ADDRESS_AN_HOUR + 2):
        own = contact_points.register_phone(make_person(device="", phone=""), FIRST)
        code = request_code(own)
        answers.append((code.expires_at, verify(own, "000000"), own.is_unverified))
        now.advance("1 second")
    assert len({each[1:] for each in answers}) == 1
    deliver_all()
    assert len(outbox("sms", to=FIRST)) == PER_ADDRESS_AN_HOUR
    assert Delivery.objects.filter(reason=Reason.NO_LONGER_VALID).count() == 2


def test_that_another_person_has_the_number_changes_nothing(
    point: ContactPoint, make_person: Callable[..., Any], django_assert_num_queries: Any
) -> None:
    def queries(own: ContactPoint) -> int:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as captured:
            request_code(own)
        return len(captured)

    queries(contact_points.register_phone(make_person(), SECOND))  # what is loaded once
    alone = queries(contact_points.register_phone(make_person(), SECOND))
    request_code(point)
    assert verify(point, sent()) == Answer.VERIFIED
    assert queries(contact_points.register_phone(make_person(), FIRST)) == alone


def test_old_codes_are_forgotten(point: ContactPoint, now: FrozenClock) -> None:
    request_code(point)
    now.advance("25 hours")
    request_code(point)
    assert OneTimeCode.objects.count() == 1


# What needs none.


def test_a_device_a_verified_and_a_switched_off_address_get_no_code(point: ContactPoint) -> None:
    device = devices.register_device(point.user, token("a"))
    with pytest.raises(ContactPointError, match="device needs no code"):
        request_code(device)
    contact_points.switch_off(point)
    with pytest.raises(ContactPointError, match="switched off"):
        request_code(point)
    contact_points.switch_on(point)
    verify(point, digits_of(request_code(point)))
    with pytest.raises(ContactPointError, match="verified already"):
        request_code(point)


def test_switching_off_and_removing_make_the_code_void(point: ContactPoint) -> None:
    code = request_code(point)
    contact_points.switch_off(point)
    assert verify(point, digits_of(code)) == Answer.NONE
    deliver_all()
    assert outbox() == []


# notify(contact_point=…)


def test_a_contact_point_says_whose_it_is(point: ContactPoint) -> None:
    with pytest.raises(RecipientError, match="not both"):
        notify(Note(text="x"), to=point.user, contact_point=point)


def test_a_contact_point_of_another_channel_is_refused(asha: Any) -> None:
    device = devices.register_device(asha, token("a"))
    with pytest.raises(RecipientError, match=r"not sent by push\. Known: email, sms"):
        notify(VerificationCode(code_id=1), contact_point=device)


def test_a_switched_off_contact_point_cannot_be_notified(point: ContactPoint) -> None:
    contact_points.switch_off(point)
    with pytest.raises(RecipientError, match="disabled"):
        notify(Note(text="x"), contact_point=point)
