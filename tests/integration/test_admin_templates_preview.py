"""The live preview of texts in the admin: each channel, each kind of values, and what may not be seen (T3, T4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from notifications import clock
from notifications.admin.templates import readers, showing
from notifications.admin.templates.text import found
from notifications.models import Notification, TemplateChange
from notifications.services import notify
from notifications.services.templates.previewing import ONE_LOOK
from notifications.testing import registered
from notifications.types import NotificationType
from notifications.variables import Variable
from tests.app.notifications import Everywhere, Note
from tests.integration.template_pages import EMAIL, LIST, NOTE, staff

pytestmark = pytest.mark.django_db

PUSH = f"{LIST}tests.everywhere/push/default/"
IN_APP = f"{LIST}tests.everywhere/in_app/default/"


class Long(NotificationType):
    """Has a longest value."""

    key = "tests.long"
    channels = ("sms",)
    example = {"text": "short"}
    variables = {"text": Variable(example="short", longest="long " * 40, about="what it says", sensitive=True)}

    text: str


@pytest.fixture(autouse=True)
def signed_in(client: Client) -> Any:
    return staff(client, "view_template", "change_template")


@pytest.fixture
def long() -> Iterator[str]:
    with registered(Long):
        yield f"{LIST}tests.long/sms/default/"


def preview(client: Client, page: str, shown: str = "example", **parts: str) -> dict[str, Any]:
    fields = {f"part-{name.replace('_', '.')}": source for name, source in parts.items()}
    answer = client.post(f"{page}preview/", {"shown": shown, **fields})
    assert answer.status_code == 200, answer.content
    result: dict[str, Any] = answer.json()
    return result


def test_an_sms_is_shown_with_its_segments_and_what_is_left(client: Client) -> None:
    sms = preview(client, NOTE, sms_txt="Hi {{ text }}")["sms"]
    assert sms == {
        "text": "Hi hello", "split": ["Hi hello"], "encoding": "GSM-7", "units": 8, "parts": 1, "left": 152,
        "said": {"parts": "1 segment", "encoding": "GSM-7, 8 characters", "left": "152 left in it"},
    }  # fmt: skip
    sms = preview(client, NOTE, sms_txt="नमस्ते " * 15)["sms"]
    assert (sms["encoding"], sms["parts"]) == ("UCS-2", 2)
    assert (sms["said"]["parts"], sms["said"]["left"]) == ("2 segments", f"{sms['left']} left in the last")
    assert "".join(sms["split"]) == sms["text"]


def test_the_longest_values_show_what_it_costs_at_worst(client: Client, long: str) -> None:
    assert preview(client, long, sms_txt="{{ text }}")["sms"]["parts"] == 1
    assert preview(client, long, "longest", sms_txt="{{ text }}")["sms"]["parts"] == 2


def test_a_push_and_an_entry_of_the_inbox_are_shown_as_their_readers_see_them(client: Client) -> None:
    message = preview(client, PUSH, push_title_txt="Dear\nreader", push_txt="Hi {{ text }}")["message"]
    assert (message["title"], message["text"]) == ("Dear reader", "Hi hello")
    parts = {"part-in_app.title.txt": "Dear reader", "part-in_app.txt": "Hi {{ text }}"}
    message = client.post(f"{IN_APP}preview/", parts).json()["message"]
    assert (message["title"], message["text"]) == ("Dear reader", "Hi hello")
    assert message["link"].startswith("http")


def test_an_email_is_shown_as_in_a_mailbox_and_its_page_cannot_do_anything(client: Client) -> None:
    html = (
        "<html><head><title>No</title><style>p {}</style></head><body><div style='display:none'>First words</div>"
        '<p>Hi {{ text }}</p><img src="https://far.example/x.png" alt="x"></body></html>'
    )
    message = preview(client, EMAIL, email_subject_txt="For {{ text }}", email_html=html)["message"]
    assert message["subject"] == "For hello"
    assert message["opening"] == "First words Hi hello"
    assert message["foreign"] == 1
    assert "Hi hello" in message["text"], "made from the HTML"
    assert message["frame"].startswith(showing.PRELUDE)
    assert "default-src 'none'" in showing.PRELUDE


@pytest.mark.parametrize(
    "html", ["", " ", "<!-- -->", "\x01", "<p>x", "<frameset>", "<?xml version='1.0' encoding='utf-8'?><p>x</p>"]
)
def test_whatever_an_email_is_made_of_can_be_shown(html: str) -> None:
    shown = showing.email(subject="", html=html, text="", sender="")
    assert shown["foreign"] == 0
    assert len(shown["opening"]) <= showing.OPENING


def test_a_mistake_is_told_with_its_part_and_line(client: Client) -> None:
    answer = preview(client, NOTE, sms_txt="Hi\n{% if text %}")
    assert (answer["part"], answer["line"]) == ("sms.txt", 2)
    assert answer["sms"] is None
    (finding, *_) = answer["findings"]
    assert (finding["level"], finding["part"], finding["line"]) == ("error", "sms.txt", 2)


def test_the_text_is_written_in_its_language_and_direction(client: Client) -> None:
    answer = preview(client, f"{LIST}tests.note/sms/ar/", sms_txt="{{ LANGUAGE_CODE }}")
    assert (answer["language"], answer["direction"], answer["sms"]["text"]) == ("ar", "rtl", "ar")


def test_parts_that_the_channel_does_not_have_are_not_looked_at(client: Client) -> None:
    assert preview(client, NOTE, sms_txt="Hi", email_html="{% nonsense %}")["error"] == ""


def test_a_text_that_is_too_long_is_refused_in_words(client: Client) -> None:
    answer = client.post(f"{NOTE}preview/", {"part-sms.txt": "x" * 600_000})
    assert answer.status_code == 400
    assert "characters" in answer.json()["refused"]


def test_a_preview_is_asked_for_by_post_with_the_token(client: Client) -> None:
    assert client.get(f"{NOTE}preview/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    assert strict.post(f"{NOTE}preview/", {"part-sms.txt": "x"}).status_code == 403


# With a real recipient's data


def test_who_may_sees_the_text_with_a_real_persons_data_and_that_is_written_down_once(
    client: Client, person: Any
) -> None:
    (sent,) = notify(Note(text="Private."), to=person)
    looker = staff(client, "view_template", "preview_with_recipient")
    page = client.get(NOTE)
    assert str(sent.pk) in page.content.decode()
    for _ in range(3):  # as it does while one types
        assert preview(client, NOTE, str(sent.pk), sms_txt="{{ text }}")["sms"]["text"] == "Private."
    (change,) = TemplateChange.objects.all()
    assert (change.action, change.by, change.note) == ("viewed", looker, f"notification {sent.pk}")
    TemplateChange.objects.update(at=clock.now() - ONE_LOOK)
    preview(client, NOTE, str(sent.pk), sms_txt="{{ text }}")
    assert TemplateChange.objects.count() == 2, "later it is another look"


def test_a_look_that_fails_is_written_down_too(client: Client, person: Any) -> None:
    (sent,) = notify(Note(text="Private."), to=person)
    staff(client, "view_template", "preview_with_recipient")
    guess = '{% if text == "Private." %}{{ no_such_value }}{% endif %}'
    assert "no_such_value" in preview(client, NOTE, str(sent.pk), sms_txt=guess)["error"]
    assert TemplateChange.objects.get().note == f"notification {sent.pk}"


def test_who_may_not_sees_no_persons_data(client: Client, person: Any) -> None:
    (sent,) = notify(Note(text="Private."), to=person)
    assert str(sent.pk) not in client.get(NOTE).content.decode()
    answer = client.post(f"{NOTE}preview/", {"part-sms.txt": "{{ text }}", "shown": str(sent.pk)})
    assert answer.status_code == 403
    assert "Private" not in answer.content.decode()
    assert not TemplateChange.objects.exists()


def test_a_notification_of_another_type_or_of_none_is_not_shown(client: Client, person: Any) -> None:
    staff(client, "view_template", "preview_with_recipient")
    (other,) = notify(Everywhere(text="Private."), to=person)
    for pk in (other.pk, uuid4(), "x", "1"):
        answer = client.post(f"{NOTE}preview/", {"part-sms.txt": "{{ text }}", "shown": str(pk)})
        assert answer.status_code == 404
        assert "Choose another one" in answer.json()["refused"]


def test_the_last_recipients_are_offered_each_with_their_newest(make_person: Any) -> None:
    people = [make_person() for _ in range(3)]
    for _ in range(2):
        for person in people:
            notify(Note(text="x"), to=person)
    offered = readers.latest(found("tests.note", "sms", "default"))
    assert [each.recipient for each in offered] == people[::-1]
    assert {each.pk for each in offered} == set(Notification.objects.order_by("-pk").values_list("pk", flat=True)[:3])


def test_the_values_of_a_type_stand_beside_the_text(client: Client, long: str) -> None:
    page = client.get(long).content.decode()
    assert 'data-insert="{{ text }}"' in page
    assert "what it says" in page
    assert ">sensitive<" in page
    assert 'data-insert="{{ recipient_name }}"' in page
    assert "truncatewords" in page
    assert "{% plural" in page
