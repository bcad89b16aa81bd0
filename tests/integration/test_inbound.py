"""What people write to us (P7): STOP, START and HELP by law and carrier rule, and free text for staff."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from notifications import clock
from notifications.exceptions import OptedOutError
from notifications.models import (
    Cause,
    Consent,
    ContactPoint,
    Delivery,
    Event,
    InboundMessage,
    Meaning,
    Means,
    Notification,
    Reason,
    Status,
    Suppression,
)
from notifications.preferences.suppression import suppress
from notifications.providers.sandbox import SandboxProvider
from notifications.services import apply_inbound, notify, unsubscribe
from notifications.services.forwarding import PER_ADDRESS_AN_HOUR, SmsReceived
from notifications.services.replies import PER_ADDRESS_AN_HOUR as PER_ADDRESS
from notifications.testing import assert_notified, deliver_all, frozen_clock, outbox, registered
from notifications.types import NotificationType, Priority
from tests.app.notifications import Everywhere, Note, WithFallback
from tests.integration.webhooks.twilio_posts import BASE_URL, inbound, message_sid, post, twilio

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def configured(settings):
    """Text messages go by the sandbox; Twilio tells what people write."""
    configure(settings)


def configure(settings, **options) -> None:
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "BASE_URL": BASE_URL,
        "PROVIDERS": {**given["PROVIDERS"], "twilio": twilio(**options)},
    }


@pytest.fixture
def write(client, settings):
    """Have a person write a text; gives the answer's texts."""
    settings.ALLOWED_HOSTS = ["*"]

    def send(text: str, number: str, **values: str) -> str:
        answer = post(client, inbound(text, number, **values))
        assert answer.status_code == 200, answer.content
        return str(answer.content.decode().partition("<Response>")[2].removesuffix("</Response>"))

    return send


def stops(number: str) -> list[str]:
    return list(Suppression.objects.active().filter(address=number, channel="sms").values_list("cause", flat=True))


# STOP.


@pytest.mark.parametrize(
    "text",
    ["STOP", "stop", " Stop. ", "STOP!", "StopAll", "stop all", "UNSUBSCRIBE", "Cancel", "END", "quit", "Revoke",
     "OPT-OUT", "optout", "\nSTOP\n", "“Stop”", "ＳＴＯＰ", "stop 🙏"],
)  # fmt: skip
def test_a_stop_word_alone_in_a_message_ends_all_messages_to_the_number(write, person, text):
    write(text, person.phone)
    assert stops(person.phone) == [Cause.STOP]
    consent = Consent.objects.get()
    assert (consent.user, consent.channel, consent.address, consent.category) == (person, "sms", person.phone, "")
    assert (consent.given, consent.means, consent.wording) == (False, Means.KEYWORD, text)


@pytest.mark.parametrize("text", ["please stop", "Stop calling my mother", "don't cancel", "ending", "STOPP", "", "🙏"])
def test_a_stop_word_among_others_is_free_text(write, person, text):
    write(text, person.phone)
    assert stops(person.phone) == []
    apply_inbound()
    assert InboundMessage.objects.get().meaning == Meaning.TEXT


def test_a_stop_holds_before_any_worker_has_looked(write, person):
    write("STOP", person.phone)
    (notification,) = notify(Note(text="a"), to=person)
    delivery = notification.deliveries.get()
    deliver_all()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.reason) == (Status.SKIPPED, Reason.SUPPRESSED)
    assert outbox("sms") == []


def test_all_that_waits_for_the_number_is_skipped_and_fallbacks_on_other_channels_go_ahead(write, person, make_person):
    later = clock.now() + timedelta(days=3)
    (waits,) = notify(Everywhere(text="a"), to=person, at=later)
    (falls_back,) = notify(WithFallback(text="a"), to=person, at=later)
    (other,) = notify(Note(text="a"), to=make_person(), at=later)
    write("STOP", person.phone)
    assert apply_inbound() == 1
    found = {each.channel: each for each in waits.deliveries.all()}
    assert (found["sms"].status, found["sms"].reason, found["sms"].due_at) == ("skipped", Reason.SUPPRESSED, None)
    assert {found[each].status for each in ("email", "push")} == {Status.PENDING}
    assert Event.objects.get(delivery=found["sms"]).kind == "skipped"
    assert falls_back.deliveries.get(channel="email").status == Status.PENDING
    assert other.deliveries.get().status == Status.PENDING


@pytest.mark.parametrize("priority", [Priority.CRITICAL, Priority.NORMAL])
def test_a_stop_wins_over_what_is_mandatory_and_critical(write, person, priority):
    class Lawful(NotificationType):
        key = "tests.lawful"
        channels = ("sms",)
        mandatory = True

    Lawful.priority = priority
    with registered(Lawful, {"sms.txt": "It is the law."}):
        (before,) = notify(Lawful(), to=person)
        write("STOP", person.phone)
        (after,) = notify(Lawful(), to=person)
        deliver_all()
    assert outbox("sms") == []
    assert {each.deliveries.get().status for each in (before, after)} == {Status.SKIPPED}


