"""Many emails in one request to SendGrid: each gets the own one, whole, and nobody anything of another."""

import dataclasses
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from notifications.exceptions import PermanentError, UnknownOutcome
from notifications.messages import Receipt
from notifications.providers.sendgrid import SendGridProvider
from tests.contract.bulk import BulkContract, MakeBulk, make_mails
from tests.contract.http_server import Answer
from tests.contract.sendgrid_server import API_KEY, SendGridServer, refusal


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[SendGridServer]:
    server = SendGridServer(tls=tls)
    yield server
    server.close()


@pytest.fixture
def make_provider(server: SendGridServer) -> Iterator[MakeBulk]:
    made: list[SendGridProvider] = []

    def make(**options: Any) -> SendGridProvider:
        given = {"alias": "sendgrid", "api_key": API_KEY, "api_url": f"{server.url}v3/", "timeout_seconds": 10}
        made.append(SendGridProvider(**{**given, **options}))
        return made[-1]

    yield make
    for each in made:
        each.close()


class TestSendGrid(BulkContract):
    batch_max = 1_000

    def delivered(self, server: SendGridServer) -> list[dict[str, Any]]:
        return [
            {
                "to": (each.to.get("name", ""), each.to["email"]),
                "subject": each.subject,
                "contents": each.contents,
                "headers": each.headers,
                "custom_args": each.custom_args,
                "shared": each.shared,
            }
            for each in server.delivered()
        ]


def test_all_have_the_requests_id(make_provider: MakeBulk, server: SendGridServer) -> None:
    receipts = make_provider().send_batch(make_mails())
    assert {each.provider_id for each in receipts if isinstance(each, Receipt)} == {*server.message_ids}


def test_a_request_says_once_what_all_share(make_provider: MakeBulk, server: SendGridServer) -> None:
    mails = make_mails(["Ada", "Bob"], type="clinic.note", from_email="Clinic <mail@clinic.example>")
    make_provider(tags=("transactional",), esp_extra={"asm": {"group_id": 7}}).send_batch(mails)
    [mail] = server.mails
    people = mail.pop("personalizations")
    assert [set(each) for each in people] == [{"to", "subject", "headers", "custom_args", "substitutions"}] * 2
    assert [each["custom_args"] for each in people] == [{"delivery_id": str(each.delivery_id)} for each in mails]
    assert [each["headers"] for each in people] == [each.headers for each in mails]
    assert mail == {
        "from": {"name": "Clinic", "email": "mail@clinic.example"},
        "reply_to_list": [{"name": "Desk, north", "email": "desk@clinic.example"}],
        "categories": ["clinic.note", "transactional"],
        "asm": {"group_id": 7},
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        "content": [
            {"type": "text/plain", "value": "-slot0-\n-slot1-\nGrüße 🎈\n"},
            {
                "type": "text/html",
                "value": '<p style="color: red">-slot2-\n<a href="-slot3--slot4-<p>Grüße 🎈 > "quoted"</p>\n',
            },
        ],
    }


def test_custom_arguments_of_the_options_go_along(make_provider: MakeBulk, server: SendGridServer) -> None:
    options = {"personalizations": {"custom_args": {"site": "north"}}}
    provider = make_provider(esp_extra=options)
    mails = make_mails(["Ada", "Bob"])
    provider.send_batch(mails)
    assert [each.custom_args for each in server.delivered()] == [
        {"site": "north", "delivery_id": str(each.delivery_id)} for each in mails
    ]


@pytest.mark.parametrize(
    "extra",
    [
        {"template_id": "d-1"},
        {"headers": {"X-Own": "1"}},
        {"personalizations": {"substitutions": {"-a-": "b"}}},
        {"personalizations": {"subject": "Hi"}},
    ],
)
def test_options_that_reach_into_contents_keep_emails_apart(make_provider: MakeBulk, extra: dict[str, Any]) -> None:
    assert [len(each) for each in make_provider(esp_extra=extra).together(make_mails(["Ada", "Bob"]))] == [1, 1]


def test_a_person_with_too_many_words_of_their_own_goes_alone(make_provider: MakeBulk, server: SendGridServer) -> None:
    texts = ["short", "b" * 9_990, "é" * 2_000, "b" * 9_000]  # in JSON "é" has six bytes
    mails = [dataclasses.replace(mail, text=text) for mail, text in zip(make_mails(["Ada"] * 4), texts, strict=True)]
    provider = make_provider()
    batches = provider.together(list(mails))
    assert sorted(len(each) for each in batches) == [1, 1, 2]
    for batch in batches:
        provider.send_batch(batch) if len(batch) > 1 else provider.send(batch[0])
    assert sorted(server.taken()) == sorted(each.delivery_id for each in mails)


def test_texts_of_different_build_travel_apart(make_provider: MakeBulk) -> None:
    short, long = make_mails(["Ada", "Bob"]), make_mails(["Ada", "Bob", "Cyd"], text="Dear,\n\none\nline\nmore\n")
    assert sorted(len(each) for each in make_provider().together([*short, *long])) == [2, 3]


def test_a_thousand_people_share_a_request(make_provider: MakeBulk, server: SendGridServer) -> None:
    provider = make_provider(batch_size=1_000)
    batches = provider.together(make_mails([f"name {number}" for number in range(1_001)]))
    assert [len(each) for each in batches] == [1_000, 1]
    provider.send_batch(batches[0])
    assert len(server.delivered()) == 1_000


def test_emails_that_have_not_enough_in_common_are_not_sent_together(
    make_provider: MakeBulk, server: SendGridServer
) -> None:
    provider = make_provider()
    with pytest.raises(PermanentError, match="not enough in common"):
        provider.send_batch([*make_mails(["Ada"]), *make_mails(["Bob"], type="clinic.other")])
    with pytest.raises(PermanentError, match="no frame in common"):
        provider.send_batch([*make_mails(["Ada"]), *make_mails(["Bob"], text="one line")])
    assert server.requests == []


def test_a_refused_recipient_refuses_all_and_no_address(make_provider: MakeBulk, server: SendGridServer) -> None:
    server.scripted = refusal(400, "Does not contain a valid address.", "personalizations.1.to.0.email")
    with pytest.raises(PermanentError, match="valid address") as raised:
        make_provider().send_batch(make_mails(["Ada", "Bob"]))
    assert raised.value.code == "400"


def test_an_answer_without_an_id_is_unknown(make_provider: MakeBulk, server: SendGridServer) -> None:
    server.scripted = Answer(202)
    with pytest.raises(UnknownOutcome, match="X-Message-Id"):
        make_provider().send_batch(make_mails(["Ada", "Bob"]))
