"""`manage.py check_templates` (T3, T4), and what validation asks the database: the text in the default language."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from notifications.management.commands.check_templates import Command
from notifications.models import Experiment, Template, TemplateVersion, Variant, VersionState
from notifications.templating.validation import validate
from notifications.testing.registration import registered
from notifications.types import NotificationType
from notifications.variables import Variable

pytestmark = pytest.mark.django_db


class Visit(NotificationType):
    """Says when to come."""

    key = "tests.checked_visit"
    channels = ("sms", "in_app")
    variables = {"doctor": Variable(example="Dr. Nair")}


INBOX = {"in_app.title.txt": "Your visit", "in_app.txt": "{{ doctor }} expects you."}
GOOD = {"sms.txt": "{{ doctor }} expects you.", **INBOX}


def check(*words):
    """The exit code, and what was printed."""
    out = io.StringIO()
    try:
        call_command("check_templates", "--type", Visit.key, *words, stdout=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as end:
        return end.code, out.getvalue()
    return 0, out.getvalue()


def check_json(*words):
    code, printed = check("--json", *words)
    return code, json.loads(printed)


def written(language="", *, channel="sms", state=VersionState.DRAFT, parts=None, number=1):
    template, _ = Template.objects.get_or_create(type=Visit.key, channel=channel, language=language)
    return TemplateVersion.objects.create(
        template=template, number=number, state=state, parts=parts or {"sms.txt": "{{ docter }}"}
    )


def codes(found):
    return [each["code"] for each in found["findings"] if each["level"] != "note"]


def test_good_files_pass():
    with registered(Visit, GOOD):
        code, printed = check()

    assert code == 0
    assert printed.strip() == "0 errors, 0 warnings and 0 notes in 2 texts."


def test_an_error_in_a_file_is_printed_with_its_place_below_its_type():
    with registered(Visit, {**GOOD, "sms.txt": "Hello\n  {{ docter }}"}):
        code, printed = check()

    assert code == 1
    assert printed.splitlines() == [
        "tests.checked_visit",
        "  notifications/tests.checked_visit/sms.txt:2:3: error notify.T002: There is no value 'docter'. "
        "Did you mean 'doctor'?",
        "",
        "1 error, 0 warnings and 1 note in 2 texts. (-v 2 shows the notes)",
    ]


def test_a_file_on_disk_is_named_as_an_editor_opens_it(tmp_path, settings, monkeypatch):
    folder = tmp_path / "texts" / "notifications" / Visit.key
    folder.mkdir(parents=True)
    (folder / "sms.txt").write_text("{{ docter }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path / "texts"]}]

    with registered(Visit):
        assert f"  {folder}/sms.txt:1:1: error" in check("--channel", "sms")[1]
        monkeypatch.chdir(tmp_path)
        assert f"  texts/notifications/{Visit.key}/sms.txt:1:1: error" in check("--channel", "sms")[1]


def test_notes_are_printed_on_demand():
    with registered(Visit, {**GOOD, "sms.txt": "Hello"}):
        assert "notify.T004" not in check()[1]
        assert "notify.T004: Not used here: doctor." in check("-v", "2")[1]


def test_warnings_fail_where_they_are_asked_to():
    with registered(Visit, {**GOOD, "sms.txt": "{{ doctor }} TODO"}):
        assert check()[0] == 0
        assert check("--fail-level", "error")[0] == 0
        assert check("--fail-level", "warning")[0] == 1


def test_a_type_without_any_text_is_an_error():
    with registered(Visit):
        code, found = check_json()

    assert code == 1
    assert codes(found) == ["notify.T012"] * 3


@pytest.mark.parametrize("state", [VersionState.DRAFT, VersionState.REVIEW, VersionState.PUBLISHED])
def test_what_staff_write_is_checked_in_each_state_until_it_is_archived(state):
    version = written(state=state)
    with registered(Visit, GOOD):
        code, found = check_json()
        version.state = VersionState.ARCHIVED
        version.save()
        code_when_archived, _ = check_json()

    assert (code, code_when_archived) == (1, 0)
    (error,) = [each for each in found["findings"] if each["level"] == "error"]
    assert (error["version"], error["state"], error["line"], error["column"]) == (1, state, 1, 1)
    assert error["where"] == f"tests.checked_visit sms, version 1 ({VersionState(state).label}), sms.txt:1:1"


def test_an_archived_version_that_a_test_sends_is_checked():
    version = written(state=VersionState.ARCHIVED)
    experiment = Experiment.objects.create(template=version.template, name="Shorter", state=Experiment.State.RUNNING)
    for label in "AB":
        Variant.objects.create(experiment=experiment, label=label, version=version)

    with registered(Visit, GOOD):
        _, found = check_json()

    assert codes(found) == ["notify.T002"]


def test_a_published_text_stands_in_for_files_that_are_missing():
    written(state=VersionState.PUBLISHED, parts={"sms.txt": "{{ doctor }} expects you."})

    with registered(Visit, INBOX):
        assert check()[0] == 0


def test_only_what_is_asked_for_is_checked():
    texts = {**GOOD, "hi/sms.txt": "{{ docter }}", "in_app.txt": "{{ docter }}"}

    with registered(Visit, texts):
        assert codes(check_json("--channel", "sms", "--language", "default")[1]) == []
        assert codes(check_json("--channel", "sms", "--language", "hi")[1]) == ["notify.T002"]
        assert codes(check_json("--channel", "in_app")[1]) == ["notify.T002"]
        assert check_json()[1] | {"findings": []} == {
            "findings": [],
            "texts": 3,
            "errors": 2,
            "warnings": 0,
            "notes": 2,
        }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--type", "nothing"], "Unknown notification type 'nothing'. Known: "),
        (["--channel", "fax"], "Unknown channel 'fax'. Known: email, in_app, push, sms."),
        (["--language", "xx"], "Unknown language 'xx'. Known: ar, default, es, hi."),
    ],
)
def test_wrong_usage_exits_with_2_and_the_valid_names(words, says):
    with registered(Visit, GOOD):
        code, printed = check(*words)

    assert code == 2
    assert says in printed


def test_an_option_that_there_is_not_exits_with_2(capsys):
    with pytest.raises(SystemExit) as end:
        Command().run_from_argv(["manage.py", "check_templates", "--fail-level", "note"])

    assert end.value.code == 2
    assert "invalid choice: 'note' (choose from 'error', 'warning')" in capsys.readouterr().err


def test_a_channel_that_no_type_has_is_nothing_to_check():
    with registered(Visit, GOOD):
        assert check("--channel", "push") == (1, "There are no such texts.\n")


def test_the_report_of_languages_names_what_each_lacks():
    written("ar", channel="in_app", state=VersionState.PUBLISHED, parts=INBOX)
    written("es", state=VersionState.DRAFT)

    with registered(Visit, {**GOOD, "hi/sms.txt": "{{ doctor }} आपकी प्रतीक्षा कर रहे हैं।", "es/in_app.txt": "x"}):
        code, printed = check("--languages")
        code_of_warnings, _ = check("--languages", "--fail-level", "warning")
        _, found = check_json("--languages")

    assert (code, code_of_warnings) == (0, 1)
    assert printed.splitlines()[2:] == [
        "English (default)  2 of 2  100 %",
        "Hindi (hi)         1 of 2  50 %",
        "Spanish (es)       0 of 2  0 %",
        "Arabic (ar)        1 of 2  50 %",
        "",
        "Hindi (hi) lacks:",
        "  tests.checked_visit: in_app",
        "",
        "Spanish (es) lacks:",
        "  tests.checked_visit: sms, in_app",
        "",
        "Arabic (ar) lacks:",
        "  tests.checked_visit: sms",
    ]
    assert found[1] == {"language": "hi", "total": 2, "missing": [[Visit.key, "in_app"]], "written": 1, "percent": 50}


def of(code, found):
    return [each for each in found if each.code == code]


def test_a_text_in_another_language_needs_one_in_the_default_language():
    hindi = {"sms.txt": "{{ doctor }} आपकी प्रतीक्षा कर रहे हैं।"}

    with registered(Visit, INBOX):
        (error,) = of("notify.T016", validate(Visit, "sms", "hi", hindi))
        written(state=VersionState.PUBLISHED, parts={"sms.txt": "{{ doctor }} expects you."})
        assert not of("notify.T016", validate(Visit, "sms", "hi", hindi))
    with registered(Visit, GOOD):
        assert not of("notify.T016", validate(Visit, "sms", "hi", hindi))

    assert error.level == "error"
    assert "the default (en) lacks sms.txt. Publish the default text first." in error.message


@pytest.mark.parametrize(
    ("language", "text", "told"),
    [
        ("hi", "{{ doctor }} expects you.", True),
        ("hi", "{{ doctor|upper }}  expects\nyou", True),
        ("hi", "{{ doctor }} आपकी प्रतीक्षा कर रहे हैं।", False),
        ("en-gb", "{{ doctor }} expects you.", False),
        ("", "{{ doctor }} expects you.", False),
    ],
)
def test_a_text_that_is_not_translated_is_told_of(language, text, told):
    with registered(Visit, GOOD):
        found = of("notify.T102", validate(Visit, "sms", language, {"sms.txt": text}))

    assert [(each.level, each.part) for each in found] == ([("warning", "sms.txt")] if told else [])


def test_a_text_is_compared_with_the_published_one_before_the_file():
    written(state=VersionState.PUBLISHED, parts={"sms.txt": "Please come soon."})

    with registered(Visit, GOOD):
        assert not of("notify.T102", validate(Visit, "sms", "hi", {"sms.txt": "{{ doctor }} expects you."}))
        assert of("notify.T102", validate(Visit, "sms", "hi", {"sms.txt": "Please come soon."}))


def test_the_default_text_is_looked_up_once(django_assert_num_queries):
    with registered(Visit, GOOD), django_assert_num_queries(1):
        validate(Visit, "sms", "hi", {"sms.txt": "{{ doctor }} expects you."})
    with registered(Visit, GOOD), django_assert_num_queries(0):
        validate(Visit, "sms", "", {"sms.txt": "{{ doctor }} expects you."})


def test_no_text_that_is_shipped_has_an_error():
    """The apps' own texts, in all languages."""
    out = io.StringIO()

    call_command("check_templates", stdout=out)  # exits where there is one

    assert out.getvalue().splitlines()[-1].startswith("0 errors, ")
