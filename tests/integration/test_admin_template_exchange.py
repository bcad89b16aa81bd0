"""Texts as files in the admin: an archive to keep, and one that is looked at before it is taken (T1, S6)."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from notifications.models import Template, TemplateVersion, VersionState
from notifications.services import templates as services
from notifications.services.templates.bundles import as_zip, read_zip
from notifications.services.templates.exchange import export
from project.accounts.models import User
from tests.app.notifications import Note
from tests.integration.template_pages import LIST, NOTE, kavita, published, sent, shown, staff
from tests.integration.test_admin_languages import english

pytestmark = pytest.mark.django_db

EXPORT, IMPORT = f"{LIST}export/", f"{LIST}import/"
FILE = "notifications/tests.note/sms.txt"


@pytest.fixture
def editor(client: Client) -> User:
    return kavita(client)


def upload(client: Client, content: bytes | dict[str, str]) -> Any:
    archive = as_zip(content) if isinstance(content, dict) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile("ours.zip", archive)}, follow=True)


def take(client: Client, archive: str, **fields: str) -> Any:
    return client.post(IMPORT, {"archive": archive, **fields}, follow=True)


def test_what_is_published_is_downloaded_as_an_archive_and_taken_up_elsewhere(
    client: Client, editor: User, person: Any
) -> None:
    published("Ours: {{ text }}")
    answer = client.get(EXPORT)
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "application/zip",
        'attachment; filename="templates.zip"',
    )
    assert answer.content == as_zip(export())
    Template.objects.all().delete()  # another installation
    page = upload(client, answer.content)
    text = shown(page)
    assert "What ours.zip would change" in text and "Ours: {{ text }}" in text and "changes the file" in text
    assert not Template.objects.exists()
    answer = take(client, page.context["archive"])
    assert answer.redirect_chain[-1][0] == LIST
    assert "1 draft is there. Nobody gets it before it is published." in shown(answer)
    assert TemplateVersion.objects.get().created_by == editor
    page = upload(client, {FILE: "Ours: {{ text }}"})
    assert "is in draft 1 already" in shown(page)
    assert "1 text was published." in shown(take(client, page.context["archive"], publish="1"))
    assert sent(person) == "Ours: Hello."
    assert "1 text is the same as here. There is nothing to take from it." in shown(upload(client, as_zip(export())))


def test_all_texts_are_downloaded_with_those_that_are_files_and_none_where_nothing_is_published(
    client: Client, editor: User
) -> None:
    answer = client.get(EXPORT, follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    assert "Nothing is published, so there is nothing to download" in shown(answer)
    assert len(read_zip(client.get(EXPORT, {"all": "1"}).content)) > 50


def test_the_list_leads_there_who_may(client: Client) -> None:
    staff(client, "view_template")
    page = client.get(LIST).content.decode()
    assert f'href="{EXPORT}"' in page and IMPORT not in page
    assert client.get(EXPORT, {"all": "1"}).status_code == 200
    assert client.get(IMPORT).status_code == client.post(IMPORT, {}).status_code == 403
    staff(client, "view_template", "change_template")
    assert f'href="{IMPORT}"' in client.get(LIST).content.decode()
    staff(client, "publish_template")
    assert client.get(EXPORT).status_code == client.get(IMPORT).status_code == 403


def test_who_may_not_publish_imports_drafts_alone(client: Client) -> None:
    staff(client, "view_template", "change_template")
    page = upload(client, {FILE: "Ours: {{ text }}"})
    assert "Make 1 draft" in shown(page) and "at once" not in shown(page)
    assert client.post(IMPORT, {"archive": page.context["archive"], "publish": "1"}).status_code == 403
    assert not Template.objects.exists()
    take(client, page.context["archive"])
    assert TemplateVersion.objects.get().state == VersionState.DRAFT


def test_where_texts_need_a_review_none_is_published_by_an_import(
    client: Client, editor: User, settings: Settings
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    page = upload(client, {FILE: "Ours: {{ text }}"})
    assert "at once" not in shown(page)
    assert "read by two people" in shown(take(client, page.context["archive"], publish="1"))
    assert not Template.objects.exists()


def test_what_is_refused_is_told_before_and_the_rest_is_taken(client: Client, editor: User) -> None:
    services.begin("tests.note", "sms", "es", by=None, parts={"sms.txt": "Mine: {{ text }}"})
    page = upload(
        client,
        {
            FILE: "Ours: {{ text }}",
            "notifications/tests.note/es/sms.txt": "Theirs: {{ text }}",
            "notifications/tests.note/hi/sms.txt": "{% load os %}",
            "notifications/<script>alert(1)</script>/sms.txt": "x",
        },
    )
    text = shown(page)
    assert "Version 1 is open (draft) with another text." in text
    assert "It has mistakes." in text
    assert "Unknown notification type &#x27;&lt;script&gt;alert(1)&lt;" in page.content.decode()
    assert "<script>alert" not in page.content.decode()
    assert list(read_zip(base64.b64decode(page.context["archive"]))) == [FILE]
    take(client, page.context["archive"])
    assert TemplateVersion.objects.count() == 2


def test_what_somebody_else_wrote_since_the_look_is_left_alone_and_told(client: Client, editor: User) -> None:
    page = upload(client, {FILE: "Ours: {{ text }}"})
    services.begin("tests.note", "sms", by=None, parts={"sms.txt": "Mine: {{ text }}"})
    answer = take(client, page.context["archive"])
    assert "tests.note sms was not taken: Version 1 is open" in shown(answer)
    assert f'<a href="{NOTE}">tests.note sms</a>' in answer.content.decode()
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Mine: {{ text }}"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "Choose a zip archive first."),
        ({"file": SimpleUploadedFile("x.zip", b"PK no archive")}, "It is no zip archive that can be read"),
        ({"archive": "§§§"}, "The archive did not arrive whole."),
        ({"archive": "AAAA"}, "It is no zip archive that can be read"),
    ],
)
def test_what_is_no_archive_is_refused_in_words(
    client: Client, editor: User, fields: dict[str, Any], told: str
) -> None:
    assert told in shown(client.post(IMPORT, fields, follow=True))
    assert not Template.objects.exists()


def test_more_than_a_form_can_carry_is_left_to_the_command(client: Client, editor: User, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_100
    assert "Use manage.py import_templates." in shown(upload(client, {FILE: "Ours: {{ text }}"}))


def test_an_archive_from_another_site_is_not_taken() -> None:
    client = Client(enforce_csrf_checks=True)
    kavita(client)
    assert upload(client, {FILE: "Ours: {{ text }}"}).status_code == 403
    assert not Template.objects.exists()


def test_texts_are_published_also_where_a_request_is_a_transaction(
    client: Client, editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    page = upload(client, {FILE: "Ours: {{ text }}"})
    assert "1 text was published." in shown(take(client, page.context["archive"], publish="1"))
    draft = services.begin(Note.key, "sms", by=editor, parts={"sms.txt": "Mine: {{ text }}"})
    answer = client.post(f"{NOTE}publish/", {"version": str(draft.number)}, follow=True)
    assert "Version 2 is published" in shown(answer)


@pytest.mark.parametrize("language", ["hi", "es", "ar"])
def test_the_page_is_in_the_language_of_who_looks(client: Client, editor: User, language: str) -> None:
    User.objects.update(language=language)
    assert english(client, IMPORT, language) == []
    page = upload(client, {FILE: "Ours: {{ text }}"}).content.decode()
    assert f'<html lang="{language}"' in page
    assert not re.search("would change|changes the file|Make|at once|Change nothing", page)
