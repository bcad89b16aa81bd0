"""The list of all texts in the admin: what there is, how it stands, what needs somebody (T1, T4)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications import clock
from notifications.admin.templates import overview as listing
from notifications.admin.templates.text import title_of
from notifications.models import TemplateVersion, VersionMeasure, VersionState
from notifications.services import templates as services
from notifications.services.templates import experiments
from notifications.testing import registered
from notifications.types import NotificationType
from tests.app.notifications import Everywhere, Note
from tests.integration.template_pages import LIST, NOTE, published, shown, staff

pytestmark = pytest.mark.django_db


class Unwritten(NotificationType):
    """A text that nobody has written. Nothing can be sent."""

    key = "tests.unwritten"
    category = "visits"
    channels = ("sms",)


@pytest.fixture(autouse=True)
def signed_in(client: Client) -> None:
    staff(client, "view_template")


@pytest.fixture
def unwritten() -> Iterator[None]:
    with registered(Unwritten):
        yield


def cell(key: str, channel: str, language: str) -> listing.Cell:
    groups = [group for category in listing.overview().categories for group in category.groups]
    (row,) = [row for group in groups if group.key == key for row in group.rows if row.channel == channel]
    return next(each for each in row.cells if each.language == language)


def said(key: str = Note.key, language: str = "") -> str:
    return " ".join(cell(key, "sms", language).badges)


def test_every_text_has_its_place_whether_anybody_wrote_it_or_not(client: Client, unwritten: None) -> None:
    page = client.get(LIST)
    for each in services.places():
        for code, _ in services.languages():
            address = f'href="{LIST}{each.type.key}/{each.channel}/{code or "default"}/"'
            assert address in page.content.decode(), address
    text = shown(page)
    assert "A text that nobody has written. Nothing can be sent tests.unwritten" in text
    assert "Text by SMS" not in text
    assert "The simplest: text by SMS tests.note" in text


def test_a_type_without_a_docstring_is_called_by_its_key() -> None:
    class Bare(NotificationType):
        key = "tests.bare_and_simple"
        text: str

    assert title_of(Bare) == "Bare and simple"


def test_each_text_says_how_it_stands(unwritten: None) -> None:
    assert ">file<" in said()
    assert ">file<" in said(language="es")
    assert "default text" in said(language="hi")
    assert ">missing<" in said("tests.unwritten")
    assert ">missing<" in said("tests.unwritten", "hi"), "what it would fall back to is not there either"
    published("Staff: {{ text }}")
    assert ">published v1<" in said()
    draft = services.begin(Note.key, "sms", by=None)
    assert ">draft v2<" in said()
    services.submit(draft, by=None)
    assert ">v2 in review<" in said()
    assert "attention" in cell(Note.key, "sms", "").marks


def test_what_needs_somebody_is_marked(unwritten: None) -> None:
    version = published("Staff: {{ text }}")
    assert "attention" not in cell(Note.key, "sms", "").marks
    TemplateVersion.objects.update(file_parts={"sms.txt": "another file"})
    assert ">file changed<" in said()
    assert "attention" in cell(Note.key, "sms", "").marks
    TemplateVersion.objects.update(file_parts=services.file_parts(Note.key, "sms", ""))
    VersionMeasure.objects.create(version=version, day=clock.now().date(), renders=9, failures=3)
    assert "failed 3 ×" in said()
    assert "attention" in cell(Note.key, "sms", "").marks
    assert "attention" in cell("tests.unwritten", "sms", "").marks
    assert "attention" not in cell(Note.key, "sms", "hi").marks
    assert "unwritten" in cell(Note.key, "sms", "hi").marks


def test_the_head_tells_how_much_is_written_in_each_language(client: Client) -> None:
    before = {each.code: each.complete for each in listing.overview().languages}
    assert before[""].percent == 100
    services.publish(services.begin(Note.key, "sms", "hi", by=None, parts={"sms.txt": "{{ text }}"}), by=None)
    after = {each.code: each.complete for each in listing.overview().languages}
    assert after["hi"].written == before["hi"].written + 1
    assert after["es"] == before["es"]
    assert f"{after['hi'].written} of {after['hi'].total}" in shown(client.get(LIST))


def test_the_list_takes_as_many_queries_for_many_versions_as_for_few(client: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST).status_code == 200
        return len(captured)

    few = queries()
    for code, _ in services.languages():
        services.publish(services.begin(Note.key, "sms", code, by=None, parts={"sms.txt": "{{ text }}"}), by=None)
        services.begin(Note.key, "sms", code, by=None)
    assert TemplateVersion.objects.filter(state=VersionState.DRAFT).count() == 4
    assert queries() == few <= 8


@pytest.mark.parametrize("address", [LIST, NOTE, f"{NOTE}history/"])
def test_no_page_has_scripts_or_styles_of_its_own(client: Client, address: str) -> None:
    page = client.get(address).content.decode()
    own = page[page.index('id="content"') :]
    assert "<script" not in own
    assert "<style" not in own
    assert " style=" not in own
    assert " on" not in {each[:3] for each in own.split('"')[::2] if "=" in each and each.strip().startswith("on")}


def test_a_link_to_the_list_stands_on_the_first_page_of_the_admin(client: Client) -> None:
    assert f'href="{LIST}"' in client.get("/admin/").content.decode()


def test_the_tests_that_run_on_a_text_are_told_and_linked(client: Client) -> None:
    variants = []
    for label in "AB":
        parts = {"in_app.title.txt": label, "in_app.txt": "{{ text }}"}
        version = services.begin(Everywhere.key, "in_app", parts=parts, by=None)
        services.publish(version, by=None)
        version.refresh_from_db()
        variants.append((label, version, 50))
    template = variants[0][1].template
    test = experiments.create(template, name="Shorter", metric="opened", variants=variants, by=None)
    assert "A/B test" not in str(cell(Everywhere.key, "in_app", "").badges)
    experiments.start(test, by=None)
    assert "A/B test" in str(cell(Everywhere.key, "in_app", "").badges)
    assert "tested" in cell(Everywhere.key, "in_app", "").marks
    page = client.get(f"{LIST}tests.everywhere/in_app/default/")
    assert "“Shorter” runs on this text." in shown(page)
    for link in (f"/admin/notify/experiment/{test.pk}/change/", f"/admin/notify/experiment/?template={template.pk}"):
        assert f'href="{link}"' in page.content.decode()
        assert client.get(link).status_code == 200
