"""Texts as files and back: what staff publish is kept in git, or carried to another installation (T1, S6)."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings
from pytest_django import DjangoAssertNumQueries, Settings

from notifications.exceptions import ExchangeError, TemplateStateError
from notifications.models import Template, TemplateChange, TemplateVersion, VersionState
from notifications.services import notify
from notifications.services import templates as services
from notifications.services.templates import bundles, exchange
from notifications.services.templates.bundles import as_zip, read_folder, read_zip, write_folder
from notifications.services.templates.exchange import Report, export, import_files
from notifications.services.templates.manifest import MANIFEST
from notifications.testing import deliver_all, outbox
from project.accounts.models import User
from tests.app.notifications import Everywhere, Note
from tests.integration.test_commands import run, run_json

pytestmark = pytest.mark.django_db

NOTE, NOTE_ES = "notifications/tests.note/sms.txt", "notifications/tests.note/es/sms.txt"
SUBJECT, HTML, TEXT = (
    f"notifications/tests.everywhere/email.{end}" for end in ("subject.txt", "html", "txt")
)  # fmt: skip
EMAIL = {
    "email.subject.txt": "News: {{ text }}",
    "email.html": "<html><body><p>{{ text }}</p>\n<p><a href='{{ link }}'>Open</a></p></body></html>",
    "email.txt": "{{ text }}\n{{ link }}",
}


ADDRESS = re.compile(r"http[^\s\"'<]+")
"""it is another one in each message"""


@pytest.fixture
def editor() -> User:
    return User.objects.create_user("editor")


def published(type_key: str, channel: str, parts: Mapping[str, str], language: str = "") -> TemplateVersion:
    version = services.begin(type_key, channel, language, by=None, parts=parts)
    services.publish(version, by=None)
    version.refresh_from_db()
    return version


def outcomes(report: Report) -> dict[str, str]:
    return {each.name: each.outcome for each in report.texts}


def counts() -> tuple[int, int, int]:
    return Template.objects.count(), TemplateVersion.objects.count(), TemplateChange.objects.count()


def zipped(files: Mapping[str, str | bytes], **attributes: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path)
            for name, value in attributes.items():
                setattr(info, name, value)
            archive.writestr(info, content)
    return packed.getvalue()


# Export.


def test_what_is_published_is_exported_in_the_layout_of_the_files_with_a_manifest() -> None:
    published("tests.everywhere", "email", EMAIL)
    version = published("tests.note", "sms", {"sms.txt": "Nota: {{ text }}"}, "es")
    services.begin("tests.note", "sms", by=None, parts={"sms.txt": "A draft: {{ text }}"})
    files = export()
    assert files.pop(MANIFEST) and files == {
        SUBJECT: EMAIL["email.subject.txt"],
        HTML: EMAIL["email.html"],
        TEXT: EMAIL["email.txt"],
        NOTE_ES: "Nota: {{ text }}",
    }
    listed = json.loads(export()[MANIFEST])["texts"]
    assert [(each["type"], each["channel"], each["language"], each["version"]) for each in listed] == [
        ("tests.everywhere", "email", "", 1),
        ("tests.note", "sms", "es", 1),
    ]
    assert version.published_at
    assert listed[1]["published_at"] == version.published_at.isoformat()
    assert list(listed[1]["files"]) == [NOTE_ES]
    assert len(listed[1]["files"][NOTE_ES]) == 64


def test_drafts_and_texts_that_are_only_files_are_exported_when_asked_for() -> None:
    published("tests.note", "sms", {"sms.txt": "Published: {{ text }}"})
    services.begin("tests.note", "sms", by=None, parts={"sms.txt": "A draft: {{ text }}"})
    assert export()[NOTE] == "Published: {{ text }}"
    assert export(drafts=True)[NOTE] == "A draft: {{ text }}"
    everything = export(everything=True)
    assert everything[NOTE] == "Published: {{ text }}"
    assert everything[NOTE_ES] == (settings.BASE_DIR / "tests/app/templates" / NOTE_ES).read_text()
    assert len(everything) > 50


def test_only_what_is_asked_for_is_exported_and_the_queries_do_not_grow(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    published("tests.everywhere", "email", EMAIL)
    for language in ("", "es", "hi", "ar"):
        published("tests.note", "sms", {"sms.txt": f"{language} {{{{ text }}}}"}, language)
    with django_assert_num_queries(2):
        assert len(export()) == 3 + 4 + 1
    with django_assert_num_queries(2):
        files = export([services.place("tests.note", "sms")])
    assert len(files) == 4 + 1


def test_the_same_texts_give_the_same_bytes_whatever_happened_in_between() -> None:
    published("tests.everywhere", "email", EMAIL)
    published("tests.note", "sms", {"sms.txt": "{{ text }}"}, "es")
    before = export()
    draft = services.begin("tests.note", "sms", by=None, parts={"sms.txt": "{{ text }} …"})
    services.discard(draft, by=None)
    assert export() == before
    assert as_zip(export()) == as_zip(dict(reversed(before.items())))


def test_two_channels_that_need_one_file_for_two_texts_are_refused(settings: Settings) -> None:
    channels = settings.NOTIFICATIONS["CHANNELS"]
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "in_app": channels["sms"]}}
    published("tests.with_fallback", "sms", {"sms.txt": "One {{ text }}"})
    published("tests.with_fallback", "in_app", {"sms.txt": "Two {{ text }}"})
    with pytest.raises(
        ExchangeError, match=r"different texts for the file notifications/tests\.with_fallback/sms\.txt"
    ):
        export()


# Import.


def test_an_export_that_is_imported_changes_nothing() -> None:
    published("tests.everywhere", "email", EMAIL)
    published("tests.note", "sms", {"sms.txt": "Two\r\nlines: {{ text }}\r\n"}, "es")
    before = counts()
    report = import_files(export(), by=None)
    assert set(outcomes(report).values()) == {"unchanged"} and len(report.texts) == 2
    assert not (report.is_refused or report.ignored or report.gone)
    assert counts() == before


def test_all_texts_of_this_installation_survive_an_export_and_an_import() -> None:
    report = import_files(export(everything=True), by=None)
    assert not report.is_refused
    assert set(outcomes(report).values()) == {"unchanged"} and len(report.texts) > 30


def test_texts_that_differ_become_drafts_and_say_where_they_are_from(editor: User) -> None:
    report = import_files({NOTE: "New: {{ text }}", "notifications/tests.note/hi/sms.txt": "{{ text }}"}, by=editor)
    assert outcomes(report) == {"tests.note sms": "changed", "tests.note sms hi": "new"}
    version = report.texts[0].version
    assert version and version.state == VersionState.DRAFT
    assert (version.parts, version.created_by) == ({"sms.txt": "New: {{ text }}"}, editor)
    assert [each.action for each in version.changes.all()] == [TemplateChange.Action.IMPORTED]
    assert report.texts[0].before == {"sms.txt": services.file_parts("tests.note", "sms", "")["sms.txt"]}


def test_a_dry_run_tells_the_same_and_stores_nothing() -> None:
    published("tests.everywhere", "email", EMAIL)
    files = {NOTE: "New: {{ text }}", **export(), HTML: "{% if %}"}
    before = counts()
    dry = import_files(files, by=None, dry_run=True)
    assert counts() == before
    assert outcomes(dry) == outcomes(import_files(files, by=None))
    assert outcomes(dry) == {"tests.everywhere email": "refused", "tests.note sms": "changed"}


def test_an_import_that_publishes_reaches_readers_and_again_changes_nothing(editor: User, person: Any) -> None:
    files = {NOTE: "Imported: {{ text }}\n"}
    report = import_files(files, by=editor, publish=True)
    assert [each.version.state for each in report.texts if each.version] == [VersionState.PUBLISHED]
    notify(Note(text="hello"), to=person)
    deliver_all()
    assert [each.content["text"] for each in outbox("sms")] == ["Imported: hello"]
    assert outcomes(import_files(files, by=editor, publish=True)) == {"tests.note sms": "unchanged"}


def test_a_draft_that_an_import_made_is_published_by_the_next_one() -> None:
    files = {NOTE: "Imported: {{ text }}"}
    import_files(files, by=None)
    again = import_files(files, by=None)
    assert outcomes(again) == {"tests.note sms": "changed"}
    assert again.texts[0].reason == "Version 1 (draft) has this text."
    done = import_files(files, by=None, publish=True)
    assert done.texts[0].version and done.texts[0].version.number == 1
    assert TemplateVersion.objects.get().state == VersionState.PUBLISHED


def test_a_draft_that_somebody_writes_is_left_alone() -> None:
    services.begin("tests.note", "sms", by=None, parts={"sms.txt": "Mine: {{ text }}"})
    report = import_files({NOTE: "Theirs: {{ text }}"}, by=None, publish=True)
    assert outcomes(report) == {"tests.note sms": "refused"}
    assert report.texts[0].reason.startswith("Version 1 is open (draft) with another text.")
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Mine: {{ text }}"}


def test_a_text_with_a_mistake_is_refused_whole_and_the_others_pass() -> None:
    report = import_files(
        {SUBJECT: "Fine {{ text }}", HTML: "<p>\n{% load os %}</p>", NOTE: "Fine: {{ text }}"}, by=None
    )
    assert outcomes(report) == {"tests.everywhere email": "refused", "tests.note sms": "changed"}
    found = report.of("refused")[0].findings[0]
    assert (found.level, found.part, found.line) == ("error", "email.html", 2)
    assert {each.template.type for each in TemplateVersion.objects.all()} == {"tests.note"}


def test_a_text_that_lacks_a_part_is_refused() -> None:
    report = import_files({SUBJECT: "Alone {{ text }}"}, by=None)
    assert report.texts[0].reason == "It lacks email.html."


def test_an_optional_part_that_is_blank_is_as_one_that_is_not_there() -> None:
    published("tests.everywhere", "email", {**EMAIL, "email.txt": " \n"})
    assert TEXT not in export()
    assert outcomes(import_files({**export(), TEXT: "\n"}, by=None)) == {"tests.everywhere email": "unchanged"}


def test_an_optional_part_that_is_no_longer_among_the_files_is_taken_away() -> None:
    published("tests.everywhere", "email", EMAIL)
    files = export()
    del files[TEXT]
    report = import_files(files, by=None, publish=True)
    assert outcomes(report) == {"tests.everywhere email": "changed"}
    assert set(services.present_parts("tests.everywhere", "email", "")) == {"email.subject.txt", "email.html"}


def test_files_of_no_text_are_refused_by_name_and_what_is_no_text_is_ignored() -> None:
    report = import_files(
        {
            "notifications/tests.nota/sms.txt": "x",
            "notifications/tests.nota/es/sms.txt": "x",
            "notifications/tests.note/smss.txt": "x",
            "notifications/tests.note/email.html": "x",
            "notifications/tests.note/fr/sms.txt": "x",
            "notifications/tests.note/es/more/sms.txt": "x",
            "notifications/layouts/email.html": "x",
            "notifications/neutral/sms.txt": "x",
            "notifications/tests.note/.sms.txt.swp": "x",
            "notifications/unsubscribe.html": "x",
            "README.md": "x",
            "admin/base.html": "x",
        },
        by=None,
    )
    assert not report.texts
    assert list(report.refused) == [
        "notifications/tests.nota/",
        "notifications/tests.note/email.html",
        "notifications/tests.note/es/more/sms.txt",
        "notifications/tests.note/fr/sms.txt",
        "notifications/tests.note/smss.txt",
    ]
    why = list(report.refused.values())
    assert why[0].startswith("Unknown notification type 'tests.nota'. Known: ")
    assert why[1] == "tests.note has no text 'email.html'. Known: sms.txt."
    assert why[3].startswith("Unknown language 'fr'. Known: ar, es, hi.")
    assert report.ignored == [
        "README.md",
        "admin/base.html",
        "notifications/layouts/email.html",
        "notifications/neutral/sms.txt",
        "notifications/tests.note/.sms.txt.swp",
        "notifications/unsubscribe.html",
    ]


@pytest.mark.parametrize("around", ["", "notifications/", "clinic-texts-main/notifications/"])
def test_files_are_found_with_and_without_the_folders_around_them(around: str) -> None:
    report = import_files({f"{around}tests.note/sms.txt": "{{ text }} …"}, by=None)
    assert outcomes(report) == {"tests.note sms": "changed"}


def test_marks_of_byte_order_and_line_ends_of_windows_make_no_difference() -> None:
    published("tests.note", "sms", {"sms.txt": "One\nTwo {{ text }}\n"})
    report = import_files({NOTE: "\ufeffOne\r\nTwo {{ text }}\r\n".encode()}, by=None)
    assert outcomes(report) == {"tests.note sms": "unchanged"}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8_is_refused_with_its_text(encoding: str) -> None:
    report = import_files({NOTE: "Señor {{ text }}".encode(encoding)}, by=None)
    assert outcomes(report) == {"tests.note sms": "refused"}
    assert report.texts[0].reason.startswith(f"{NOTE} is not UTF-8: byte ")


@pytest.mark.parametrize("content", ["x" * 200_001, "NUL \x00 {{ text }}"])
def test_a_text_that_cannot_be_stored_is_refused(content: str) -> None:
    report = import_files({NOTE: content}, by=None)
    assert outcomes(report) == {"tests.note sms": "refused"}
    assert report.texts[0].reason and not TemplateVersion.objects.exists()


def test_what_is_published_and_deleted_among_the_files_is_told() -> None:
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    published("tests.everywhere", "email", EMAIL)
    files = export()
    del files[NOTE]
    report = import_files(files, by=None)
    assert report.gone == ["tests.note sms"] and not report.is_refused


def test_where_texts_need_a_review_none_is_published_by_an_import(settings: Settings, editor: User) -> None:
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}
    with pytest.raises(TemplateStateError, match="read by two people"):
        import_files({NOTE: "{{ text }} …"}, by=editor, publish=True)
    assert not Template.objects.exists()
    assert outcomes(import_files({NOTE: "{{ text }} …"}, by=editor)) == {"tests.note sms": "changed"}


def test_an_import_asks_what_is_there_in_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    files = export(everything=True)
    with django_assert_num_queries(2):
        import_files(files, by=None)


# As files that readers get.


def test_a_folder_of_an_export_gives_the_same_messages_as_what_was_published(
    tmp_path: Path, settings: Settings, person: Any
) -> None:
    published("tests.everywhere", "email", EMAIL)
    published("tests.everywhere", "sms", {"sms.txt": "\r\nSMS: {{ text }}\r\n "})
    published("tests.note", "sms", {"sms.txt": "Nota: {{ text }}"}, "es")
    write_folder(tmp_path, export())
    spaniard = User.objects.create_user("ines", phone="+34612345678", language="es")

    def messages() -> list[str]:
        count = len(outbox("email")), len(outbox("sms"))
        notify(Everywhere(text="<hello>"), to=person)
        notify(Note(text="hola"), to=spaniard)
        deliver_all()
        new = [*outbox("email")[count[0] :], *outbox("sms")[count[1] :]]
        return sorted(
            ADDRESS.sub("", " ".join(str(each.content.get(name)) for name in ("subject", "text", "html")))
            for each in new
        )

    as_published = messages()
    assert [each[:13] for each in as_published] == ["News: <hello>", "None Nota: ho", "None SMS: <he"]
    for each in Template.objects.all():
        services.archive(each, by=None)
    assert messages() != as_published
    engine, *others = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}, *others]
    assert messages() == as_published


# Folders and archives.


def test_a_second_export_writes_what_differs_and_removes_what_is_gone_and_nothing_else(tmp_path: Path) -> None:
    note = published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    published("tests.note", "sms", {"sms.txt": "{{ text }} !"}, "es")
    published("tests.everywhere", "email", EMAIL)
    (tmp_path / "notifications/tests.note").mkdir(parents=True)
    others = {"README.md": "ours", "notifications/tests.note/hi.txt": "ours", ".git/config": "ours"}
    for path, text in others.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    done = write_folder(tmp_path, export())
    assert done.written == sorted([MANIFEST, SUBJECT, HTML, TEXT, NOTE, NOTE_ES]) and not done.removed
    again = write_folder(tmp_path, export())
    assert (again.written, len(again.unchanged)) == ([], 6)
    services.archive(note.template, by=None)
    services.archive(Template.objects.get(language="es"), by=None)
    done = write_folder(tmp_path, export())
    assert (done.written, done.removed) == ([MANIFEST], [NOTE_ES, NOTE])
    assert not (tmp_path / NOTE_ES).parent.exists()
    assert {path: (tmp_path / path).read_text() for path in others} == others


def test_a_file_that_somebody_changed_is_not_removed(tmp_path: Path) -> None:
    note = published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    write_folder(tmp_path, export())
    (tmp_path / NOTE).write_text("Better: {{ text }}")
    services.archive(note.template, by=None)
    done = write_folder(tmp_path, export())
    assert (done.removed, done.kept) == ([], [NOTE])
    assert (tmp_path / NOTE).read_text() == "Better: {{ text }}"


def test_an_export_of_one_type_leaves_the_files_of_others(tmp_path: Path) -> None:
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    published("tests.everywhere", "email", EMAIL)
    write_folder(tmp_path, export())
    files = export([services.place("tests.note", "sms")])
    done = write_folder(tmp_path, files, types={"tests.note"})
    assert not (done.written or done.removed)
    assert read_folder(tmp_path) == {path: text.encode() for path, text in export().items()}


@pytest.mark.parametrize(
    "manifest",
    [
        "{}",
        "[",
        "[" * 10_000,
        '{"format": "notifications/templates/1", "texts": [{"type": "x", "channel": "x", "language": "", '
        '"files": {"../../etc/passwd": ""}}]}',
    ],
)
def test_a_folder_that_is_in_other_use_is_not_written_to(tmp_path: Path, manifest: str) -> None:
    (tmp_path / MANIFEST).write_text(manifest)
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    with pytest.raises(ExchangeError, match="in other use"):
        write_folder(tmp_path, export())
    assert [each.name for each in tmp_path.iterdir()] == [MANIFEST]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notifications").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExchangeError, match="is a link"):
        write_folder(tmp_path / "out", export())
    assert not list((tmp_path / "elsewhere").iterdir())


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "folder/notifications/tests.note").mkdir(parents=True)
    file = tmp_path / "folder" / NOTE
    for make in (lambda: file.symlink_to("/etc/passwd"), lambda: os.mkfifo(file)):
        make()
        with pytest.raises(ExchangeError, match="is a link or a device"):
            read_folder(tmp_path / "folder")
        file.unlink()
    (tmp_path / "folder/more").symlink_to("/usr")
    with pytest.raises(ExchangeError, match="more is a link"):
        read_folder(tmp_path / "folder")


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/index").write_bytes(b"\x00" * 2_000_000)
    (tmp_path / ".git/link").symlink_to("/")
    assert read_folder(tmp_path) == {}


def test_a_zip_archive_goes_round() -> None:
    published("tests.everywhere", "email", EMAIL)
    assert {path: content.decode() for path, content in read_zip(as_zip(export())).items()} == export()


@pytest.mark.parametrize(
    "path",
    [
        "../sms.txt",
        "/etc/passwd",
        "notifications/../../sms.txt",
        "C:/sms.txt",
        "a\\b.txt",
        "a//b",
        "./a",
        "a\x1b[31m.txt",
        "a\u202etxt.exe",
    ],
)
def test_an_archive_with_a_path_that_leads_out_of_it_is_refused(path: str) -> None:
    with pytest.raises(ExchangeError, match="no plain path"):
        read_zip(zipped({NOTE: "{{ text }}", path: "x"}))


def test_an_archive_with_a_link_is_refused() -> None:
    with pytest.raises(ExchangeError, match="is a link"):
        read_zip(zipped({NOTE: "/etc/passwd"}, create_system=3, external_attr=(stat.S_IFLNK | 0o777) << 16))


def test_an_archive_with_a_file_twice_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(NOTE, "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(NOTE, "two")
    with pytest.raises(ExchangeError, match="twice"):
        read_zip(packed.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(NOTE, b"\x00" * 50_000_000)
    assert len(packed.getvalue()) < 100_000
    with pytest.raises(ExchangeError, match="larger than 1,000,000 bytes"):
        read_zip(packed.getvalue())
    monkeypatch.setattr(bundles, "TOTAL_MAX_BYTES", 1_500)
    with pytest.raises(ExchangeError, match="More than 5,000 files or 1,500 bytes"):
        read_zip(zipped({f"{number}.txt": "x" * 1_000 for number in range(3)}))


@pytest.mark.parametrize(
    "attributes",
    [{"flag_bits": 1}, {"compress_type": zipfile.ZIP_LZMA}, {"compress_type": zipfile.ZIP_BZIP2}],
    ids=["encrypted", "lzma", "bzip2"],
)
def test_an_archive_that_is_packed_in_an_unusual_way_is_refused(attributes: dict[str, int]) -> None:
    content = zipped({NOTE: "x"}, **{name: value for name, value in attributes.items() if name != "flag_bits"})
    if "flag_bits" in attributes:
        flags = content.index(b"PK\x01\x02") + 8
        content = content[:flags] + b"\x01" + content[flags + 1 :]
    with pytest.raises(ExchangeError, match=r"Pack it without a password|unusual way"):
        read_zip(content)


@pytest.mark.parametrize("content", [b"", b"PK", b"{}", b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ExchangeError):
        read_zip(content)


def test_a_damaged_archive_is_refused() -> None:
    content = bytearray(as_zip({NOTE: "The same again and again. " * 40}))
    content[60] ^= 0xFF
    with pytest.raises(ExchangeError, match="no zip archive that can be read"):
        read_zip(bytes(content))


# Commands.


def test_the_commands_carry_texts_from_one_installation_to_another(tmp_path: Path, editor: User) -> None:
    published("tests.note", "sms", {"sms.txt": "Carried: {{ text }}"})
    code, told = run("export_templates", str(tmp_path / "out"))
    assert (code, told.splitlines()[-1]) == (0, f"1 file in {tmp_path / 'out'}.")
    assert run("export_templates", "--zip", str(tmp_path / "out.zip"))[0] == 0
    Template.objects.all().delete()  # the other installation
    for source in (tmp_path / "out", tmp_path / "out.zip"):
        code, data = run_json("import_templates", str(source), "--dry-run")
        assert code == 0 and data["dry_run"]
        assert [(each["type"], each["outcome"], each["version"]) for each in data["texts"]] == [
            ("tests.note", "changed", None)
        ]
        assert not Template.objects.exists()
    code, told = run("import_templates", str(tmp_path / "out.zip"), "--publish", "--by", "editor")
    assert (code, told.splitlines()) == (
        0,
        ["changed   tests.note sms: version 1, published", "0 new, 1 changed, 0 unchanged, 0 refused."],
    )
    assert export()[NOTE] == "Carried: {{ text }}"
    assert TemplateVersion.objects.get().created_by == editor
    code, told = run("import_templates", str(tmp_path / "out"))
    assert (code, told.strip()) == (0, "0 new, 0 changed, 1 unchanged, 0 refused.")


def test_the_import_tells_what_it_refuses_with_exit_code_1(tmp_path: Path) -> None:
    for path, text in {
        NOTE: "{% if %}\n",
        "notifications/tests.nota/sms.txt": "x",
        NOTE_ES: "Bien: {{ text }}",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    code, told = run("import_templates", str(tmp_path))
    lines = told.splitlines()
    assert code == 1
    assert lines[0] == "refused   tests.note sms: It has mistakes."
    assert lines[1] == "changed   tests.note sms es: version 1, draft"
    assert lines[2].startswith("  error: sms.txt, line 1: ")
    assert lines[-2].startswith("refused   notifications/tests.nota/: Unknown notification type")
    assert lines[-1] == "0 new, 1 changed, 0 unchanged, 1 refused."


def test_an_export_of_nothing_has_exit_code_1_and_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    code, told = run("export_templates", str(tmp_path / "out"))
    assert code == 1 and "Staff have published no such text." in told
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    code, told = run("export_templates", str(tmp_path / "dry"), "--dry-run")
    assert (code, told.splitlines()) == (0, [NOTE, "1 file would be written."])
    assert not (tmp_path / "dry").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export_templates",), "Name a folder, or an archive"),
        (("export_templates", "x", "--zip", "y"), "Name a folder, or an archive"),
        (("export_templates", "x", "--type", "tests.nota"), "Unknown notification type 'tests.nota'"),
        (("export_templates", "--zip", "/nowhere/x.zip"), "cannot be written"),
        (("import_templates", "/nowhere"), "cannot be read"),
        (("import_templates", "manage.py"), "no zip archive"),
        (("import_templates", "tests", "--publish"), "--publish needs --by"),
        (("import_templates", "tests", "--by", "nobody"), "There is no user 'nobody'"),
    ],
)
def test_wrong_words_have_exit_code_2_and_store_nothing(words: tuple[str, ...], told: str) -> None:
    published("tests.note", "sms", {"sms.txt": "{{ text }} …"})
    code, output = run(*words)
    assert code == 2 and told in output
    assert TemplateVersion.objects.count() == 1 and not Path("x").exists()


def test_a_race_with_another_editor_leaves_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    def quicker(*args: Any, **options: Any) -> Any:
        services.begin("tests.note", "sms", by=None, parts={"sms.txt": "Mine: {{ text }}"})
        return services.begin(*args, **options)

    monkeypatch.setattr(exchange, "begin", quicker)
    report = import_files({NOTE: "Theirs: {{ text }}"}, by=None)
    assert outcomes(report) == {"tests.note sms": "refused"}
    assert TemplateVersion.objects.get().parts == {"sms.txt": "Mine: {{ text }}"}


def test_a_text_that_cannot_be_published_after_all_leaves_no_draft(monkeypatch: pytest.MonkeyPatch) -> None:
    def under_review(version: TemplateVersion, **options: Any) -> Any:
        with override_settings(NOTIFICATIONS={**settings.NOTIFICATIONS, "TEMPLATES_NEED_REVIEW": True}):
            return services.publish(version, **options)

    monkeypatch.setattr(exchange, "publish", under_review)
    report = import_files({NOTE: "New: {{ text }}"}, by=None, publish=True)
    assert outcomes(report) == {"tests.note sms": "refused"}
    assert report.texts[0].reason == "It needs a review first: ask for one."
    assert TemplateVersion.objects.get().state == VersionState.ARCHIVED
