"""Templates in the admin: written, tried, published and rolled back by staff without code access (T1, T3, T4, T7)."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from notifications.models import Template, TemplateChange, TemplateVersion, VersionState
from notifications.services import notify
from notifications.services import templates as services
from notifications.testing import deliver_all, outbox
from project.accounts import roles
from project.accounts.models import User
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/template/"
NOTE = f"{LIST}tests.note/sms/default/"
SPANISH = f"{LIST}tests.note/sms/es/"
EMAIL = f"{LIST}tests.everywhere/email/default/"


def staff(client: Client, *codenames: str, **values: Any) -> User:
    user = User.objects.create_user(f"staff-{uuid4()}", is_staff=True, time_zone="Asia/Kolkata", **values)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notify", codename__in=codenames))
    client.force_login(user)
    return user


@pytest.fixture
def editor(client: Client) -> User:
    """Kavita, of the role that the project has for it; signed in."""
    user = User.objects.create_user(
        "kavita", first_name="Kavita", is_staff=True, phone="+447700900133", email="kavita@example.org"
    )
    user.groups.add(Group.objects.get(name=roles.EDITOR))
    client.force_login(user)
    return user


def shown(response: Any) -> str:
    """The text of a page, without its tags."""
    assert response.status_code in (200, 409), response
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def save(client: Client, page: str, do: str = "save", base: str | None = None, **parts: str) -> Any:
    """As the form does. `parts`: sms_txt → its source; the form is loaded first unless it is said from what."""
    if base is None:
        base = client.get(page).context["base"]
    fields = {f"part-{name.replace('_', '.')}": source for name, source in parts.items()}
    return client.post(page, {"base": base, "do": do, "note": "", **fields}, follow=True)


def published(text: str) -> TemplateVersion:
    return services.publish(services.begin("tests.note", "sms", parts={"sms.txt": text}, by=None), by=None).version


def sent(person: Any) -> str:
    notify(Note(text="Hello."), to=person)
    deliver_all()
    text: str = outbox("sms", to=person.phone)[-1].content["text"]
    return text


# From a draft to readers and back


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
    assert client.post(f"{NOTE}step/", {"step": "explode"}).status_code == 404
    assert client.post(f"{NOTE}step/", {"step": "discard", "version": "9"}).status_code == 404
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