def test_a_stop_holds_though_its_owner_had_unsubscribed_or_the_number_had_bounced(write, person):
    (notification,) = notify(Note(text="a"), to=person)
    unsubscribe(notification.deliveries.get(), everything=True)
    suppress("sms", person.phone, Cause.HARD_BOUNCE)
    write("STOP", person.phone)
    assert set(stops(person.phone)) == {Cause.UNSUBSCRIBED, Cause.HARD_BOUNCE, Cause.STOP}
    write("START", person.phone)
    assert set(stops(person.phone)) == {Cause.UNSUBSCRIBED, Cause.HARD_BOUNCE}


def test_a_number_with_a_contact_point_is_its_persons(write, person, make_person):
    other = make_person()
    ContactPoint.objects.create(user=other, channel="sms", address="+447700900999")
    write("STOP", "+447700900999")
    apply_inbound()
    assert InboundMessage.objects.get().user == other
    assert Consent.objects.get().user == other


def test_a_stop_of_a_number_that_nobody_has_counts_too(write):
    write("STOP", "+447700900999")
    apply_inbound()
    assert stops("+447700900999") == [Cause.STOP]
    assert Consent.objects.get().user is None


def test_an_opt_out_that_the_provider_has_understood_wins(write, person):
    write("Arrêt", person.phone, OptOutType="STOP")
    assert stops(person.phone) == [Cause.STOP]
    write("Bonjour", person.phone, OptOutType="START")
    assert stops(person.phone) == []
    write("Aide", person.phone, OptOutType="HELP")
    assert [each.meaning for each in InboundMessage.objects.order_by("pk")] == ["stop", "start", "help"]


# START, YES, HELP.


@pytest.mark.parametrize("text", ["START", "start", "Unstop.", "yes", "YES!"])
def test_start_takes_the_stop_back_and_nothing_else(write, person, text):
    write("STOP", person.phone)
    suppress("sms", person.phone, Cause.HARD_BOUNCE)
    suppress("sms", person.phone, Cause.STOP, category="visits")
    write(text, person.phone)
    assert stops(person.phone) == [Cause.HARD_BOUNCE]
    lifted = Suppression.objects.filter(cause=Cause.STOP, category="").get()
    assert (lifted.lifted_by, lifted.lifted_reason) == ("the recipient", f"Answered {text}")
    assert list(Consent.objects.order_by("pk").values_list("given", flat=True)) == [False, True]


def test_messages_go_again_after_start(write, person):
    write("STOP", person.phone)
    write("START", person.phone)
    notify(Note(text="a"), to=person)
    deliver_all()
    assert len(outbox("sms", to=person.phone)) == 1


def test_yes_of_a_number_that_was_not_stopped_is_an_ordinary_word(write, person):
    write("Yes", person.phone)
    apply_inbound()
    assert InboundMessage.objects.get().meaning == Meaning.TEXT
    assert not Consent.objects.exists()


# The confirmation.


def test_twilio_confirms_by_itself(write, person):
    assert [write(each, person.phone) for each in ("STOP", "START", "HELP")] == ["", "", ""]


def test_where_twilio_does_not_we_confirm_each_once(write, person, settings):
    configure(settings, answers_keywords=False)
    sid = message_sid()
    (stopped,) = {write("STOP", person.phone, MessageSid=sid)}
    assert stopped == (
        "<Message>clinic.example: you will get no more text messages from us. Reply START to have them again.</Message>"
    )
    assert write("STOP", person.phone, MessageSid=sid) == ""  # the same post again
    assert write("STOP", person.phone) == ""  # nothing was sent any more
    assert "HELP for help" in write("START", person.phone)
    assert "Reply STOP to end them" in write("HELP", person.phone)
    assert InboundMessage.objects.earliest("pk").data["answered"] in stopped
    deliver_all()
    assert outbox() == []


def test_the_site_may_word_its_own_confirmation(write, person, settings):
    configure(settings, answers_keywords=False, stop_text="Done & dusted <at {site}>")
    assert write("STOP", person.phone) == "<Message>Done &amp; dusted &lt;at clinic.example&gt;</Message>"


def test_whoever_asks_for_help_on_and_on_is_answered_in_part_and_a_stop_counts_all_the_same(write, person, settings):
    configure(settings, answers_keywords=False)
    answers = [write("HELP", person.phone) for _ in range(PER_ADDRESS + 5)]
    assert sum(bool(each) for each in answers) == PER_ADDRESS
    assert write("STOP", person.phone) == ""
    assert stops(person.phone) == [Cause.STOP]


# The provider knows of a STOP that we never heard.


def test_a_send_that_is_refused_because_its_owner_opted_out_stops_the_number(person, monkeypatch, write):
    point = ContactPoint.objects.create(user=person, channel="sms", address=person.phone)

    def refuse(*args):
        raise OptedOutError("Twilio: 21610 unsubscribed recipient", code="21610")

    with monkeypatch.context() as patched:
        patched.setattr(SandboxProvider, "send", refuse)
        (notification,) = notify(Note(text="a"), to=person)
        deliver_all()
    delivery = notification.deliveries.get()
    assert (delivery.status, delivery.reason) == (Status.FAILED, Reason.SUPPRESSED)
    assert stops(person.phone) == [Cause.STOP]
    point.refresh_from_db()
    assert point.disabled_at is None
    write("START", person.phone)
    notify(Note(text="b"), to=person)
    deliver_all()
    assert len(outbox("sms", to=person.phone)) == 1


