"""The history of a text in the admin: versions, what differs, what they cost, files that changed (T1, T6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications import clock
from notifications.admin.templates import told
from notifications.models import Experiment, Template, TemplateVersion, VersionMeasure, VersionState
from notifications.services import templates as services
from notifications.services.templates import Publication
from project.accounts.models import User
from tests.app.notifications import Note
from tests.integration.template_pages import NOTE, kavita, published, sent, shown

pytestmark = pytest.mark.django_db

HISTORY = f"{NOTE}history/"
STEP = f"{NOTE}step/"


@pytest.fixture(autouse=True)
def editor(client: Client) -> User:
    return kavita(client)


def lines(client: Client, **asked: str) -> list[tuple[str, str]]:
    """What differs between two, without the marks of places."""
    (difference,) = client.get(HISTORY, asked).context["differences"]
    return [line for line in difference.lines if line[0] != "@"]


def test_any_two_versions_are_compared_and_each_with_the_file(client: Client) -> None:
    for text in ("One: {{ text }}\n", "Two: {{ text }}\n", "Three: {{ text }}\n"):
        published(text)
    assert lines(client) == [("-", "Two: {{ text }}"), ("+", "Three: {{ text }}")]
    assert lines(client, old="1", new="3") == [("-", "One: {{ text }}"), ("+", "Three: {{ text }}")]
    assert lines(client, old="3", new="1") == [("-", "Three: {{ text }}"), ("+", "One: {{ text }}")]
    assert lines(client, old="file", new="2") == [("-", "{{ text }}"), ("+", "Two: {{ text }}")]
    assert "The two say the same." in shown(client.get(HISTORY, {"old": "2", "new": "2"}))
    assert lines(client, old="9", new="x") == lines(client)


def test_a_text_that_nobody_touched_has_a_history_too(client: Client) -> None:
    assert "Staff never wrote here" in shown(client.get(HISTORY))


def test_a_chosen_version_is_put_back_and_then_the_files(client: Client, person: Any) -> None:
    for text in ("One: {{ text }}", "Two: {{ text }}", "Three: {{ text }}"):
        published(text)
    assert "Roll back to version 2" in shown(client.get(HISTORY))
    client.post(STEP, {"step": "roll-back", "version": "1", "from": "history"})
    assert sent(person) == "One: Hello."
    client.post(STEP, {"step": "roll-back", "version": "3"})
    assert sent(person) == "Three: Hello."
    answer = client.post(STEP, {"step": "to-files", "from": "history"}, follow=True)
    assert "Rolled back. Readers get the files from now on." in shown(answer)
    assert sent(person) == "Hello."
    assert "Nothing is published" in shown(client.post(STEP, {"step": "roll-back"}, follow=True))


def test_a_version_that_was_never_published_is_not_rolled_back_to(client: Client) -> None:
    published("One: {{ text }}")
    draft = services.begin(Note.key, "sms", by=None)
    services.discard(draft, by=None)
    answer = client.post(STEP, {"step": "roll-back", "version": "2"}, follow=True)
    assert "was never published" in shown(answer)
    assert TemplateVersion.objects.get(number=1).state == VersionState.PUBLISHED


def test_what_each_version_costs_and_how_it_fails_is_shown_for_thirty_days(client: Client) -> None:
    version = published("One: {{ text }}")
    today = clock.now().date()
    days = ((0, 100, 1, "sms.txt, line 1: no value"), (29, 100, 1, "older"), (31, 7, 7, ""))
    for ago, renders, failures, error in days:
        VersionMeasure.objects.create(
            version=version,
            day=today - timedelta(days=ago),
            renders=renders,
            seconds=renders * 0.0005,
            failures=failures,
            last_error=error,
        )
    (line,) = client.get(HISTORY).context["lines"]
    assert (line.measured.renders, line.measured.failures) == (200, 2)
    assert line.measured.milliseconds == pytest.approx(0.5)
    text = shown(client.get(HISTORY))
    assert "0.50 ms each" in text
    assert "2 failed: sms.txt, line 1: no value" in text


def test_a_file_that_changed_under_the_override_is_shown_and_decided_upon(client: Client, person: Any) -> None:
    version = published("Staff: {{ text }}")
    TemplateVersion.objects.update(file_parts={"sms.txt": "The old file {{ text }}\n"})
    assert "The file has changed since version 1 was published over it" in shown(client.get(NOTE))
    (difference,) = client.get(HISTORY).context["file_differences"]
    assert [line for line in difference.lines if line[0] != "@"] == [
        ("-", "The old file {{ text }}"),
        ("+", "{{ text }}"),
    ]
    answer = client.post(STEP, {"step": "keep-override", "version": "1", "from": "history"}, follow=True)
    assert "Version 1 is kept over the file as it is now." in shown(answer)
    assert "has changed" not in shown(client.get(NOTE))
    assert sent(person) == "Staff: Hello."
    TemplateVersion.objects.update(file_parts={"sms.txt": "Another old file"})
    answer = client.post(STEP, {"step": "take-file", "from": "history"}, follow=True)
    assert "Readers get the files from now on. Version 1 is archived." in shown(answer)
    assert sent(person) == "Hello."
    version.refresh_from_db()
    assert version.state == VersionState.ARCHIVED


def test_who_did_what_is_told_in_the_readers_time(client: Client, editor: User) -> None:
    User.objects.filter(pk=editor.pk).update(time_zone="Asia/Kolkata")
    version = published("One: {{ text }}")
    client.post(STEP, {"step": "roll-back", "note": "It was late at night."})
    page = client.get(HISTORY)
    text = shown(page)
    assert "kavita rolled back: version 1 It was late at night." in text
    assert "The system published: version 1" in text
    (change, *_) = version.template.changes.all()
    local = change.at + timedelta(hours=5, minutes=30)
    assert f"{local:%Y-%m-%d %H:%M:%S}" in text


def test_what_a_publication_ended_and_what_may_still_carry_the_old_text_is_told() -> None:
    publication = Publication(
        template=Template(),
        version=TemplateVersion(number=4),
        replaced=TemplateVersion(number=3),
        stopped=Experiment(name="Shorter"),
        in_flight=1,
    )
    assert told.of_publication(publication) == (
        "Version 4 is published: what is sent from now on has it. Version 3 is archived. The A/B test “Shorter” has "
        "ended with it. 1 message is with a provider at this moment, and may carry the text of before."
    )
    assert "2,000 messages are" in told.of_publication(replace(publication, in_flight=2000))


def test_the_lists_of_versions_are_made_without_reading_what_each_says(client: Client) -> None:
    for number in range(4):
        published(f"{number}: {{{{ text }}}}")
    address = f"/admin/notify/experiment/add/?template={Template.objects.get().pk}"
    for page in (HISTORY, address):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page).status_code == 200
        of_many = [each["sql"] for each in queries if '"number" DESC' in each["sql"] and "LIMIT 1" not in each["sql"]]
        assert of_many
        assert not [each for each in of_many if '"parts"' in each], page
