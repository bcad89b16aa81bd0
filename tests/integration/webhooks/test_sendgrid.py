"""SendGrid's event webhook (PROVIDERS: webhooks; FAULTS: forged, replayed, duplicated, out of order)."""

from __future__ import annotations

import base64
import itertools
import json
from uuid import uuid4

import pytest
from django.test import override_settings

from notifications.exceptions import ConfigurationError
from notifications.models import Cause, Event, Reason, Status, Suppression, WebhookEvent
from tests.integration.webhooks.conftest import configured
from tests.integration.webhooks.sendgrid_posts import SECRETS, URL, Signer, event

pytestmark = pytest.mark.django_db


def kinds(delivery) -> list[str]:
    """The events told of a delivery after our own."""
    return list(Event.objects.filter(delivery=delivery).exclude(data__has_key="attempt").values_list("kind", flat=True))


def test_a_signed_post_is_stored_and_then_applied(poster, sendgrid, email, outcome):
    response = sendgrid.post(poster, [event("delivered", email)])
    assert (response.status_code, response.content, response.cookies) == (200, b"", {})
    email.refresh_from_db()
    assert email.status == Status.SENT
    assert outcome(email) == Status.DELIVERED
    assert (email.provider_id, email.detail) == ("14c5d75ce93.dfd.64b469", "250 OK")
    assert kinds(email) == ["delivered"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Twilio-Email-Event-Webhook-Signature": None},
        {"X-Twilio-Email-Event-Webhook-Timestamp": None},
        {"X-Twilio-Email-Event-Webhook-Signature": "%%% no base64 %%%"},
        {"X-Twilio-Email-Event-Webhook-Signature": "YWJj"},
        {"X-Twilio-Email-Event-Webhook-Signature": "é"},
        {"X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(b"\x30\x06\x02\x01\x00\x02\x01\x00").decode()},
        {"X-Twilio-Email-Event-Webhook-Timestamp": "soon"},
        {"X-Twilio-Email-Event-Webhook-Timestamp": "-1"},
        {"X-Twilio-Email-Event-Webhook-Timestamp": "9" * 400},
        {"X-Twilio-Email-Event-Webhook-Timestamp": "١٧٠٠٠٠٠٠٠٠"},
    ],
)
def test_a_forged_post_is_refused_and_nothing_of_it_stored(poster, sendgrid, email, headers):
    body = json.dumps([event("bounce", email)]).encode()
    given = {**sendgrid.headers(body), **headers} if headers else {}
    given = {name: value for name, value in given.items() if value is not None}
    assert poster.post(URL, body, content_type="application/json", headers=given).status_code == 403
    assert not WebhookEvent.objects.exists()


def test_a_post_signed_with_another_key_is_refused(poster, email):
    assert Signer().post(poster, [event("bounce", email)]).status_code == 403


def test_a_changed_body_is_refused(poster, sendgrid, email):
    body = json.dumps([event("delivered", email)]).encode()
    changed = body.replace(b"delivered", b"bounce")
    response = poster.post(URL, changed, content_type="application/json", headers=sendgrid.headers(body))
    assert (response.status_code, WebhookEvent.objects.count()) == (403, 0)


@pytest.mark.parametrize(("age", "status"), [(590, 200), (611, 403), (-590, 200), (-611, 403)])
def test_a_post_that_was_signed_long_ago_or_is_yet_to_be_signed_is_refused(poster, sendgrid, email, age, status):
    assert sendgrid.post(poster, [event("delivered", email)], age_seconds=age).status_code == status


