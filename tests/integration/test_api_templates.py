"""The API of texts for staff: read, write, try, publish, roll back in one call; who may, what is refused (T1, T3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from notifications.models import Delivery, SandboxMessage, Template, TemplateChange, TemplateVersion
from notifications.models.template import NEVER
from notifications.services import notify
from notifications.services import templates as staff
from notifications.testing import deliver_all
from tests.app.notifications import Everywhere, Note

pytestmark = pytest.mark.django_db
LIST = "/api/v1/staff/templates/"
NOTE = f"{LIST}{Note.key}/sms/default/"
READ, WRITE, PUBLISH, DATA = "view_template", "change_template", "publish_template", "preview_with_recipient"
PARTS = {"sms.txt": "By the API: {{ text }}"}


@pytest.fixture
def make_staff(make_person: Callable[..., Any]) -> Callable[..., APIClient]:
    """A client of a member of staff with these permissions."""

    def make(*permissions: str, **values: Any) -> APIClient:
        person = make_person(is_staff=True, **values)
        person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = APIClient()
        client.force_login(person)
        return client

    return make


@pytest.fixture
def editor(make_staff: Callable[..., APIClient]) -> APIClient:
    return make_staff(READ, WRITE, PUBLISH, username="editor")


@pytest.fixture(autouse=True)
def unthrottled(settings: Any) -> None:
    from django.core.cache import cache

    cache.clear()


def draft(client: APIClient, parts: dict[str, str] = PARTS) -> dict[str, Any]:
    answer = client.post(f"{NOTE}draft/", {"parts": parts})
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def text_sent_to(person: Any) -> str:
    (notification,) = notify(Note(text="hello"), to=person)
    deliver_all()
    return str(SandboxMessage.objects.get(delivery_id=notification.deliveries.get().pk).content["text"])


# Who may.


def test_who_is_not_signed_in_or_no_staff_or_lacks_the_permission_gets_nothing(
    make_staff: Callable[..., APIClient], make_person: Callable[..., Any]
) -> None:
    patient = APIClient()
    patient.force_login(make_person())
    for client in (APIClient(), patient, make_staff()):
        for path in (LIST, NOTE, f"{NOTE}versions/", f"{NOTE}draft/", f"{NOTE}diff/?from=file&to=file"):
            assert client.get(path).status_code == 403, path


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("post", "draft/", WRITE),
        ("put", "draft/", WRITE),
        ("patch", "draft/", WRITE),
        ("delete", "draft/", WRITE),
        ("post", "submit/", WRITE),
        ("post", "test/", WRITE),
        ("post", "return/", PUBLISH),
        ("post", "publish/", PUBLISH),
        ("post", "rollback/", PUBLISH),
        ("post", "archive/", PUBLISH),
        ("post", "accept-file/", PUBLISH),
    ],
)
def test_each_step_takes_its_permission_and_names_it(
    make_staff: Callable[..., APIClient], method: str, path: str, needs: str
) -> None:
    others = {READ, WRITE, PUBLISH} - {needs}
    answer = getattr(make_staff(*others), method)(NOTE + path, {})
    assert answer.status_code == 403
    assert answer.json() == {"detail": f"It takes the permission notify.{needs}.", "code": "permission_denied"}
    assert not Template.objects.exists()


def test_a_forged_request_from_another_site_is_refused(make_person: Callable[..., Any]) -> None:
    person = make_person(is_staff=True, is_superuser=True)
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(person)
    assert client.post(f"{NOTE}rollback/", {}).status_code == 403


# Reading.


def test_the_list_has_every_text_also_those_that_are_only_files_and_is_filtered(editor: APIClient) -> None:
    rows = editor.get(LIST, {"type": Note.key}).json()["results"]
    assert [(each["channel"], each["language"], each["source"]) for each in rows] == [
        ("sms", "", "file"),
        ("sms", "hi", "fallback"),
        ("sms", "es", "file"),
        ("sms", "ar", "fallback"),
    ]
    version = draft(editor)
    assert [each["open"]["number"] for each in editor.get(LIST, {"state": "draft"}).json()["results"]] == [1]
    editor.post(f"{NOTE}publish/", {})
    (row,) = editor.get(LIST, {"source": "published"}).json()["results"]
    assert row["published"]["number"] == version["number"] and row["url"].endswith(NOTE)


def test_the_list_costs_the_same_queries_however_much_is_published(editor: APIClient) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert editor.get(LIST).status_code == 200
        return len(found)

    queries()
    before = queries()
    for channel in Everywhere.channels:
        staff.publish(staff.begin(Everywhere.key, channel, by=None), by=None)
    assert queries() == before


def test_one_text_is_told_in_full(editor: APIClient) -> None:
    draft(editor)
    told = editor.get(NOTE).json()
    assert told["draft"]["parts"] == PARTS
    assert told["files"] == told["readers_get"] == staff.file_parts(Note.key, "sms", "")
    assert told["parts"] == [{"name": "sms.txt", "required": True, "is_html": False}]
    assert {"text", "recipient_name", "link"} <= {each["name"] for each in told["variables"]}
    assert [each["number"] for each in told["versions"]] == [1]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("tests.nowhere/sms/default/", "Unknown notification type 'tests.nowhere'"),
        (f"{Note.key}/email/default/", "no text for channel 'email'. Known: sms."),
        (f"{Note.key}/sms/tlh/", "Unknown language 'tlh'. Known: ar, default, es, hi."),
        (f"{Note.key}/sms/default/versions/7/", "There is no version 7."),
    ],
)
def test_what_there_is_not_is_a_404_with_what_there_is(editor: APIClient, path: str, told: str) -> None:
    answer = editor.get(LIST + path)
    assert answer.status_code == 404
    assert told in answer.json()["detail"] and answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (LIST, {"source": "nowhere"}, "source"),
        (LIST, {"colour": "red"}, "colour"),
        (f"{NOTE}versions/", {"limit": "0"}, "limit"),
        (f"{NOTE}versions/", {"before": "9" * 5000}, "before"),
        (f"{NOTE}diff/", {"from": "yesterday", "to": "file"}, "from"),
    ],
)
def test_a_query_that_is_written_wrongly_is_a_400_with_what_is_valid(
    editor: APIClient, path: str, query: dict[str, str], field: str
) -> None:
    answer = editor.get(path, query)
    assert answer.status_code == 400 and list(answer.json()) == [field]


def test_versions_come_in_pages_and_any_two_are_compared(editor: APIClient) -> None:
    for number in (1, 2, 3):
        draft(editor, {"sms.txt": f"{number} {{{{ text }}}}"})
        assert editor.post(f"{NOTE}publish/", {}).status_code == 200
    page = editor.get(f"{NOTE}versions/", {"limit": 2}).json()
    assert [each["number"] for each in page["results"]] == [3, 2]
    assert [each["number"] for each in editor.get(page["next"]).json()["results"]] == [1]
    told = editor.get(f"{NOTE}diff/", {"from": "1", "to": "published"}).json()
    assert (told["from"], told["to"]) == (1, 3)
    assert told["parts"][0]["lines"][1:] == [["-", "1 {{ text }}"], ["+", "3 {{ text }}"]]
    assert editor.get(f"{NOTE}diff/", {"from": "3", "to": "published"}).json()["parts"] == []


# Writing.


def test_a_draft_is_begun_once_written_into_and_discarded(editor: APIClient) -> None:
    first = editor.post(f"{NOTE}draft/", {})
    again = editor.post(f"{NOTE}draft/", {})
    assert (first.status_code, again.status_code) == (201, 200)
    seen = again.json()
    saved = editor.put(f"{NOTE}draft/", {"parts": PARTS, "changed_at": seen["changed_at"], "note": "Shorter"})
    assert saved.status_code == 200 and saved.json()["parts"] == PARTS and saved.json()["changed_by"] == "editor"
    assert editor.delete(f"{NOTE}draft/").status_code == 204
    assert editor.get(f"{NOTE}draft/").status_code == 404


def test_who_writes_over_somebody_elses_text_gets_a_409_with_it(editor: APIClient) -> None:
    seen = draft(editor)
    theirs = {"sms.txt": "Theirs {{ text }}"}
    editor.patch(f"{NOTE}draft/", {"parts": theirs, "changed_at": seen["changed_at"]})
    answer = editor.put(f"{NOTE}draft/", {"parts": PARTS, "changed_at": seen["changed_at"]})
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["version"]["parts"]) == ("changed", theirs)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"parts": {"sms.html": "x"}}, "no part 'sms.html'"),
        ({"parts": {"sms.txt": ["x"]}}, "Not a valid string"),
        ({"parts": "x"}, "Expected a dictionary"),
        ({"text": "x"}, "Unknown field"),
        ({"parts": {"sms.txt": "x" * 200_001}}, "200,000 are the most"),
        ({"parts": {"sms.txt": "a\x00"}}, "Null characters are not allowed"),
        ({"parts": {}, "state": "published"}, "Unknown field"),
    ],
)
def test_a_body_that_cannot_be_is_a_400_and_nothing_is_stored(editor: APIClient, body: Any, told: str) -> None:
    answer = editor.post(f"{NOTE}draft/", body)
    assert answer.status_code == 400 and told in str(answer.json()), answer.json()
    assert not TemplateVersion.objects.exists()


# Publishing and rolling back.


def test_a_text_is_published_and_rolled_back_in_one_call_each(editor: APIClient, person: Any) -> None:
    file = text_sent_to(person)
    draft(editor)
    published = editor.post(f"{NOTE}publish/", {"note": "By the API"}).json()
    assert (published["published"]["number"], published["replaced"], published["in_flight"]) == (1, None, 0)
    assert text_sent_to(person) == "By the API: hello"
    back = editor.post(f"{NOTE}rollback/", {}).json()
    assert (back["published"], back["replaced"]) == (None, 1)
    assert text_sent_to(person) == file
    assert editor.post(f"{NOTE}rollback/", {"to": 1}).json()["published"]["number"] == 1
    assert editor.post(f"{NOTE}rollback/", {"to": "file"}).json()["published"] is None
    assert editor.post(f"{NOTE}publish/", {"version": 1}).status_code == 200
    assert [each.action for each in TemplateChange.objects.order_by("pk")] == [
        "drafted",
        "published",
        "rolled_back",
        "rolled_back",
        "rolled_back",
        "published",
    ]


def test_a_rollback_that_is_repeated_by_a_network_goes_back_one_step_only(editor: APIClient, person: Any) -> None:
    for number in (1, 2, 3):
        draft(editor, {"sms.txt": f"{number} {{{{ text }}}}"})
        editor.post(f"{NOTE}publish/", {})
    call = {"replaces": 3}
    assert editor.post(f"{NOTE}rollback/", call).json()["published"]["number"] == 2
    answer = editor.post(f"{NOTE}rollback/", call)
    assert (answer.status_code, answer.json()["code"], answer.json()["published"]) == (409, "changed", 2)
    assert text_sent_to(person) == "2 hello"


def test_a_text_with_mistakes_is_a_409_with_its_findings(editor: APIClient) -> None:
    draft(editor, {"sms.txt": "{{ txet }}"})
    for step in ("submit/", "publish/", "test/"):
        answer = editor.post(NOTE + step, {})
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid"), step
        (finding,) = [each for each in answer.json()["findings"] if each["level"] == "error"]
        assert (finding["part"], finding["line"]) == ("sms.txt", 1) and "Did you mean 'text'?" in finding["message"]


def test_review_is_asked_for_returned_and_done_by_somebody_else_where_it_is_needed(
    make_staff: Callable[..., APIClient], settings: Any
) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    author, reviewer = make_staff(READ, WRITE, PUBLISH), make_staff(READ, PUBLISH)
    draft(author)
    assert author.post(f"{NOTE}publish/", {}).json()["code"] == "reviewer"
    assert author.post(f"{NOTE}submit/", {}).json()["state"] == "review"
    assert reviewer.post(f"{NOTE}return/", {"note": "Say more."}).json()["state"] == "draft"
    author.post(f"{NOTE}submit/", {})
    assert author.post(f"{NOTE}publish/", {}).json()["code"] == "reviewer"
    assert reviewer.post(f"{NOTE}publish/", {}).status_code == 200


def test_steps_that_do_not_fit_how_things_stand_are_a_409_that_says_so(editor: APIClient) -> None:
    for step in ("publish/", "rollback/", "archive/", "accept-file/", "test/"):
        answer = editor.post(NOTE + step, {})
        assert (answer.status_code, answer.json()["code"]) == (409, "state"), step
    draft(editor)
    editor.post(f"{NOTE}publish/", {})
    assert "published already" in editor.post(f"{NOTE}publish/", {}).json()["detail"]
    assert editor.post(f"{LIST}{Note.key}/sms/es/rollback/", {"to": 1}).status_code == 409  # another template's


# Trying.


def test_a_text_is_checked_and_previewed_without_being_stored(editor: APIClient) -> None:
    told = editor.post(f"{NOTE}validate/", {"parts": {"sms.txt": "{% if %}"}}).json()
    assert told["is_valid"] is False and told["findings"][0]["line"] == 1
    shown = editor.post(f"{NOTE}preview/", {"parts": {"sms.txt": "Dear {{ text }}"}, "values": "longest"}).json()
    assert shown["message"] == {"text": "Dear hello"} and shown["segments"]["parts"] == 1 and shown["error"] is None
    broken = editor.post(f"{NOTE}preview/", {"parts": {"sms.txt": "a\n{{ b }}"}}).json()
    assert broken["message"] is None and broken["error"]["line"] == 2
    assert not Template.objects.exists() and not Delivery.objects.exists()


def test_a_recipients_data_is_shown_to_who_may_see_it_and_that_is_written_down(
    make_staff: Callable[..., APIClient], editor: APIClient, person: Any
) -> None:
    (notification,) = notify(Note(text="for you"), to=person)
    call = {"parts": PARTS, "notification": str(notification.pk)}
    assert editor.post(f"{NOTE}preview/", call).status_code == 403
    assert not TemplateChange.objects.exists()
    trusted = make_staff(READ, DATA)
    assert trusted.post(f"{NOTE}preview/", call).json()["message"] == {"text": "By the API: for you"}
    assert TemplateChange.objects.get().note == f"notification {notification.pk}"
    other = trusted.post(f"{LIST}{Everywhere.key}/sms/default/preview/", {"notification": str(notification.pk)})
    assert other.status_code == 400


def test_a_test_goes_to_who_asks_for_it_and_not_without_end(editor: APIClient, settings: Any) -> None:
    draft(editor)
    assert editor.post(f"{NOTE}test/", {}).status_code == 202
    deliver_all()
    assert SandboxMessage.objects.get().content["text"] == "By the API: hello"
    codes = [editor.post(f"{NOTE}test/", {}).status_code for _ in range(20)]
    assert codes[:19] == [202] * 19 and codes[19] == 429


def test_each_channel_is_previewed_as_its_reader_sees_it(editor: APIClient) -> None:
    shown = {
        channel: editor.post(f"{LIST}{Everywhere.key}/{channel}/default/preview/", {}).json()["message"]
        for channel in Everywhere.channels
    }
    assert {channel: set(message) for channel, message in shown.items()} == {
        "email": {"subject", "html", "text", "from_email"},
        "sms": {"text"},
        "push": {"title", "text", "link"},
        "in_app": {"title", "text", "link"},
    }
    assert shown["email"]["subject"] == "Subject: hello"


def test_a_look_at_a_recipients_data_is_written_down_also_where_the_text_fails(
    make_staff: Callable[..., APIClient], person: Any
) -> None:
    (notification,) = notify(Note(text="for you"), to=person)
    call = {"parts": {"sms.txt": "{% date text 'full' %}"}, "notification": str(notification.pk)}
    shown = make_staff(READ, DATA).post(f"{NOTE}preview/", call).json()
    assert shown["message"] is None and shown["error"]
    assert TemplateChange.objects.get().action == TemplateChange.Action.VIEWED


# Edges.


def test_what_is_published_is_what_was_read(editor: APIClient) -> None:
    seen = draft(editor)
    theirs = {"sms.txt": "Theirs {{ text }}"}
    saved = editor.patch(f"{NOTE}draft/", {"parts": theirs, "changed_at": seen["changed_at"]}).json()
    answer = editor.post(f"{NOTE}publish/", {"changed_at": seen["changed_at"]})
    assert (answer.status_code, answer.json()["code"], answer.json()["version"]["parts"]) == (409, "changed", theirs)
    assert editor.post(f"{NOTE}publish/", {"changed_at": saved["changed_at"]}).status_code == 200


def test_some_parts_of_a_draft_are_replaced_and_the_others_stay(editor: APIClient) -> None:
    email = f"{LIST}{Everywhere.key}/email/default/draft/"
    begun = editor.post(email, {}).json()
    part = {"email.subject.txt": "News: {{ text }}"}
    saved = editor.patch(email, {"parts": part, "changed_at": begun["changed_at"]}).json()
    assert saved["parts"] == {**begun["parts"], **part}
    noted = editor.patch(email, {"note": "Shorter", "changed_at": saved["changed_at"]}).json()
    assert (noted["parts"], noted["note"]) == (saved["parts"], "Shorter")
    for method in (editor.put, editor.patch):
        answer = method(email, {"parts": part})
        assert answer.status_code == 400 and list(answer.json()) == ["changed_at"]


def test_an_override_is_kept_over_files_that_changed(editor: APIClient) -> None:
    version = staff.begin(Note.key, "sms", by=None, parts=PARTS)
    staff.publish(version, by=None)
    TemplateVersion.objects.update(file_parts={"sms.txt": "as it was"})
    (row,) = editor.get(LIST, {"file_changed": "true"}).json()["results"]
    assert row["url"].endswith(NOTE) and editor.get(NOTE).json()["file_changed"] is True
    told = editor.get(f"{NOTE}diff/", {"from": "file", "to": "published"}).json()
    assert (told["from"], told["to"]) == ("file", 1)
    assert editor.post(f"{NOTE}accept-file/", {}).json()["file_changed"] is False
    assert editor.get(LIST, {"file_changed": "true"}).json()["results"] == []


def test_a_text_costs_the_same_queries_however_many_versions_there_are(
    editor: APIClient, make_person: Callable[..., Any]
) -> None:
    def queries(path: str) -> int:
        with CaptureQueriesContext(connection) as found:
            assert editor.get(path).status_code == 200
        return len(found)

    def write() -> None:
        version = staff.begin(Note.key, "sms", by=make_person(), parts=PARTS)
        staff.save(version, PARTS, by=make_person())
        staff.publish(version, by=None)

    write()
    staff.begin(Note.key, "sms", by=make_person())
    paths = (NOTE, f"{NOTE}versions/", f"{NOTE}draft/", f"{NOTE}diff/?from=published&to=draft")
    before = [queries(path) for path in paths]
    staff.discard(TemplateVersion.objects.get(state="draft"), by=None)
    for _ in range(5):
        write()
    staff.begin(Note.key, "sms", by=make_person())
    assert [queries(path) for path in paths] == before


def test_where_a_request_is_a_transaction_a_publication_is_in_force_when_it_is_answered(
    editor: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    draft(editor)
    assert editor.post(f"{NOTE}publish/", {}).status_code == 200
    assert editor.post(f"{NOTE}rollback/", {}).status_code == 200


def test_a_body_that_is_too_large_or_no_json_is_refused(editor: APIClient) -> None:
    def post(body: str) -> Any:
        return editor.generic("POST", f"{NOTE}draft/", body, content_type="application/json")

    for size, told in ((2_000_001, "at most 2000000 bytes"), (4_000_000, "DATA_UPLOAD_MAX_MEMORY_SIZE")):
        too_large = post('{"parts": {"sms.txt": "' + "x" * size + '"}}')
        assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
        assert told in too_large.json()["detail"]
    for body in ("{", "[]", '"x"', "[" * 100_000, '{"parts": {"sms.txt": "\\ud800"}}'):
        answer = post(body)
        assert answer.status_code == 400, body[:40]
    assert not Template.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("get", f"versions/{10**30}/", {}, 404),
        ("get", "versions/0/", {}, 404),
        ("post", "publish/", {"version": 10**30}, 400),
        ("post", "rollback/", {"to": True}, 400),
        ("post", "rollback/", {"to": "published"}, 400),
        ("post", "rollback/", {"to": -1}, 400),
        ("post", "preview/", {"version": 7}, 404),
        ("post", "preview/", {"parts": {}, "version": 7}, 400),
        ("post", "preview/", {"values": "example", "notification": str(NEVER)}, 400),
        ("post", "preview/", {"values": "worst"}, 400),
        ("post", "validate/", {}, 400),
        ("post", "validate/", {"parts": {"sms.html": "x"}}, 400),
        ("put", "draft/", {"parts": PARTS, "changed_at": "now"}, 400),
        ("put", "draft/", {"parts": PARTS, "changed_at": "2030-01-01T00:00:00Z"}, 404),
        ("delete", "draft/", {}, 404),
        ("post", "return/", {}, 404),
    ],
)
def test_what_cannot_be_is_a_clear_4xx(
    make_staff: Callable[..., APIClient], method: str, path: str, body: dict[str, Any], status: int
) -> None:
    client = make_staff(READ, WRITE, PUBLISH, DATA)
    answer = getattr(client, method)(NOTE + path, body)
    assert answer.status_code == status, answer.content
    assert not Template.objects.exists()


def test_texts_of_tests_of_texts_have_no_template_of_their_own(editor: APIClient) -> None:
    assert editor.get(f"{LIST}notify.test_sms/sms/default/").status_code == 404
    assert not [each for each in editor.get(LIST).json()["results"] if each["type"].startswith("notify.test_")]
