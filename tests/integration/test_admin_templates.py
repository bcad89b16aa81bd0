"""Texts in the admin: written, published and rolled back by staff without code access (T1)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from notifications.models import Template, TemplateChange, TemplateVersion, VersionState
from notifications.services import templates as services
from project.accounts.models import User
from tests.integration.template_pages import LIST, NOTE, kavita, published, save, sent, shown, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> User:
    return kavita(client)


def test_an_editor_writes_publishes_and_rolls_back_and_readers_get_each(
    client: Client, editor: User, person: Any
) -> None:
    before = sent(person)
    answer = save(client, NOTE, sms_txt="From staff: {{ text }}")
    assert "Version 1 is saved. Nobody gets it before it is published." in shown(answer)
    assert sent(person) == before
    asked = client.get(f"{NOTE}publish/")
    assert "From staff: {{ text }}" in asked.content.decode()
    answer = client.post(f"{NOTE}publish/", {"version": "1"}, follow=True)
    assert "Version 1 is published: what is sent from now on has it." in shown(answer)
    assert sent(person) == "From staff: Hello."
    assert "Roll back to the files" in shown(client.get(f"{NOTE}history/"))
    answer = client.post(f"{NOTE}step/", {"step": "roll-back", "from": "history"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{NOTE}history/"
    assert "Rolled back. Readers get the files from now on." in shown(answer)
    assert sent(person) == before
    for page in (LIST, NOTE):
        assert re.search("olled back .* ago by kavita", shown(client.get(page)))
    actions = list(TemplateChange.objects.order_by("pk").values_list("action", "by__username"))
    assert actions == [("drafted", "kavita"), ("published", "kavita"), ("rolled_back", "kavita")]


def test_a_text_that_is_not_changed_makes_no_draft(client: Client, editor: User) -> None:
    source = client.get(NOTE).context["fields"][0].source
    assert "Nothing was changed" in shown(save(client, NOTE, sms_txt=source))
    assert not Template.objects.exists()
    save(client, NOTE, sms_txt="New: {{ text }}")
    answer = save(client, NOTE, sms_txt="New: {{ text }}\r\n")
    assert "Nothing was changed since it was saved." in shown(answer)
    assert TemplateVersion.objects.get().parts == {"sms.txt": "New: {{ text }}\n"}


def test_what_two_people_write_at_once_is_lost_by_neither(client: Client, editor: User) -> None:
    base = client.get(NOTE).context["base"]
    other = Client()
    staff(other, "view_template", "change_template", first_name="Ravi")
    save(other, NOTE, sms_txt="Theirs: {{ text }}")
    for round_ in ("begun meanwhile", "changed meanwhile"):
        answer = save(client, NOTE, base=base, sms_txt="Mine: {{ text }}")
        assert answer.status_code == 409, round_
        text = shown(answer)
        assert "Not saved" in text
        assert "while you were writing" in text
        assert text.count("Theirs: {{ text }}") >= 2, "in the difference, and whole"
        assert "Mine: {{ text }}" in answer.context["fields"][0].source
        assert TemplateVersion.objects.get().parts == {"sms.txt": "Theirs: {{ text }}\n"}
        base = answer.context["base"]
        save(other, NOTE, sms_txt=f"Theirs: {{{{ text }}}} {round_}")
        TemplateVersion.objects.update(parts={"sms.txt": "Theirs: {{ text }}\n"})
    answer = save(client, NOTE, sms_txt="Mine: {{ text }}")
    assert "Version 1 is saved." in shown(answer)
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Mine: {{ text }}\n"}


def test_what_is_written_into_a_draft_that_was_closed_meanwhile_is_kept(client: Client, editor: User) -> None:
    save(client, NOTE, sms_txt="First: {{ text }}")
    base = client.get(NOTE).context["base"]
    services.publish(TemplateVersion.objects.get(), by=None)
    answer = save(client, NOTE, base=base, sms_txt="Second: {{ text }}")
    assert answer.status_code == 409
    assert "published or discarded meanwhile" in shown(answer)
    assert answer.context["fields"][0].source == "Second: {{ text }}"
    answer = save(client, NOTE, base=answer.context["base"], sms_txt="Second: {{ text }}")
    assert "Version 2 is saved." in shown(answer)


@pytest.mark.parametrize("base", ["1", "x@y", "999999@2026-01-01T00:00:00+00:00", "@"])
def test_a_form_of_no_page_changes_nothing(client: Client, editor: User, base: str) -> None:
    save(client, NOTE, sms_txt="First: {{ text }}")
    assert save(client, NOTE, base=base, sms_txt="Second: {{ text }}").status_code == 409
    assert TemplateVersion.objects.get().parts == {"sms.txt": "First: {{ text }}\n"}


def test_a_note_holds_nothing_that_a_database_refuses(client: Client, editor: User) -> None:
    client.post(NOTE, {"base": "", "do": "save", "note": "Shorter\x00.", "part-sms.txt": "New: {{ text }}"})
    assert TemplateVersion.objects.get().note == "Shorter."


def test_a_text_with_mistakes_is_saved_and_not_published_and_it_says_why(client: Client, editor: User) -> None:
    answer = save(client, NOTE, do="publish", sms_txt="Dear {{ nobody }}, {% if text %}hello")
    assert answer.redirect_chain[-1][0] == f"{NOTE}publish/"
    text = shown(answer)
    assert "It cannot be published: it has mistakes." in text
    assert "sms.txt , line 1" in text
    assert not answer.context["possible"]
    answer = client.post(f"{NOTE}publish/", {"version": "1"}, follow=True)
    assert "Nothing was changed: it has mistakes now." in shown(answer)
    assert TemplateVersion.objects.get().state == VersionState.DRAFT


def test_the_page_that_asks_shows_what_changes_for_readers_now(client: Client, editor: User) -> None:
    published("Old: {{ text }}\n")
    save(client, NOTE, do="publish", sms_txt="New: {{ text }}")
    (difference,) = client.get(f"{NOTE}publish/").context["differences"]
    assert [line for mark, line in difference.lines if mark == "-"] == ["Old: {{ text }}"]
    assert [line for mark, line in difference.lines if mark == "+"] == ["New: {{ text }}"]


def test_a_draft_is_discarded_and_opened_again(client: Client, editor: User) -> None:
    save(client, NOTE, sms_txt="New: {{ text }}")
    answer = client.post(f"{NOTE}step/", {"step": "discard", "version": "1"}, follow=True)
    assert "Version 1 is discarded." in shown(answer)
    assert "discarded" in shown(client.get(f"{NOTE}history/"))
    answer = client.post(f"{NOTE}step/", {"step": "open-again", "version": "1"}, follow=True)
    assert "Version 2 is a draft with the text of version 1." in shown(answer)
    assert TemplateVersion.objects.get(number=2).parts == {"sms.txt": "New: {{ text }}\n"}


def _posts(page: Any, step: str) -> dict[str, str]:
    """What the form of a step posts."""
    form = next(each for each in re.findall(r"<form.*?</form>", page.content.decode(), re.S) if f'"{step}"' in each)
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_what_somebody_wrote_after_the_page_was_read_is_not_published(client: Client, editor: User) -> None:
    save(client, NOTE, do="publish", sms_txt="Read: {{ text }}")
    asked = _posts(client.get(f"{NOTE}publish/"), "changed_at")
    other = Client()
    staff(other, "view_template", "change_template")
    save(other, NOTE, sms_txt="Not read: {{ text }}")
    answer = client.post(f"{NOTE}publish/", asked, follow=True)
    assert "Version 1 was changed after you had read it." in shown(answer)
    assert "Not read:" in shown(answer)
    assert not TemplateVersion.objects.filter(state=VersionState.PUBLISHED).exists()
    client.post(f"{NOTE}publish/", _posts(answer, "changed_at"))
    assert TemplateVersion.objects.get(state=VersionState.PUBLISHED).parts == {"sms.txt": "Not read: {{ text }}\n"}


@pytest.mark.parametrize("page", ["", "history/"])
def test_who_clicks_twice_rolls_back_once(client: Client, editor: User, page: str) -> None:
    for text in ("One: {{ text }}", "Two: {{ text }}", "Three: {{ text }}"):
        published(text)
    click = _posts(client.get(NOTE + page), "roll-back")
    assert "Version 2 is published" in shown(client.post(f"{NOTE}step/", click, follow=True))
    assert "Version 3 is no longer published: version 2 is." in shown(client.post(f"{NOTE}step/", click, follow=True))
    assert TemplateVersion.objects.get(state=VersionState.PUBLISHED).number == 2