# Free text.


@pytest.fixture
def desk(settings, make_person):
    """A member of the group that is told."""
    group, _ = Group.objects.get_or_create(name="desk")
    member = make_person(username="desk-member")
    member.groups.add(group)
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "INBOX_STAFF": "desk"}
    return member


def test_free_text_is_told_to_staff_with_the_number_and_the_person(write, person, desk):
    person.first_name, person.last_name = "Asha", "<b>Menon</b>"
    person.save()
    write("May I come <script>alert(1)</script> later?", person.phone)
    deliver_all()
    (told,) = assert_notified(SmsReceived, to=desk, times=1)
    stored = InboundMessage.objects.get()
    assert (stored.meaning, stored.user) == (Meaning.TEXT, person)
    assert told.title == "Text message from Asha <b>Menon</b>"
    assert told.body == f"{person.phone}: May I come <script>alert(1)</script> later?"
    assert told.link == f"{BASE_URL}{reverse('admin:notify_inboundmessage_change', args=[stored.pk])}"
    (email,) = outbox("email", to=desk.email)
    assert "&lt;script&gt;" in email.content["html"] and "<script>" not in email.content["html"]
    assert "Asha &lt;b&gt;Menon&lt;/b&gt;" in email.content["html"]
    assert "May I come" not in str(told.payload)


def test_a_stranger_is_told_by_the_number(write, desk):
    write("Who are you?", "+447700900999")
    deliver_all()
    (told,) = assert_notified(SmsReceived, to=desk, times=1)
    assert told.title == "Text message from +447700900999"


def test_a_flood_from_a_number_is_kept_and_told_in_part(write, person, desk, make_person):
    other = make_person()
    with frozen_clock() as frozen:
        for number in range(PER_ADDRESS_AN_HOUR + 15):
            write(f"message {number}", person.phone)
            apply_inbound()
        write("I too", other.phone)
        apply_inbound()
        assert Notification.objects.filter(type=SmsReceived.key).count() == PER_ADDRESS_AN_HOUR + 1
        frozen.advance("61 minutes")
        write("an hour later", person.phone)
        apply_inbound()
    assert Notification.objects.filter(type=SmsReceived.key).count() == PER_ADDRESS_AN_HOUR + 2
    assert InboundMessage.objects.filter(meaning=Meaning.TEXT).count() == PER_ADDRESS_AN_HOUR + 17


def test_without_a_group_superusers_are_told_and_without_them_nobody_is(write, person, make_person, caplog):
    write("hello", person.phone)
    assert apply_inbound() == 1
    assert not Notification.objects.exists()
    admin = make_person(is_superuser=True, is_staff=True)
    write("hello again", person.phone)
    apply_inbound()
    assert_notified(SmsReceived, to=admin, times=1)


def test_a_message_that_cannot_be_dealt_with_waits_and_holds_up_no_other(write, person, desk, monkeypatch, caplog):
    from notifications.services import forwarding

    with frozen_clock() as frozen:
        write("poison", person.phone)
        frozen.advance("1 second")
        write("hello", person.phone)
        real = forwarding.forward

        def forward(message, now):
            if message.text == "poison":
                raise ZeroDivisionError
            real(message, now)

        with monkeypatch.context() as patched:
            patched.setattr(forwarding, "forward", forward)
            assert apply_inbound() == 1
            assert apply_inbound() == 0
        poison = InboundMessage.objects.get(text="poison")
        assert (poison.applied_at, poison.meaning) == (None, "")
        assert poison.due_at == clock.now() + timedelta(seconds=5)
        frozen.advance("5 seconds")
        assert apply_inbound() == 1
    assert f"Message {poison.pk} could not be dealt with" in caplog.text


def test_a_worker_on_its_round_deals_with_messages(write, person, desk, settings):
    from notifications import tasks

    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "LINGER_SECONDS": 0.1, "DRAIN_SECONDS": 5}
    write("STOP", person.phone)
    write("hello", person.phone)
    tasks.drain("default")
    assert InboundMessage.objects.filter(due_at=None, applied_at__isnull=False).count() == 2
    assert Delivery.objects.filter(notification__type=SmsReceived.key, channel="in_app").exists()


def test_a_message_to_a_number_that_was_another_persons_before_is_refused_when_its_time_comes(
    write, person, make_person
):
    (waits,) = notify(Note(text="a"), to=person)
    number, person.phone = person.phone, "+447700900998"
    person.save()
    make_person(phone=number)
    write("STOP", number)
    apply_inbound()
    assert waits.deliveries.get().status == Status.PENDING
    deliver_all()
    assert (waits.deliveries.get().status, outbox("sms", to=number)) == (Status.SKIPPED, [])
