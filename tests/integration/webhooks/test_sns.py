"""Whether a message is from Amazon SNS (PROVIDERS: SES over SNS; FAULTS: forged, replayed, SSRF)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.exceptions import ConfigurationError
from notifications.models import WebhookEvent
from notifications.tracking.webhooks import certificates
from notifications.tracking.webhooks.base import Forbidden, Unavailable
from notifications.tracking.webhooks.certificates import Certificates
from notifications.tracking.webhooks.sns import SnsMessage, certificate_url, confirmation_url
from tests.integration.webhooks.conftest import configured
from tests.integration.webhooks.ses_records import record
from tests.integration.webhooks.sns_host import BAD, PATH, TOPIC, URL, post, timestamp

pytestmark = pytest.mark.django_db
REAL = "https://sns.eu-central-1.amazonaws.com"
CONFIRM = f"?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", [{}, {"Subject": "Amazon SES"}])
def test_both_versions_of_the_signature_are_verified(poster, sns, version, subject):
    message = sns.message('{"eventType": "Send", "mail": {}}', version=version, **subject)
    assert post(poster, message).status_code == 200
    for name in (*subject, "Message", "MessageId", "Timestamp"):
        changed = {**message, name: message[name][:-1] + ("Z" if name == "Timestamp" else "x")}
        changed |= {"Timestamp": timestamp(timedelta(seconds=5))} if name == "Timestamp" else {}
        assert post(poster, changed).status_code == 403, name
    assert WebhookEvent.objects.count() == 1


def test_a_signature_of_one_version_is_none_of_the_other(poster, sns):
    message = sns.event(record("Send"))
    assert post(poster, {**message, "SignatureVersion": "1"}).status_code == 403
    assert post(poster, {**message, "SignatureVersion": "3"}).status_code == 403


@pytest.mark.parametrize("signature", ["", "%%%", "YWJj", "é"])
def test_a_signature_that_is_none_is_refused(poster, sns, signature):
    assert post(poster, {**sns.event(record("Send")), "Signature": signature}).status_code == 403


def test_a_genuine_message_of_another_topic_is_refused_before_anything_is_fetched(poster, sns):
    for topic in (f"{TOPIC}s", TOPIC.replace("1234", "6666"), ""):
        assert post(poster, sns.event(record("Bounce"), TopicArn=topic)).status_code == 403
    assert not sns.asked


@pytest.mark.parametrize(("minutes", "status"), [(69, 200), (71, 403), (-9, 200), (-11, 403)])
def test_a_message_of_long_ago_or_of_tomorrow_is_refused(poster, sns, minutes, status):
    message = sns.event(record("Send"), Timestamp=timestamp(timedelta(minutes=minutes)))
    assert post(poster, message).status_code == status


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-21T10:00:00", "12345"])
def test_a_time_that_is_none_is_refused(poster, sns, text):
    assert post(poster, sns.event(record("Send"), Timestamp=text)).status_code == 400


HOSTILE_HOSTS = [
    "http://sns.eu-central-1.amazonaws.com",
    "https://sns.eu-central-1.amazonaws.com.evil.example",
    "https://evil.example/sns.eu-central-1.amazonaws.com",
    "https://evil.example#sns.eu-central-1.amazonaws.com",
    "https://evil.example?sns.eu-central-1.amazonaws.com",
    "https://sns.eu-central-1.amazonaws.com@evil.example",
    "https://user:password@sns.eu-central-1.amazonaws.com",
    "https://evil-sns.eu-central-1.amazonaws.com",
    "https://x.sns.eu-central-1.amazonaws.com",
    "https://sns.eu-central-1.amazonaws.com:8443",
    "https://sns.eu-central-1.amazonaws.com.",
    "https://sns.eu-central-1.amazonawsxcom",
    "https://sns.eu-central-1.amazonaws.org",
    "https://sns.evil.example.amazonaws.com",
    "https://snsxeu-central-1.amazonaws.com",
    "https://sns..amazonaws.com",
    "https://sns.amazonaws.com",
    "https://s3.eu-central-1.amazonaws.com",
    "https://SNS.eu-central-1.amazonaws.com\\evil.example",
    "https://sns.eu-central-1.amazonaws.com\n.evil.example",
    " https://sns.eu-central-1.amazonaws.com",
    "https://ѕns.eu-central-1.amazonaws.com",
    "https://sns.eu-central-1.amazonaws.com%00.evil.example",
    "https://169.254.169.254",
    "https://127.0.0.1",
    "https://[::1]",
    "file://sns.eu-central-1.amazonaws.com",
    "//sns.eu-central-1.amazonaws.com",
    "",
]
HOSTILE_CERTIFICATES = [
    *(f"{host}{PATH}" for host in HOSTILE_HOSTS),
    REAL,
    f"{REAL}/",
    f"{REAL}/other.pem",
    f"{REAL}/?Action=GetTopicAttributes&TopicArn=x.pem",
    f"{REAL}{PATH}?x.pem",
    f"{REAL}{PATH}#x",
    f"{REAL}{PATH}\n",
    f"{REAL}{PATH}.exe",
    f"{REAL}/SimpleNotificationService-/../x.pem",
    f"{REAL}/a{PATH}",
    f"{REAL}{PATH.replace('-', '-%2e')}",
]
HOSTILE_CONFIRMATIONS = [
    *(f"{host}/{CONFIRM}" for host in HOSTILE_HOSTS),
    f"{REAL}/",
    f"{REAL}/x{CONFIRM}",
    f"{REAL}/?Action=Unsubscribe&TopicArn={TOPIC}&Token=abc",
    f"{REAL}/?Action=ConfirmSubscription&TopicArn={TOPIC}x&Token=abc",
    f"{REAL}/?Action=ConfirmSubscription&Token=abc",
    f"{REAL}/?Action=ConfirmSubscription&Action=DeleteTopic&TopicArn={TOPIC}&Token=abc",
    f"{REAL}/{CONFIRM}\n",
    f"{REAL}/{CONFIRM} x",
]


def message(**fields: str) -> SnsMessage:
    return SnsMessage(type="SubscriptionConfirmation", fields={"TopicArn": TOPIC, **fields})


@pytest.mark.parametrize("url", HOSTILE_CERTIFICATES)
def test_a_certificate_from_anywhere_else_is_refused_unfetched(poster, sns, url):
    with pytest.raises(Forbidden, match="SigningCertURL"):
        certificate_url(message(SigningCertURL=url))
    assert post(poster, sns.event(record("Send"), SigningCertURL=url)).status_code == 403
    assert not sns.asked


@pytest.mark.parametrize("url", HOSTILE_CONFIRMATIONS)
def test_a_subscription_is_confirmed_nowhere_else(poster, sns, url):
    with pytest.raises(Forbidden, match="SubscribeURL"):
        confirmation_url(message(SubscribeURL=url))
    assert post(poster, sns.message("", kind="SubscriptionConfirmation", SubscribeURL=url)).status_code == 403
    assert sns.confirmed == []


@pytest.mark.parametrize(
    "host",
    [
        REAL,
        "https://sns.us-gov-west-1.amazonaws.com",
        "https://sns.cn-north-1.amazonaws.com.cn",
        "https://sns.ap-southeast-7.amazonaws.com",
        "https://sns.mx-central-1.amazonaws.com",
    ],
)
def test_the_hosts_of_sns_are_known(host):
    assert certificate_url(message(SigningCertURL=f"{host}{PATH}")) == f"{host}{PATH}"
    assert confirmation_url(message(SubscribeURL=f"{host}/{CONFIRM}")) == f"{host}/{CONFIRM}"


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_valid_certificate_of_the_signer_is_refused_and_not_asked_for_again(poster, sns, name):
    sns.answers[PATH] = (200, BAD[name])
    assert [post(poster, sns.event(record("Send"))).status_code for _ in range(3)] == [403] * 3
    assert sns.asked[PATH] == 1


@pytest.mark.parametrize("status", [403, 404, 301, 302])
def test_a_certificate_that_is_not_there_is_refused_and_no_redirect_followed(poster, sns, status):
    sns.answers[PATH] = (status, b"/")
    assert [post(poster, sns.event(record("Send"))).status_code for _ in range(2)] == [403] * 2
    assert sns.asked == {PATH: 1}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_while_the_certificate_cannot_be_had_the_post_is_wanted_again(poster, sns, status):
    message = sns.event(record("Send"))
    good = sns.answers[PATH]
    sns.answers[PATH] = (status, b"")
    assert post(poster, message).status_code == 503
    sns.answers[PATH] = good
    assert post(poster, message).status_code == 200


def test_a_host_that_does_not_answer_makes_the_post_wanted_again(poster, sns, monkeypatch):
    monkeypatch.setattr(certificates, "TIMEOUT_SECONDS", 0.5)
    with configured(webhook_public_key="", sns_url="http://127.0.0.1:9"):
        message = sns.event(record("Send"), SigningCertURL=f"http://127.0.0.1:9{PATH}")
        assert post(poster, message).status_code == 503


def test_the_posts_of_one_moment_fetch_the_certificate_once(sns):
    known, now = Certificates(), datetime.now(UTC)
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: known.key(f"{sns.url}{PATH}", now), range(64)))
    assert all(each is keys[0] for each in keys)
    assert sns.asked[PATH] == 1


def test_a_certificate_is_fetched_again_after_a_day_and_not_used_past_its_end(sns):
    known, now = Certificates(), datetime.now(UTC)
    url = f"{sns.url}{PATH}"
    for hours in (0, 23):
        known.key(url, now + timedelta(hours=hours))
    assert sns.asked[PATH] == 1
    with pytest.raises(Forbidden):
        known.key(url, now + timedelta(hours=25))
    assert sns.asked[PATH] == 2


def test_made_up_addresses_fill_no_memory(sns):
    known, now = Certificates(), datetime.now(UTC)
    for number in range(200):
        with pytest.raises(Forbidden):
            known.key(f"{sns.url}/SimpleNotificationService-{number}.pem", now)
    assert len(known._known) <= certificates.MOST_KEPT


def test_a_subscription_to_a_listed_topic_is_confirmed(poster, sns):
    assert post(poster, sns.message("You have chosen …", kind="SubscriptionConfirmation")).status_code == 200
    assert sns.confirmed == ["token"]
    assert not WebhookEvent.objects.exists()


def test_a_subscription_to_another_topic_is_not(poster, sns):
    assert post(poster, sns.message(kind="SubscriptionConfirmation", TopicArn=f"{TOPIC}2")).status_code == 403
    assert sns.confirmed == []


def test_a_forged_subscription_is_not_confirmed(poster, sns):
    message = {**sns.message(kind="SubscriptionConfirmation"), "Token": "another"}
    assert post(poster, message).status_code == 403
    assert sns.confirmed == []


@pytest.mark.parametrize("status", [400, 500])
def test_a_confirmation_that_fails_is_wanted_again_and_its_token_is_told_to_nobody(poster, sns, caplog, status):
    sns.answers["/"] = (status, b"")
    response = post(poster, sns.message(kind="SubscriptionConfirmation", Token="canary-token"))
    assert response.status_code == 503
    assert "canary-token" not in caplog.text + response.content.decode()


def test_the_end_of_a_subscription_is_logged(poster, sns, caplog):
    assert post(poster, sns.message(kind="UnsubscribeConfirmation")).status_code == 200
    assert f"ses was unsubscribed from {TOPIC}" in caplog.text
    assert sns.confirmed == []


@pytest.mark.parametrize(
    "body", ["", " ", "{", "[]", "null", '{"Type": "Notification"}', '{"Type": "Other"}', '{"Type": []}', "[" * 100_000]
)
def test_a_body_that_is_no_message_is_refused(poster, body):
    response = poster.post(URL, body or " ", content_type="text/plain; charset=UTF-8")
    assert response.status_code == 400


@pytest.mark.parametrize("name", ["MessageId", "TopicArn", "Message", "Timestamp", "Signature", "SigningCertURL"])
@pytest.mark.parametrize("value", [None, 1, ["a"]])
def test_a_message_that_lacks_a_part_names_it(poster, sns, name, value):
    message: dict[str, Any] = {**sns.event(record("Send")), name: value}
    response = post(poster, message)
    assert (response.status_code, name in response.content.decode()) == (400, True)


@pytest.mark.parametrize(
    "url", ["http://localhost:80", "https://127.0.0.1:80", "http://127.0.0.1:80.evil.example", "x"]
)
def test_the_host_is_replaced_by_loopback_only(poster, sns, url):
    with configured(webhook_public_key="", sns_url=url), pytest.raises(ConfigurationError, match="sns_url"):
        post(poster, sns.event(record("Send")))


def test_unavailable_is_a_status_that_sns_answers_with_another_post():
    assert Unavailable.status >= 500
