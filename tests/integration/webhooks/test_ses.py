"""What Amazon SES publishes, and what it means (PROVIDERS: webhooks, error classes)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from notifications.models import Cause, Event, Status, Suppression, WebhookEvent
from tests.integration.webhooks.ses_records import NAMES, SECRETS, record
from tests.integration.webhooks.sns_host import post

pytestmark = pytest.mark.django_db
NOTHING: tuple[None, str] = (None, "")
TOPIC_ONLY = {"unsubscribeAll": False, "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptOut"}]}
BACK_AGAIN = {"unsubscribeAll": False, "topicSubscriptionStatus": [{"topicName": "a", "subscriptionStatus": "OptIn"}]}


def kinds(delivery) -> list[str]:
    """The events told of a delivery after our own."""
    return list(Event.objects.filter(delivery=delivery).exclude(data__has_key="attempt").values_list("kind", flat=True))


@pytest.fixture
def email(make_email):
    """An email that SES has taken."""
    return make_email("ses")


@pytest.mark.parametrize(
    ("name", "values", "status", "kinds_told", "suppressed"),
    [
        ("Send", {}, "sent", [], NOTHING),
        ("Delivery", {}, "delivered", ["delivered"], NOTHING),
        ("DeliveryDelay", {}, "sent", ["deferred"], NOTHING),
        ("Bounce", {}, "bounced", ["bounced"], (Cause.HARD_BOUNCE, "")),
        ("Bounce", {"bounceType": "Transient"}, "failed", ["soft_bounced"], NOTHING),
        ("Bounce", {"bounceType": "Undetermined"}, "failed", ["soft_bounced"], NOTHING),
        ("Bounce", {"bouncedRecipients": []}, "bounced", ["bounced"], (Cause.HARD_BOUNCE, "")),
        ("Complaint", {}, "delivered", ["delivered", "complained"], (Cause.COMPLAINT, "")),
        ("Complaint", {"complaintSubType": "OnAccountSuppressionList"}, "failed", ["failed"], (Cause.COMPLAINT, "")),
        ("Complaint", {"complaintFeedbackType": "not-spam"}, "sent", [], NOTHING),
        ("Reject", {}, "failed", ["failed"], NOTHING),
        ("Rendering Failure", {}, "failed", ["failed"], NOTHING),
        ("Open", {}, "delivered", ["delivered", "opened"], NOTHING),
        ("Click", {}, "delivered", ["delivered", "clicked"], NOTHING),
        ("Subscription", {}, "delivered", ["delivered", "unsubscribed"], (Cause.UNSUBSCRIBED, "")),
        (
            "Subscription",
            {"newTopicPreferences": TOPIC_ONLY},
            "delivered",
            ["delivered", "unsubscribed"],
            (Cause.UNSUBSCRIBED, "visits"),
        ),
        ("Subscription", {"newTopicPreferences": BACK_AGAIN}, "sent", [], NOTHING),
        ("Subscription", {"newTopicPreferences": None}, "sent", [], NOTHING),
        ("Received", {}, "sent", [], NOTHING),
    ],
)
def test_each_event_has_its_meaning(poster, sns, email, outcome, name, values, status, kinds_told, suppressed):
    assert post(poster, sns.event(record(name, email, **values))).status_code == 200
    assert outcome(email) == status
    assert kinds(email) == kinds_told
    found = Suppression.objects.first()
    assert ((found.cause, found.category) if found else NOTHING) == suppressed


@pytest.mark.parametrize("name", NAMES)
def test_nothing_personal_is_kept_of_what_was_posted(poster, sns, email, name):
    post(poster, sns.event(record(name, email)))
    kept = json.dumps(list(WebhookEvent.objects.values()), default=str)
    assert WebhookEvent.objects.count() == 1
    assert [secret for secret in SECRETS if secret in kept] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_record_without_what_it_tells_of_is_taken_as_far_as_it_goes(poster, sns, email, outcome, name):
    bare = {key: value for key, value in record(name, email).items() if key in ("eventType", "mail")}
    assert post(poster, sns.event(bare)).status_code == 200
    assert outcome(email) in Status


def test_the_evidence_is_told_with_its_time(poster, sns, email, outcome):
    post(poster, sns.event(record("Bounce", email)))
    outcome(email)
    bounced = Event.objects.get(kind="bounced")
    assert bounced.at == datetime(2017, 8, 5, 0, 41, 2, 669000, UTC)
    assert bounced.data == {
        "channel": "email",
        "provider": "ses",
        "code": "5.1.1",
        "detail": "smtp; 550 5.1.1 <…@…> user unknown",
    }
    assert email.provider_id == "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000"


def test_without_tags_the_header_names_the_delivery(poster, sns, email, outcome):
    post(poster, sns.event(record("Delivery", email, by_header=True)))
    assert outcome(email) == Status.DELIVERED


@pytest.mark.parametrize("value", ["", "{", "[]", "{}", '{"delivery_id": 1}', '{"delivery_id": "4711"}', "[" * 100_000])
def test_a_header_that_names_no_delivery_is_of_another_system(poster, sns, value):
    told = record("Delivery")
    told["mail"]["headers"] = [None, {"name": "X-Metadata"}, {"name": "X-Metadata", "value": value}]
    assert post(poster, sns.event(told)).status_code == 200
    assert WebhookEvent.objects.get().delivery_id is None


def test_notifications_of_an_identity_are_understood_too(poster, sns, email, outcome):
    told = record("Bounce", email, by_header=True)
    told["notificationType"] = told.pop("eventType")
    post(poster, sns.event(told))
    assert outcome(email) == Status.BOUNCED


def test_a_message_that_sns_posts_again_counts_once(poster, sns, email, outcome):
    message = sns.event(record("Open", email))
    assert [post(poster, message).status_code for _ in range(3)] == [200] * 3
    outcome(email)
    assert kinds(email) == ["delivered", "opened"]


def test_the_greeting_of_a_new_topic_is_taken(poster, sns):
    text = "Successfully validated SNS topic for Amazon SES event publishing."
    assert post(poster, sns.message(text)).status_code == 200
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("text", ["hello", "[]", "1", "{}", '{"eventType": "Bounce"}', '{"eventType": 1, "mail": {}}'])
def test_a_genuine_message_that_is_no_event_is_refused(poster, sns, text):
    assert post(poster, sns.message(text)).status_code == 400
    assert not WebhookEvent.objects.exists()
