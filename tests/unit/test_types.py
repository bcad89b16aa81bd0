"""Declaring a notification type (C1), and each way to declare or fill it wrongly (S6)."""

import sys
from typing import Any

import pytest

from notifications.exceptions import PayloadError, RegistrationError, UnknownTypeError
from notifications.types import NotificationType, Priority, all_types, get_type, register, unregister
from tests.app.notifications import Note, VisitReminder


def test_a_type_is_found_by_its_key():
    assert get_type("tests.note") is Note
    assert Note in all_types()


def test_an_unknown_key_is_answered_with_the_known_ones():
    with pytest.raises(UnknownTypeError, match=r"Unknown notification type 'tests\.nope'\. Known: .*tests\.note"):
        get_type("tests.nope")


def test_annotated_names_are_the_payload():
    assert Note(text="hello").payload() == {"text": "hello"}
    assert Note.from_payload({"text": "hello"}) == Note(text="hello")


def test_a_payload_cannot_be_changed():
    with pytest.raises(AttributeError):
        Note(text="hello").text = "bye"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "tests.note: missing payload field text. Its payload: text."),
        ({"text": "a", "more": 1}, "tests.note: unknown payload field more. Its payload: text."),
        ({"text": 3}, "tests.note: payload field text must be str, not int: 3"),
        ({"text": None}, "tests.note: payload field text must be str, not NoneType: None"),
        ({"text": "a\0b"}, "NUL character"),
        ({"text": "half a pair: \ud83d"}, "the payload is not JSON"),
        ({"text": "x" * 40_000}, "at most 32768 are allowed"),
    ],
)
def test_a_wrong_payload_is_refused_and_the_valid_one_named(payload, message):
    with pytest.raises(PayloadError) as caught:
        Note.from_payload(payload)
    assert message in str(caught.value)


def test_a_payload_is_given_by_name():
    with pytest.raises(PayloadError, match=r"give the payload by name\. Its payload: text\."):
        Note("hello")  # type: ignore[call-arg]


def test_true_is_no_number():
    with pytest.raises(PayloadError, match="visit_id must be int, not bool"):
        VisitReminder(visit_id=True)


class Loose(NotificationType):
    """Any JSON."""

    key = "tests.loose"

    values: list[Any]
    extra: dict[str, Any] | None = None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([object()], "the payload is not JSON"),
        ([float("nan")], "the payload is not JSON"),
        ([{1, 2}], "the payload is not JSON"),
    ],
)
def test_what_json_cannot_hold_is_refused(value, message):
    register(Loose)
    try:
        with pytest.raises(PayloadError, match=message):
            Loose(values=value)
        assert Loose(values=[1, "a", None, {"b": 2.5}]).payload() == {
            "values": [1, "a", None, {"b": 2.5}],
            "extra": None,
        }
    finally:
        unregister("tests.loose")


def test_a_payload_nested_without_end_is_refused():
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(PayloadError, match="not JSON"):
        Loose(values=endless)
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() + 10):
        deep = [deep]
    with pytest.raises(PayloadError, match="not JSON"):
        Loose(values=deep)


def test_two_types_with_one_key_are_refused_by_both_names():
    class Other(NotificationType):
        key = "tests.note"

    with pytest.raises(RegistrationError, match=r"Two types have the key 'tests\.note': tests\.app.*Note and .*Other"):
        register(Other)
    assert get_type("tests.note") is Note


def test_configuration_with_an_annotation_is_refused():
    with pytest.raises(RegistrationError, match="channels is configuration; write it without an annotation"):

        class Wrong(NotificationType):
            key = "tests.wrong"

            channels: tuple[str, ...] = ("sms",)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, r"key is None; it must be 1 to 100 letters"),
        ({"key": "a/../b"}, r"key is 'a/\.\./b'"),
        ({"key": "tests..wrong"}, r"key is"),
        ({"key": "x" * 101}, r"key is"),
        ({"key": "tests.wrong", "channels": "sms"}, r"channels is 'sms'; it must be a tuple of channel names"),
        ({"key": "tests.wrong", "channels": ()}, r"channels is empty"),
        (
            {"key": "tests.wrong", "channels": ("sms",), "fallback": ("sms",)},
            r"sms stands in both channels and fallback",
        ),
        ({"key": "tests.wrong", "priority": "high"}, r"priority is 'high'\. Known: Priority\.CRITICAL"),
    ],
)
def test_a_wrong_declaration_is_refused_at_import(values, message):
    with pytest.raises(RegistrationError, match=message):
        register(type("Wrong", (NotificationType,), values))


def test_a_payload_annotation_that_json_cannot_hold_is_refused_at_import():
    import datetime

    with pytest.raises(RegistrationError, match=r"Wrong\.at is annotated .*datetime.*, which JSON cannot hold"):
        type("Wrong", (NotificationType,), {"key": "tests.wrong", "__annotations__": {"at": datetime.datetime}})


def test_critical_and_high_are_sent_again_when_nobody_can_tell_others_are_not():
    def declared(**values: Any) -> type[NotificationType]:
        return type("Some", (NotificationType,), {"key": "tests.some", **values})

    assert declared(priority=Priority.CRITICAL).resends_if_unknown()
    assert declared(priority=Priority.HIGH).resends_if_unknown()
    assert not declared(priority=Priority.NORMAL).resends_if_unknown()
    assert not declared(priority=Priority.HIGH, resend_if_unknown=False).resends_if_unknown()
    assert declared(priority=Priority.LOW, resend_if_unknown=True).resends_if_unknown()


def test_a_subject_is_loaded_once_and_can_be_given():
    loaded = []

    class Lazy(NotificationType):
        key = "tests.lazy"

        def subject(self) -> Any:
            loaded.append(1)
            return "found"

    instance = Lazy()
    assert (instance.subject(), instance.subject(), len(loaded)) == ("found", "found", 1)
    primed = Lazy()
    primed.prime(None)
    assert (primed.subject(), len(loaded)) == (None, 1)