@pytest.mark.parametrize(
    ("told", "status", "kinds_told", "cause", "category"),
    [
        (event("processed"), "sent", [], None, ""),
        (event("deferred"), "sent", ["deferred"], None, ""),
        (event("delivered"), "delivered", ["delivered"], None, ""),
        (event("bounce"), "bounced", ["bounced"], Cause.HARD_BOUNCE, ""),
        (event("bounce", type="blocked"), "failed", ["soft_bounced"], None, ""),
        (event("bounce", type="expired"), "failed", ["soft_bounced"], None, ""),
        (event("bounce", type=None, reason=None, status=None), "bounced", ["bounced"], Cause.HARD_BOUNCE, ""),
        (event("dropped"), "failed", ["failed"], Cause.HARD_BOUNCE, ""),
        (event("dropped", reason="Invalid"), "failed", ["failed"], Cause.HARD_BOUNCE, ""),
        (event("dropped", reason="Spam Reporting Address"), "failed", ["failed"], Cause.COMPLAINT, ""),
        (event("dropped", reason="Unsubscribed Address"), "failed", ["failed"], Cause.UNSUBSCRIBED, ""),
        (event("dropped", reason="Spam Content"), "failed", ["failed"], None, ""),
        (event("open"), "delivered", ["delivered", "opened"], None, ""),
        (event("click"), "delivered", ["delivered", "clicked"], None, ""),
        (event("spamreport"), "delivered", ["delivered", "complained"], Cause.COMPLAINT, ""),
        (event("unsubscribe"), "delivered", ["delivered", "unsubscribed"], Cause.UNSUBSCRIBED, ""),
        (event("group_unsubscribe"), "delivered", ["delivered", "unsubscribed"], Cause.UNSUBSCRIBED, "visits"),
        (event("group_resubscribe"), "sent", [], None, ""),
        (event("something_new"), "sent", [], None, ""),
    ],
    ids=lambda value: value.get("event") if isinstance(value, dict) else None,
)
def test_each_event_has_its_meaning(poster, sendgrid, email, outcome, told, status, kinds_told, cause, category):
    told = {**told, "sg_event_id": uuid4().hex, "delivery_id": str(email.pk)}
    assert sendgrid.post(poster, [told]).status_code == 200
    assert outcome(email) == status
    assert kinds(email) == kinds_told
    found = Suppression.objects.first()
    assert (found and found.cause, found.category if found else "") == (cause, category)
    assert found is None or found.address == email.address.lower()


def test_an_event_that_comes_again_counts_once(poster, sendgrid, email, outcome):
    opened, bounced = event("open", email), event("bounce", email)
    assert [sendgrid.post(poster, [opened, bounced, opened]).status_code for _ in range(3)] == [200] * 3
    assert WebhookEvent.objects.count() == 2
    assert outcome(email) == Status.BOUNCED
    assert sorted(kinds(email)) == ["bounced", "delivered", "opened"]
    sendgrid.post(poster, [opened, bounced])
    assert outcome(email) == Status.BOUNCED
    assert len(kinds(email)) == 3


ORDERS = [*itertools.permutations(["processed", "delivered", "bounce", "open"])]


@pytest.mark.parametrize("together", [True, False])
def test_in_any_order_the_end_is_the_furthest_state(poster, sendgrid, make_email, outcome, together):
    emails = {order: make_email() for order in ORDERS}
    for order, email in emails.items():
        told = [event(name, email, timestamp=1_700_000_000 + place) for place, name in enumerate(order)]
        for posted in [told] if together else [[each] for each in told]:
            assert sendgrid.post(poster, posted).status_code == 200
            if not together:
                outcome(email)
    assert {outcome(email) for email in emails.values()} == {Status.BOUNCED}
    for email in emails.values():
        assert kinds(email).count("bounced") == kinds(email).count("opened") == 1
        assert kinds(email).count("delivered") <= 1


def test_a_soft_bounce_gives_way_to_what_arrived_and_never_undoes_it(poster, sendgrid, make_email, outcome):
    first, second = make_email(), make_email()
    for name in ("bounce", "delivered"):
        sendgrid.post(poster, [event(name, first, **({"type": "blocked"} if name == "bounce" else {}))])
        outcome(first)
    assert outcome(first) == Status.DELIVERED
    sendgrid.post(poster, [event("delivered", second)])
    outcome(second)
    sendgrid.post(poster, [event("bounce", second, type="blocked")])
    assert outcome(second) == Status.DELIVERED
    assert not Suppression.objects.exists()


