"""What the WebSocket says and understands."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from notifications.models import Notification
from notifications.realtime import protocol
from notifications.realtime.allowance import Allowance
from notifications.realtime.client_messages import BadMessageError, Ping, Read, Resume, Seen, parse

ID = "0198c0de-0000-7000-8000-000000000001"
OTHER_ID = "0198c0de-0000-7000-8000-000000000002"


def notification(**values: Any) -> Notification:
    moment = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    return Notification(
        id=UUID(ID), type="clinic.reminder", category="appointments", title="Tomorrow", created_at=moment, **values
    )


def test_an_item_has_the_names_of_the_rest_api_and_times_in_utc() -> None:
    assert protocol.item(notification(body="At nine.", link="/a/1", position=UUID(OTHER_ID))) == {
        "id": ID,
        "type": "clinic.reminder",
        "category": "appointments",
        "priority": 2,
        "title": "Tomorrow",
        "body": "At nine.",
        "link": "/a/1",
        "position": OTHER_ID,
        "created_at": "2026-03-01T06:15:00Z",
        "seen_at": None,
        "read_at": None,
    }


def test_times_that_are_set_are_sent() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    item = protocol.item(notification(seen_at=moment, read_at=moment))
    assert item["seen_at"] == item["read_at"] == "2026-03-01T12:00:00.123456Z"
    assert item["position"] is None


def test_every_message_to_the_client_is_json_with_a_type() -> None:
    row = notification(position=uuid7())
    messages = [
        protocol.hello(uuid7(), {"unread": 1, "unseen": 0}),
        protocol.hello(None, {"unread": 0, "unseen": 0}),
        protocol.new(row),
        protocol.counts({"unread": 1, "unseen": 0}),
        protocol.replayed([row], more=True, since=None),
        protocol.pong(None),
        protocol.error("bad_json", "The message is not JSON."),
    ]
    for message in messages:
        assert json.loads(json.dumps(message)) == message
        assert message["type"]
    assert protocol.hello(None, {})["version"] == 1


def test_a_replay_hands_out_the_cursor_to_go_on_from() -> None:
    early, late = sorted((uuid7(), uuid7()))
    row = notification(position=early)
    assert protocol.replayed([row], more=True, since=late)["cursor"] == str(early)
    assert protocol.replayed([row], more=False, since=late)["cursor"] == str(late)
    assert protocol.replayed([], more=False, since=late)["cursor"] == str(late)
    assert protocol.replayed([], more=False, since=None)["cursor"] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'{{"type": "resume", "since": "{ID}"}}', Resume(UUID(ID))),
        (f'{{"type": "resume", "since": "{ID}", "exact": true, "new": 1}}', Resume(UUID(ID), exact=True)),
        ('{"type": "resume", "since": null}', Resume(None)),
        ('{"type": "resume"}', Resume(None)),
        (f'{{"type": "read", "ids": ["{ID}", "{OTHER_ID}"]}}', Read((UUID(ID), UUID(OTHER_ID)))),
        ('{"type": "read", "ids": []}', Read(())),
        (f'{{"type": "seen", "ids": ["{ID}"]}}', Seen((UUID(ID),))),
        ('{"type": "seen"}', Seen(None)),
        ('{"type": "ping"}', Ping()),
    ],
)
def test_messages_of_the_client_are_understood(text: str, message: object) -> None:
    assert parse(text) == message


@pytest.mark.parametrize(
    ("text", "code", "detail"),
    [
        ("", "bad_json", "The message is not JSON."),
        ("{", "bad_json", "The message is not JSON."),
        ("[" * 16_000, "bad_json", "The message is not JSON."),
        ("[1]", "bad_message", 'A message is a JSON object with a "type".'),
        ('"ping"', "bad_message", 'A message is a JSON object with a "type".'),
        ("{}", "unknown_type", "Unknown type None. Known: ping, read, resume, seen."),
        ('{"type": "delete"}', "unknown_type", "Unknown type 'delete'. Known: ping, read, resume, seen."),
        ('{"type": {"a": 1}}', "unknown_type", "Unknown type {'a': 1}. Known: ping, read, resume, seen."),
        ('{"type": "read"}', "bad_ids", '"ids" is a list of at most 100 ids of notifications.'),
        ('{"type": "read", "ids": "all"}', "bad_ids", '"ids" is a list of at most 100 ids of notifications.'),
        (f'{{"type": "seen", "ids": {json.dumps([ID] * 101)}}}', "bad_ids", '"ids" is a list of at most 100'),
        ('{"type": "read", "ids": [1]}', "bad_ids", "1 is no id of a notification (a UUID)."),
        (f'{{"type": "read", "ids": ["{ID}", "x"]}}', "bad_ids", "'x' is no id of a notification (a UUID)."),
        ('{"type": "resume", "since": 5}', "bad_cursor", "5 is no cursor. Valid: one this server sent"),
        ('{"type": "resume", "since": "\\u0000"}', "bad_cursor", "'\\x00' is no cursor."),
        (
            '{"type": "resume", "since": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}',  # no UUIDv7
            "bad_cursor",
            "'6ba7b810-9dad-11d1-80b4-00c04fd430c8' is no cursor.",
        ),
    ],
)
def test_what_is_wrong_with_a_message_is_named(text: str, code: str, detail: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        parse(text)
    assert caught.value.code == code
    assert str(caught.value).startswith(detail)


def test_an_error_does_not_send_a_long_value_back() -> None:
    with pytest.raises(BadMessageError) as caught:
        parse(json.dumps({"type": "x" * 10_000}))
    assert len(str(caught.value)) < 120


def test_an_allowance_is_a_burst_and_then_a_rate() -> None:
    allowance = Allowance(burst=3, rate=2)
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(100.5) for _ in range(2)] == [True, False]
    assert [allowance.take(200.0) for _ in range(4)] == [True, True, True, False]
