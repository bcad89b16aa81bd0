"""Texts in the admin: who may do what, where two people read, and tests to oneself (T1, T4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from notifications.models import Delivery, TemplateVersion, VersionState
from notifications.testing import deliver_all, outbox
from project.accounts.models import User
from tests.integration.template_pages import EMAIL, LIST, NOTE, kavita, published, save, shown, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> User:
    return kavita(client)


# Where two people have to read


def test_where_a_review_is_needed_two_people_publish_and_the_page_says_so(
    client: Client, editor: User, settings: Any
) -> None:
    button = r"<button [^>]*disabled[^>]*>Publish …</button>"
    assert not re.search(button, client.get(NOTE).content.decode())
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    assert re.search(button, client.get(NOTE).content.decode())
    assert "It needs a review first: ask for one." in shown(client.get(NOTE))
    answer = save(client, NOTE, do="publish", sms_txt="New: {{ text }}")
    assert "It needs a review first: ask for one." in shown(answer)
    assert "Publish version 1" not in [
        each.strip() for each in re.findall(r">([^<]+)</button>", answer.content.decode())
    ]
    assert "Nothing was changed. It needs a review first" in shown(
        client.post(f"{NOTE}publish/", {"version": "1"}, follow=True)
    )
    answer = save(client, NOTE, do="submit", sms_txt="New: {{ text }}")
    assert "waits for somebody to review" in shown(answer)
    assert "You wrote it, so somebody else has to publish it" in shown(client.get(NOTE))
    assert re.search(button, client.get(NOTE).content.decode())
    other = Client()
    staff(other, "view_template", "publish_template")
    assert "It cannot be changed until it is returned or published" in shown(other.get(NOTE))
    answer = other.post(f"{NOTE}step/", {"step": "return", "version": "1", "note": "Shorter, please."}, follow=True)
    assert "Version 1 is a draft again" in shown(answer)
    assert "Shorter, please." in shown(client.get(f"{NOTE}history/"))
    save(client, NOTE, do="submit", sms_txt="Newer: {{ text }}")
    assert "Version 1 is published" in shown(other.post(f"{NOTE}publish/", {"version": "1"}, follow=True))


def test_what_is_in_review_is_not_written_into(client: Client, editor: User) -> None:
    save(client, NOTE, do="submit", sms_txt="New: {{ text }}")
    answer = save(client, NOTE, sms_txt="Newer: {{ text }}")
    assert answer.status_code == 409
    assert answer.context["fields"][0].source == "Newer: {{ text }}"
    assert TemplateVersion.objects.get().parts == {"sms.txt": "New: {{ text }}\n"}


# Who may


def test_who_may_only_look_sees_all_and_changes_nothing(client: Client) -> None:
    staff(client, "view_template")
    version = published("Old: {{ text }}")
    page = client.get(NOTE)
    assert "You may look at this text, and not change it." in shown(page)
    assert b"readonly" in page.content
    for address in (LIST, f"{NOTE}history/"):
        assert client.get(address).status_code == 200
    assert client.post(f"{NOTE}preview/", {"part-sms.txt": "Hi {{ text }}"}).json()["sms"]["text"] == "Hi hello"
    assert client.get(f"{NOTE}publish/").status_code == 403
    assert client.post(NOTE, {"base": "", "do": "save", "part-sms.txt": "x"}).status_code == 403
    for step in ("roll-back", "to-files", "take-file", "keep-override", "return", "discard", "open-again"):
        assert client.post(f"{NOTE}step/", {"step": step, "version": "1"}).status_code == 403, step
    version.refresh_from_db()
    assert version.state == VersionState.PUBLISHED
    assert TemplateVersion.objects.count() == 1


def test_who_may_write_cannot_publish(client: Client) -> None:
    staff(client, "view_template", "change_template")
    answer = save(client, NOTE, sms_txt="New: {{ text }}")
    assert b'value="publish"' not in answer.content
    assert client.post(f"{NOTE}publish/", {"version": "1"}).status_code == 403
    assert client.post(f"{NOTE}step/", {"step": "roll-back"}).status_code == 403


def test_who_may_not_look_finds_nothing(client: Client) -> None:
    staff(client, "view_notification")
    assert b"notify/template" not in client.get("/admin/").content
    for address in (LIST, NOTE, f"{NOTE}history/", f"{NOTE}publish/", f"{NOTE}trial/"):
        assert client.get(address).status_code == 403, address
    assert client.post(f"{NOTE}preview/", {"part-sms.txt": "Hi"}).status_code == 403


@pytest.mark.parametrize(
    "address",
    ["tests.nothing/sms/default/", "tests.note/email/default/", "tests.note/sms/xx/", "tests.note/sms/en/history/"],
)
def test_a_text_that_cannot_be_is_not_found(client: Client, editor: User, address: str) -> None:
    assert client.get(LIST + address).status_code == 404


def test_a_step_that_there_is_not_is_not_found(client: Client, editor: User) -> None:
    published("Old: {{ text }}")
    assert client.post(f"{NOTE}step/", {"step": "explode"}).status_code == 404
    for number in ("9", "9" * 5_000):
        assert client.post(f"{NOTE}step/", {"step": "discard", "version": number}).status_code == 404
    assert client.get(f"{NOTE}step/").status_code == 405


def test_a_link_to_the_row_leads_to_its_editor(client: Client, editor: User) -> None:
    row = published("Old: {{ text }}").template
    assert client.get(f"{LIST}{row.pk}/change/")["Location"] == NOTE
    assert client.get(f"{LIST}999999/change/").status_code == 404


# Tests to oneself


def test_a_test_goes_to_who_asks_for_it_and_nobody_else_reads_it(client: Client, editor: User) -> None:
    assert "to +447700900133" in shown(client.get(NOTE))
    answer = save(client, NOTE, do="test", sms_txt="Try: {{ text }}")
    assert "It is on its way." in shown(answer)
    deliver_all()
    address = answer.redirect_chain[-1][0]
    text = shown(client.get(address))
    assert "Your test of version 1" in text
    assert "Try: hello" in text
    assert "It is on its way." not in text
    assert outbox("sms", to="+447700900133")[-1].content["text"] == "Try: hello"
    other = Client()
    staff(other, "view_template")
    assert other.get(address).status_code == 404
    assert client.get(f"{NOTE}trial/?notification=x").status_code == 404


def test_after_many_tests_one_waits(client: Client, editor: User) -> None:
    save(client, NOTE, sms_txt="New: {{ text }}")
    for _ in range(20):
        assert "Your test of version 1" in shown(save(client, NOTE, do="test", sms_txt="New: {{ text }}"))
    answer = shown(save(client, NOTE, do="test", sms_txt="Newer: {{ text }}"))
    assert "You sent 20 tests in the last hour." in answer
    assert Delivery.objects.count() == 20
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Newer: {{ text }}\n"}, "what was written is kept"


def test_an_email_to_oneself_is_shown_in_a_frame_that_may_do_nothing(client: Client, editor: User) -> None:
    address = save(client, EMAIL, do="test", email_subject_txt="Try", email_html="<p>Hi {{ text }}</p>").redirect_chain
    deliver_all()
    page = client.get(address[-1][0]).content.decode()
    frame = re.search(r"<iframe [^>]*>", page)
    assert frame
    assert 'sandbox=""' in frame[0]
    assert "Content-Security-Policy" in frame[0]


def test_who_has_no_phone_is_told_before(client: Client) -> None:
    staff(client, "view_template", "change_template")
    page = client.get(NOTE)
    assert "No test can be sent to you" in shown(page)
    assert b'value="test"' not in page.content
    answer = save(client, NOTE, do="test", sms_txt="Try: {{ text }}")
    assert "No test was sent." in shown(answer) or "Nothing was sent." in shown(answer)