def test_nothing_personal_is_kept_of_what_was_posted(poster, sendgrid, email):
    sendgrid.post(poster, [event(name, email) for name in ("bounce", "click", "open", "delivered", "unsubscribe")])
    kept = json.dumps(list(WebhookEvent.objects.values()), default=str)
    assert WebhookEvent.objects.count() == 5
    assert [secret for secret in SECRETS if secret in kept] == []
    assert "550 5.1.1 <…@…>: no such user" in [each.data.get("detail") for each in WebhookEvent.objects.all()]


def test_odd_values_are_stored_as_far_as_they_make_sense(poster, sendgrid, email, outcome):
    told = event("bounce", email, reason="a\x00b\ud800c" + "d" * 3000, timestamp=10**30, sg_event_id="é" * 500)
    assert sendgrid.post(poster, [told, {**told}]).status_code == 200
    (stored,) = WebhookEvent.objects.all()
    assert stored.data["detail"].startswith("abcddd")
    assert len(stored.data["detail"]) <= 1000
    assert stored.at == stored.received_at
    assert len(stored.event_id) == 64
    assert outcome(email) == Status.BOUNCED


def test_an_event_without_an_id_is_told_apart_by_what_it_says(poster, sendgrid, email):
    told = event("open", email, sg_event_id=None, timestamp=1_700_000_000)
    sendgrid.post(poster, [told, {**told}, {**told, "timestamp": 1_700_000_001}])
    assert WebhookEvent.objects.count() == 2


def test_a_message_that_is_none_of_ours_waits_for_nothing(poster, sendgrid, email, outcome):
    others = [event("bounce"), event("bounce", delivery_id="4711"), event("bounce", delivery_id=["a"])]
    assert sendgrid.post(poster, others).status_code == 200
    assert WebhookEvent.objects.filter(delivery_id=None, due_at=None, applied_at=None).count() == 3
    assert outcome(email) == Status.SENT


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"\xff\xfe",
        b"null",
        b"{}",
        b'"text"',
        b"[1]",
        b"[[]]",
        b"[" * 100_000,
        b'[{"event": "delivered"}, {"event": 1}]',
        b'[{"event": "delivered"}, {}]',
        b"1" * 10_000,
    ],
)
def test_a_signed_body_that_is_not_what_it_claims_is_refused_as_a_whole(poster, sendgrid, body):
    assert sendgrid.post(poster, [], body=body).status_code == 400
    assert not WebhookEvent.objects.exists()


def test_an_empty_batch_is_taken(poster, sendgrid):
    assert sendgrid.post(poster, []).status_code == 200


@pytest.mark.parametrize("key", ["no key", base64.b64encode(b"no key").decode()])
def test_a_key_that_is_none_is_named(poster, sendgrid, key):
    with configured(webhook_public_key=key, sns_url=""), pytest.raises(ConfigurationError, match="webhook_public_key"):
        sendgrid.post(poster, [])


def test_the_reason_of_a_hard_bounce_stands_in_the_delivery_and_the_suppression(poster, sendgrid, email, outcome):
    sendgrid.post(poster, [event("bounce", email)])
    assert outcome(email) == Status.BOUNCED
    assert (email.reason, email.detail) == (Reason.REPORTED, "550 5.1.1 <…@…>: no such user")
    assert str(email.pk) in Suppression.objects.get().detail


def test_another_setting_is_another_webhook(poster, sendgrid, email, settings):
    assert sendgrid.post(poster, []).status_code == 200
    with override_settings(NOTIFICATIONS={**settings.NOTIFICATIONS, "PROVIDERS": {}, "CHANNELS": {}}):
        assert sendgrid.post(poster, []).status_code == 404
