"""Twilio's webhook (PROVIDERS: webhooks; FAULTS: forged, replayed, duplicated, out of order, unknown, early)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.test import Client, override_settings

from notifications import clock
from notifications.models import Cause, ContactPoint, Event, InboundMessage, Reason, Status, Suppression, WebhookEvent
from notifications.providers.registry import get_provider
from notifications.providers.twilio import TwilioProvider
from notifications.services import apply_waiting, notify
from notifications.testing import deliver_all, frozen_clock
from tests.app.notifications import Note
from tests.integration.webhooks.twilio_posts import (
    BASE_URL,
    PATH,
    inbound,
    message_sid,
    post,
    signature,
    status,
    twilio,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def configured(providers, settings):
    """A public address behind a proxy, and the provider `twilio`."""
    settings.ALLOWED_HOSTS = ["*"]
    given = settings.NOTIFICATIONS
    settings.NOTIFICATIONS = {
        **given,
        "BASE_URL": BASE_URL,
        "PROVIDERS": {**given["PROVIDERS"], "twilio": twilio(), "mute": twilio(auth_token="", api_key_sid="SK")},
    }


@pytest.fixture
def make_sms(person):
    """Make an SMS that Twilio has taken."""

    def make(**values):
        (notification,) = notify(Note(text="a"), to=person)
        delivery = notification.deliveries.get()
        sid = message_sid()
        taken = {"status": Status.SENT, "due_at": None, "settled_at": clock.now(), "started_at": clock.now()}
        type(delivery).objects.filter(pk=delivery.pk).update(
            **{**taken, "provider": "twilio", "provider_id": sid, "attempts": 1, **values}
        )
        delivery.refresh_from_db()
        return delivery

    return make


@pytest.fixture
def sms(make_sms):
    """An SMS that Twilio has taken."""
    return make_sms()


def tell(client, delivery, name, **values):
    """Post a status of a delivery, and apply it. Returns where the delivery stands."""
    answer = post(client, status(name, delivery.provider_id, **values), query=f"?delivery_id={delivery.pk}")
    assert answer.status_code == 200, answer.content
    apply_waiting()
    delivery.refresh_from_db()
    return delivery.status


def kinds(delivery):
    return list(Event.objects.filter(delivery=delivery).order_by("pk").values_list("kind", flat=True))


# Verified.


def test_a_post_signed_over_the_public_address_is_taken_behind_a_proxy_of_another_host_and_scheme(poster, sms):
    assert tell(poster, sms, "delivered") == Status.DELIVERED
    assert kinds(sms) == ["delivered"]


def test_the_answer_is_empty_markup_and_leaves_no_cookie(poster, sms):
    answer = post(poster, status("delivered", sms.provider_id), query=f"?delivery_id={sms.pk}")
    assert (answer.status_code, answer.headers["Content-Type"], answer.cookies) == (200, "text/xml", {})
    assert answer.content == b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


@pytest.mark.parametrize(
    ("query", "signed_for", "token"),
    [
        ("", f"http://10.0.0.7:8000{PATH}", None),
        ("", f"http://clinic.example{PATH}", None),
        ("?delivery_id=00000000-0000-0000-0000-000000000001", f"{BASE_URL}{PATH}", None),
        ("", f"{BASE_URL}{PATH}", "another token"),
        ("", f"{BASE_URL}/notifications/webhooks/other/", None),
    ],
)
def test_a_post_signed_for_another_address_or_with_another_token_is_refused(poster, query, signed_for, token):
    form = inbound("hello")
    signed = signature(signed_for, form, token) if token else signature(signed_for, form)
    answer = post(poster, form, query=query, **{"X-Twilio-Signature": signed})
    assert answer.status_code == 403
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize("signed", ["", "%%%", "é", "A" * 10_000])
def test_a_post_with_no_signature_or_nonsense_is_refused(poster, signed):
    assert post(poster, inbound("hello"), **{"X-Twilio-Signature": signed}).status_code == 403
    assert not InboundMessage.objects.exists()


def test_a_form_that_was_changed_on_its_way_is_refused(poster, sms):
    form = status("delivered", sms.provider_id)
    signed = signature(f"{BASE_URL}{PATH}", form)
    answer = post(poster, {**form, "MessageStatus": "failed"}, **{"X-Twilio-Signature": signed})
    assert answer.status_code == 403
    assert not WebhookEvent.objects.exists()


def test_json_and_its_kind_of_signature_are_refused(poster):
    body = json.dumps({"MessageStatus": "delivered"})
    assert poster.post(PATH, body, content_type="application/json").status_code == 415
    assert post(poster, inbound("hello"), query="?bodySHA256=00").status_code == 403


def test_parameters_that_twilio_adds_without_notice_do_no_harm(poster, sms):
    assert tell(poster, sms, "delivered", RawDlrDoneDate="2601011200", Brand="new", Ünïcode="ß €") == Status.DELIVERED


def test_without_a_token_there_is_no_webhook(poster):
    assert poster.post(PATH.replace("twilio", "mute")).status_code == 404


def test_the_address_that_the_provider_names_is_the_one_that_is_verified(poster, sms, settings):
    with override_settings(NOTIFICATIONS={**settings.NOTIFICATIONS, "BASE_URL": "https://clinic.example.org"}):
        provider = get_provider("twilio")
        assert isinstance(provider, TwilioProvider)
        url = provider.status_callback(sms.pk)
        form = status("delivered", sms.provider_id)
        answer = post(poster, form, query=f"?delivery_id={sms.pk}", **{"X-Twilio-Signature": signature(url, form)})
    assert (url.partition("?")[0], answer.status_code) == (f"https://clinic.example.org{PATH}", 200)


# Applied.


def test_each_status_counts_once_however_often_it_is_posted(poster, sms):
    form = status("delivered", sms.provider_id)
    for _ in range(3):
        assert post(poster, form, query=f"?delivery_id={sms.pk}").status_code == 200
    apply_waiting()
    assert WebhookEvent.objects.count() == 1
    assert kinds(sms) == ["delivered"]


@pytest.mark.parametrize("order", [("delivered", "sent", "queued"), ("sent", "delivered", "sending", "accepted")])
def test_a_status_never_goes_back(poster, sms, order):
    for name in order:
        tell(poster, sms, name)
    assert sms.status == Status.DELIVERED
    assert kinds(sms) == ["delivered"]


def test_a_failure_that_comes_late_does_not_undo_a_delivery(poster, sms):
    tell(poster, sms, "delivered")
    assert tell(poster, sms, "undelivered", ErrorCode="30008") == Status.DELIVERED


def test_what_is_read_was_delivered_and_opened(poster, sms):
    assert tell(poster, sms, "read") == Status.DELIVERED
    assert kinds(sms) == ["delivered", "opened"]


@pytest.mark.parametrize(
    ("code", "ends", "cause"),
    [
        ("30003", Status.FAILED, None),
        ("30007", Status.FAILED, None),
        ("30008", Status.FAILED, None),
        ("99999", Status.FAILED, None),
        ("", Status.FAILED, None),
        ("30005", Status.BOUNCED, Cause.HARD_BOUNCE),
        ("30006", Status.BOUNCED, Cause.HARD_BOUNCE),
        ("21610", Status.FAILED, Cause.STOP),
    ],
)
def test_the_code_says_what_a_failure_means_for_the_number(poster, sms, code, ends, cause):
    details = {"ErrorCode": code, "ErrorMessage": "To +447700900123: no"} if code else {}
    assert tell(poster, sms, "undelivered", **details) == ends
    assert sms.reason == Reason.REPORTED
    assert "+447700900123" not in sms.detail
    found = list(Suppression.objects.values_list("channel", "address", "category", "cause"))
    assert found == ([("sms", sms.address, "", cause)] if cause else [])


def test_price_and_segments_are_written_also_when_they_come_late(poster, sms):
    tell(poster, sms, "delivered", NumSegments="2")
    tell(poster, sms, "delivered", NumSegments="2", Price="-0.0158", PriceUnit="USD", ErrorCode="")
    assert (sms.segments, sms.cost) == (2, None)  # the same event again
    tell(poster, sms, "sent", Price="-0.0158", PriceUnit="USD")
    assert (sms.status, sms.segments, sms.cost) == (Status.DELIVERED, 2, Decimal("0.0158"))
    assert kinds(sms) == ["delivered"]


def test_a_price_in_another_currency_is_left_out(poster, sms):
    tell(poster, sms, "delivered", Price="-1.2", PriceUnit="INR")
    assert sms.cost is None


def test_without_our_id_the_delivery_is_found_by_twilios(poster, sms, make_sms):
    make_sms()
    assert post(poster, status("delivered", sms.provider_id)).status_code == 200
    apply_waiting()
    sms.refresh_from_db()
    assert sms.status == Status.DELIVERED


def test_a_status_that_is_faster_than_our_own_note_waits_for_it(poster, make_sms):
    with frozen_clock() as frozen:
        sms = make_sms(status=Status.PENDING, due_at=clock.now() + timedelta(minutes=1), provider_id="", provider="")
        sid = message_sid()
        post(poster, status("delivered", sid))
        assert apply_waiting() == 0
        type(sms).objects.filter(pk=sms.pk).update(
            status=Status.SENT, due_at=None, provider="twilio", provider_id=sid, settled_at=clock.now()
        )
        frozen.advance("2 seconds")
        assert apply_waiting() == 1
    sms.refresh_from_db()
    assert sms.status == Status.DELIVERED


def test_a_status_of_a_delivery_that_nobody_knows_waits_and_changes_nothing(poster, sms):
    post(poster, status("failed"), query=f"?delivery_id={uuid4()}")
    post(poster, status("failed"), query="?delivery_id=4711")
    assert apply_waiting() == 0
    assert WebhookEvent.objects.filter(due_at__isnull=False).count() == 2
    sms.refresh_from_db()
    assert sms.status == Status.SENT


def test_a_status_that_is_not_known_is_taken_and_says_nothing(poster, sms):
    assert post(poster, status("teleported", sms.provider_id)).status_code == 200
    assert not WebhookEvent.objects.exists()


def test_evidence_settles_a_message_whose_outcome_was_unknown(poster, make_sms):
    unknown = {"status": Status.UNKNOWN, "due_at": clock.now() + timedelta(minutes=2), "provider_id": ""}
    sms = make_sms(**unknown)
    sms.provider_id = message_sid()
    assert tell(poster, sms, "sent") == Status.SENT
    assert sms.provider_id.startswith("SM")


# Inbound, and garbage.


def test_what_a_person_writes_is_stored_once(poster, person):
    form = inbound("Hello, may I come later?", person.phone, NumMedia="2")
    for _ in range(3):
        answer = post(poster, form)
        assert (answer.status_code, b"<Message>" in answer.content) == (200, False)
    (stored,) = InboundMessage.objects.all()
    assert (stored.alias, stored.channel, stored.address, stored.sent_to, stored.text, stored.data) == (
        "twilio",
        "sms",
        person.phone,
        "+15005550006",
        "Hello, may I come later?",
        {"media": 2},
    )


@pytest.mark.parametrize("text", ["", "🙏" * 500, "a\x00b\x07\x1b[31m", "‮evil", "x" * 100_000, "<b>&amp;</b>", "٠١٢"])
def test_odd_texts_are_taken_as_far_as_they_can_be_stored(poster, text):
    assert post(poster, inbound(text)).status_code == 200
    stored = InboundMessage.objects.get().text
    assert stored == text.replace("\x00", "")[:10_000]


@pytest.mark.parametrize(
    "form",
    [
        {"Other": "a"},
        {"Body": "a"},
        {**inbound("a"), "MessageSid": "4711"},
        {**inbound("a"), "MessageSid": "SM'; DROP TABLE"},
        {**inbound("a"), "From": ""},
        {**inbound("a"), "From": "whatsapp:+447700900123"},
        {**inbound("a"), "From": "+4477" * 30},
        {**status("delivered"), "MessageSid": ""},
        {"MessageStatus": "received", "MessageSid": message_sid()},
        {f"Field{number}": "" for number in range(2000)},
    ],
)
def test_a_signed_form_that_is_not_what_it_claims_is_refused_and_nothing_of_it_stored(poster, form):
    assert post(poster, form).status_code == 400
    assert not InboundMessage.objects.exists()
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"%ED%A0%80=%ZZ", b"=" * 5000, b"&" * 5000, b"{}", b"a" * 5_000_000])
def test_garbage_gets_a_clear_refusal(poster, body):
    answer = poster.post(PATH, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 403, 413)
    assert answer.content


def test_a_real_http_client_with_its_own_cookies_needs_no_token(sms):
    assert tell(Client(enforce_csrf_checks=True), sms, "delivered") == Status.DELIVERED


def test_an_address_that_has_opted_out_at_twilio_is_suppressed_and_stays_a_contact_point(poster, person, sms):
    ContactPoint.objects.create(user=person, channel="sms", address=sms.address)
    tell(poster, sms, "failed", ErrorCode="21610")
    assert ContactPoint.objects.get(channel="sms").disabled_at is None
    (again,) = notify(Note(text="b"), to=person)
    deliver_all()
    assert again.deliveries.get().reason == Reason.SUPPRESSED
