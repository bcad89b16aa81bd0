"""What staff do with texts: drafts, review, publication, rollback, changed files; and what readers get (T1, T4, T6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications.exceptions import TemplateInvalid, TemplateStateError, UnknownTypeError
from notifications.models import (
    Delivery,
    SandboxMessage,
    Template,
    TemplateChange,
    TemplateStamp,
    TemplateVersion,
    VersionMeasure,
    VersionState,
)
from notifications.services import notify, preview
from notifications.services import templates as staff
from notifications.templating import measures, texts
from notifications.testing import deliver_all, registered
from tests.app.notifications import Everywhere, Inbox, Note

NOTE = Note.key
pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(make_person: Callable[..., Any]) -> Any:
    return make_person(username="editor")


@pytest.fixture
def publisher(make_person: Callable[..., Any]) -> Any:
    return make_person(username="publisher")


def published(text: str, *, language: str = "", by: Any = None) -> TemplateVersion:
    version = staff.begin(NOTE, "sms", language, by=by, parts={"sms.txt": text})
    found = staff.publish(version, by=by).version
    assert found is not None
    return found


def sms_to(person: Any) -> str:
    """The text of a note that is sent now."""
    (notification,) = notify(Note(text="hello"), to=person)
    deliver_all()
    sent = SandboxMessage.objects.get(delivery_id=notification.deliveries.get().pk)
    return str(sent.content["text"])


# Two layers.


def test_a_published_text_stands_in_place_of_the_file_and_only_in_its_language(
    make_person: Callable[..., Any],
) -> None:
    english, spanish = make_person(language="en"), make_person(language="es")
    before = sms_to(spanish)
    published("Published: {{ text }}")
    assert sms_to(english) == "Published: hello"
    assert sms_to(spanish) == before  # whose file is nearer than the default's text
    published("Publicado: {{ text }}", language="es")
    assert sms_to(spanish) == "Publicado: hello"


def test_a_draft_begins_as_what_readers_get_and_is_sent_to_nobody(person: Any, editor: Any) -> None:
    version = staff.begin(NOTE, "sms", by=editor)
    assert version.parts == staff.file_parts(NOTE, "sms", "") == version.file_parts
    staff.save(version, {"sms.txt": "Not yet {{ text }}"}, by=editor)
    assert "Not yet" not in sms_to(person)
    assert staff.begin(NOTE, "sms", by=editor).pk == version.pk, "a template has one open version"


def test_a_draft_in_a_language_without_a_text_begins_as_the_text_its_readers_fall_back_to() -> None:
    published("Default {{ text }}")
    assert staff.begin(NOTE, "sms", "hi", by=None).parts == {"sms.txt": "Default {{ text }}"}


def test_the_delivery_says_which_version_it_was_worded_by(person: Any) -> None:
    sms_to(person)
    first, second = published("1: {{ text }}"), published("2: {{ text }}")
    sms_to(person)
    assert list(Delivery.objects.order_by("pk").values_list("version", flat=True)) == [None, second.pk]
    assert first.number == 1 and second.number == 2


def test_a_message_in_the_inbox_says_which_version_it_was_worded_by(person: Any) -> None:
    parts = {"in_app.title.txt": "Published", "in_app.txt": "{{ text }}"}
    version = staff.publish(staff.begin(Inbox.key, "in_app", by=None, parts=parts), by=None).version
    (notification,) = notify(Inbox(text="hello"), to=person)
    assert notification.title == "Published"
    assert version is not None and notification.deliveries.get().version_id == version.pk


def test_an_email_is_written_by_the_published_parts_and_its_styles_are_inlined(person: Any) -> None:
    parts = {
        "email.subject.txt": "For {{ recipient_name }}",
        "email.html": '{% extends "notifications/layouts/email.html" %}'
        "{% block content %}<p>{{ text }}</p>{% endblock %}",
    }
    staff.publish(staff.begin(Everywhere.key, "email", by=None, parts=parts), by=None)
    notify(Everywhere(text="<b>"), to=person)
    deliver_all()
    sent = SandboxMessage.objects.get(channel="email").content
    assert "<p style=" in sent["html"] and "&lt;b&gt;</p>" in sent["html"]
    assert "<b>" in sent["text"]


# From draft to readers and back.


def test_only_a_draft_is_written_into(editor: Any) -> None:
    version = published("Published {{ text }}")
    with pytest.raises(TemplateStateError, match="Version 1 is published, so it cannot be changed") as refused:
        staff.save(version, {"sms.txt": "Later"}, by=editor)
    assert refused.value.code == "state"
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Published {{ text }}"}


def test_who_saves_over_what_somebody_else_saved_is_told_and_nothing_is_lost(editor: Any, publisher: Any) -> None:
    seen = staff.begin(NOTE, "sms", by=editor)
    staff.save(seen, {"sms.txt": "Theirs {{ text }}"}, by=publisher, changed_at=seen.changed_at)
    with pytest.raises(TemplateStateError, match="changed by publisher while you were writing") as refused:
        staff.save(seen, {"sms.txt": "Mine {{ text }}"}, by=editor, changed_at=seen.changed_at)
    assert refused.value.code == "changed"
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Theirs {{ text }}"}


def test_a_draft_goes_through_review_and_back_and_each_step_is_written_down(editor: Any, publisher: Any) -> None:
    version = staff.begin(NOTE, "sms", by=editor)
    version = staff.submit(version, by=editor)
    assert version.state == VersionState.REVIEW
    version = staff.send_back(version, by=publisher, note="Say the day, too.")
    assert version.state == VersionState.DRAFT
    version = staff.submit(version, by=editor)
    staff.publish(version, by=publisher, note="Shorter")
    told = [(each.action, each.by, each.note) for each in reversed(TemplateChange.objects.all())]
    assert told == [
        ("drafted", editor, ""),
        ("submitted", editor, ""),
        ("returned", publisher, "Say the day, too."),
        ("submitted", editor, ""),
        ("published", publisher, "Shorter"),
    ]


def test_a_text_with_a_mistake_is_neither_reviewed_nor_published_and_says_where(editor: Any, person: Any) -> None:
    version = staff.begin(NOTE, "sms", by=editor, parts={"sms.txt": "Dear\n{{ text|nonsense }}"})
    for step in (staff.submit, staff.publish):
        with pytest.raises(TemplateInvalid, match=r"sms.txt, line 2: Unknown filter 'nonsense'") as refused:
            step(version, by=editor)
        assert [(each.part, each.line) for each in refused.value.findings] == [("sms.txt", 2)]
    version.refresh_from_db()
    assert version.state == VersionState.DRAFT
    assert sms_to(person)


def test_publishing_twice_is_refused_and_a_published_version_cannot_be_discarded(editor: Any) -> None:
    version = published("1 {{ text }}")
    for step in (staff.publish, staff.discard, staff.submit, staff.send_back):
        with pytest.raises(TemplateStateError, match="is published"):
            step(version, by=editor)


def test_a_publication_inside_a_transaction_is_refused_for_it_could_not_be_in_force_when_it_returns() -> None:
    version = staff.begin(NOTE, "sms", by=None)
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        staff.publish(version, by=None)


def test_rolling_back_goes_to_the_version_before_and_then_to_the_file(person: Any, publisher: Any) -> None:
    file = sms_to(person)
    first, second = published("1 {{ text }}"), published("2 {{ text }}")
    back = staff.roll_back(first.template, by=publisher)
    assert (back.version, back.replaced) == (first, second)
    assert sms_to(person) == "1 hello"
    assert staff.roll_back(first.template, by=publisher).version is None
    assert sms_to(person) == file
    with pytest.raises(TemplateStateError, match="Nothing is published"):
        staff.roll_back(first.template, by=publisher)
    actions = list(TemplateChange.objects.filter(by=publisher).values_list("action", flat=True))
    assert actions == ["rolled_back", "rolled_back"]


def test_rolling_back_to_any_version_of_the_template_and_to_no_other(person: Any) -> None:
    first = published("1 {{ text }}")
    published("2 {{ text }}")
    third = published("3 {{ text }}")
    other = staff.begin(NOTE, "sms", "es", by=None)
    with pytest.raises(TemplateStateError, match="another template"):
        staff.roll_back(third.template, by=None, to=other)
    staff.roll_back(third.template, by=None, to=first)
    assert sms_to(person) == "1 hello"


def test_where_the_project_asks_for_review_nobody_publishes_what_they_alone_have_read(
    settings: Any, editor: Any, publisher: Any
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    version = staff.begin(NOTE, "sms", by=editor)
    with pytest.raises(TemplateStateError, match="needs a review first"):
        staff.publish(version, by=publisher)
    version = staff.submit(version, by=editor)
    with pytest.raises(TemplateStateError, match="somebody else has to publish it") as refused:
        staff.publish(version, by=editor)
    assert refused.value.code == "reviewer"
    second = staff.publish(version, by=publisher).version
    assert second is not None
    # Going back to what was published before needs nobody else: it may be night.
    staff.archive(second.template, by=editor)
    assert staff.publish(TemplateVersion.objects.get(), by=editor).version == version


# Files that change under a published version.


def test_a_file_that_changed_under_a_published_version_is_shown_until_somebody_decides() -> None:
    class Reminder(Note):
        key = "tests.file_change"

    with registered(Reminder, {"sms.txt": "Old file {{ text }}"}):
        version = staff.publish(staff.begin(Reminder.key, "sms", by=None), by=None).version
        assert version is not None
        assert not staff.standing(Reminder.key, "sms", "").file_changed
    with registered(Reminder, {"sms.txt": "New file {{ text }}"}):
        standing = staff.standing(Reminder.key, "sms", "")
        assert standing.file_changed and standing.source == "published"
        (difference,) = staff.diff(version.file_parts, staff.file_parts(Reminder.key, "sms", ""))
        assert [each for each in difference.lines if each[0] in "+-"] == [
            ("-", "Old file {{ text }}"),
            ("+", "New file {{ text }}"),
        ]
        staff.accept_file(version, by=None)
        assert not staff.standing(Reminder.key, "sms", "").file_changed


# Bad input.


@pytest.mark.parametrize(
    ("where", "error", "told"),
    [
        (("tests.nowhere", "sms", ""), UnknownTypeError, "Unknown notification type 'tests.nowhere'"),
        ((NOTE, "email", ""), TemplateStateError, "no text for channel 'email'. Known: sms"),
        ((NOTE, "sms", "tlh"), TemplateStateError, "Unknown language 'tlh'. Known: ar, es, hi"),
    ],
)
def test_a_place_that_there_is_not_is_refused_with_those_there_are(
    where: tuple[str, str, str], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        staff.begin(*where, by=None)
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"sms.html": "x"}, "no part 'sms.html'. Known: sms.txt"),
        ({"sms.txt": 5}, "is no text"),
        ({"sms.txt": "x" * 200_001}, "200,001 characters; 200,000 are the most"),
        ({"sms.txt": "a\x00b"}, "cannot be stored"),
        ({"sms.txt": "\ud800"}, "cannot be stored"),
    ],
)
def test_parts_that_cannot_be_are_refused_and_nothing_is_stored(parts: Any, told: str) -> None:
    with pytest.raises(TemplateStateError, match=told):
        staff.begin(NOTE, "sms", by=None, parts=parts)
    assert not TemplateVersion.objects.exists()


# Caches, and what it costs.


def test_a_text_is_looked_up_once_and_after_a_publication_again(person: Any) -> None:
    texts.refresh()
    texts.choose(NOTE, "sms", "en", person.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        texts.refresh()
        texts.choose(NOTE, "sms", "en", person.pk)
    assert len(queries) == 1, "the stamp alone"
    version = published("New {{ text }}")
    texts.refresh()
    with CaptureQueriesContext(connection) as queries:
        assert texts.choose(NOTE, "sms", "en", person.pk).wording.version == version.pk
        assert texts.choose(NOTE, "sms", "fr", person.pk).wording.version == version.pk
    assert len(queries) == 2, "what is published, and the tests that run: the second language finds both in the cache"


def test_the_cache_that_is_away_costs_time_and_no_message(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from notifications.templating import versions

    class Away:
        def get(self, *args: Any) -> None:
            raise ConnectionError("refused")

        set = get

    published("New {{ text }}")
    monkeypatch.setattr(versions, "cache", Away())
    assert sms_to(person) == "New hello"


def test_another_process_of_the_site_sees_the_publication_by_its_stamp(person: Any) -> None:
    before = texts.refresh()
    published("New {{ text }}")
    assert TemplateStamp.now() != before
    assert texts.refresh() == TemplateStamp.now()


def test_what_rendering_a_version_costs_and_how_often_it_fails_is_counted(person: Any) -> None:
    class Dated(Note):
        key = "tests.dated"
        example = {"text": "2030-03-04"}

    measures.flush(now=True)  # what other tests have left
    with registered(Dated):
        draft = staff.begin(Dated.key, "sms", by=None, parts={"sms.txt": "{{ text|date:'j F' }}"})
        version = staff.publish(draft, by=None).version
        for text in ("2030-03-05", "soon", "2030-03-06"):
            notify(Dated(text=text), to=person)
        deliver_all()
        list(preview(Dated(text="2030-03-07"), to=person))  # which sends nothing
        staff.send_test(draft, to=person, by=person)  # which no reader gets
        deliver_all()
    measures.flush(now=True)
    row = VersionMeasure.objects.get(version=version)
    assert (row.renders, row.failures) == (2, 1)
    assert 0 < row.seconds < 1
    assert "needs a date" in row.last_error and row.last_failed_at is not None


# Tests to oneself, and previews.


def test_a_test_is_worded_by_the_draft_with_example_values_and_reaches_its_editor_alone(editor: Any) -> None:
    version = staff.begin(NOTE, "sms", by=editor, parts={"sms.txt": "Draft {{ text }}"})
    staff.send_test(version, to=editor, by=editor)
    deliver_all()
    sent = SandboxMessage.objects.get()
    assert (sent.content["text"], sent.to) == ("Draft hello", editor.phone)
    delivery = Delivery.objects.get()
    assert delivery.version_id == version.pk and delivery.notification.recipient == editor
    assert TemplateChange.objects.filter(action="tested", by=editor).exists()


@pytest.mark.parametrize("channel", Everywhere.channels)
def test_a_test_goes_by_the_channel_of_the_text(editor: Any, channel: str) -> None:
    staff.send_test(staff.begin(Everywhere.key, channel, by=editor), to=editor, by=editor)
    deliver_all()
    assert [(each.channel, each.status) for each in Delivery.objects.all()] == [(channel, "delivered")]


def test_a_preview_shows_what_would_be_sent_and_stores_nothing(editor: Any) -> None:
    shown = staff.preview_text(NOTE, "sms", "", {"sms.txt": "Hello {{ text }} “x”"}, reader=editor)
    assert (shown.sms_text, shown.error) == ("Hello hello “x”", "")
    assert shown.segments is not None and shown.segments.encoding == "UCS-2"
    assert not Template.objects.exists() and not Delivery.objects.exists()


def test_a_preview_of_a_text_with_a_mistake_says_where() -> None:
    shown = staff.preview_text(NOTE, "sms", "", {"sms.txt": "a\nb {% if %}"})
    assert (shown.part, shown.line, shown.message) == ("sms.txt", 2, None)
    assert "{% if %} needs a condition" in shown.error


def test_a_preview_with_a_recipients_data_is_written_down(editor: Any, person: Any) -> None:
    (notification,) = notify(Note(text="for you"), to=person)
    shown = staff.preview_text(NOTE, "sms", "", {"sms.txt": "{{ text }}"}, notification=notification, by=editor)
    assert shown.sms_text == "for you"
    change = TemplateChange.objects.get()
    assert (change.action, change.by, change.note) == ("viewed", editor, f"notification {notification.pk}")


def test_a_preview_with_the_longest_values_shows_how_many_parts_an_sms_may_have() -> None:
    class Long(Note):
        key = "tests.longest"
        variables = {"text": staff_variable("short", "long " * 60)}

        def context(self, recipient: Any) -> dict[str, Any]:
            return self.payload()

    with registered(Long, {"sms.txt": "{{ text }}"}):
        parts = {"sms.txt": "{{ text }}"}
        short = staff.preview_text(Long.key, "sms", "", parts)
        long = staff.preview_text(Long.key, "sms", "", parts, shown="longest")
    assert short.segments is not None and long.segments is not None
    assert (short.segments.parts, long.segments.parts) == (1, 2)


def staff_variable(example: str, longest: str) -> Any:
    from notifications.variables import Variable

    return Variable(example=example, longest=longest)
