"""What the admin calls models, fields and choices, in the languages of the pages; and what stays English (T4)."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.management import call_command
from django.db.models import Field, Model
from django.test import Client
from django.utils import translation

from notifications.models import (
    Breaker,
    Budget,
    Cause,
    Consent,
    Control,
    Delivery,
    DisabledBy,
    Experiment,
    Kind,
    Notification,
    Reason,
    SandboxFault,
    Status,
    Template,
    TemplateChange,
    VersionState,
)
from notifications.types import Priority
from project.accounts.models import User

WITH_PAGES_OF_THEIR_OWN = (Experiment, Template)
OURS = ("notify", "accounts", "clinic", "pharmacy")
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
SAME = {
    "es": {"PID", "alias", "normal"},
    "hi": set(),
    "ar": set(),
}
"""words that are no other ones in a language"""
STORED = (Breaker, Cause, Control, DisabledBy, Kind, Priority, Reason, Status, VersionState)
"""their labels go into what is stored, logged or said in English"""
SHOWN = [
    (Budget, "period"),
    (Consent, "means"),
    (Delivery, "priority"),
    (Notification, "priority"),
    (Experiment, "metric"),
    (Experiment, "state"),
    (SandboxFault, "fault"),
    (TemplateChange, "action"),
]
"""choices that a page shows by itself"""


def models() -> list[type[Model]]:
    return [each for each in apps.get_models() if each._meta.app_label in OURS]


def shown_fields() -> Iterator["Field[Any, Any]"]:
    """The fields whose names the pages of the admin show: those that no column of the page's own stands for."""
    for model, page in admin.site._registry.items():
        if model._meta.app_label not in OURS or model is User:  # most of it is Django's
            continue
        named = {*page.list_display, *page.list_filter, *flatten_fieldsets(page.fieldsets or ()), *(page.fields or ())}
        fields = {each.name: each for each in model._meta.fields if not each.auto_created}
        if not page.fieldsets and not page.fields and model not in WITH_PAGES_OF_THEIR_OWN:
            named |= {name for name, each in fields.items() if each.editable}
        yield from (each for name, each in fields.items() if name in named and not hasattr(page, name))


def in_english(text: object) -> str:
    with translation.override("en"):
        return str(text)


def untranslated(language: str, texts: Iterable[object]) -> set[str]:
    """`texts` is no set: a word that is translated later equals the same word that never is."""
    with translation.override(language):
        return {str(each) for each in texts if str(each) == in_english(each)} - SAME[language]


def test_the_fields_of_the_pages_are_found():
    found = {f"{each.model.__name__}.{each.name}" for each in shown_fields()}
    assert {"Notification.recipient", "Delivery.due_at", "ContactPoint.label", "Appointment.place"} <= found
    assert len(found) > 60


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_model_and_app_has_a_name_in_every_language(language):
    meta = [each._meta for each in models() if each is not User]
    names = [name for each in meta for name in (each.verbose_name, each.verbose_name_plural)]
    names += [apps.get_app_config(label).verbose_name for label in OURS]
    assert untranslated(language, names) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_that_a_page_shows_has_a_name_and_a_help_in_every_language(language):
    texts = [text for each in shown_fields() for text in (each.verbose_name, each.help_text) if str(text)]
    assert untranslated(language, texts) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("model", "field"), SHOWN)
def test_choices_that_a_page_shows_by_itself_are_in_its_language(language, model, field):
    assert untranslated(language, [label for _, label in model._meta.get_field(field).choices]) == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("choices", STORED)
def test_labels_that_are_stored_or_logged_stay_english_and_have_a_translation(language, choices):
    labels = [str(each.label) for each in choices if str(each.label)]
    with translation.override(language):
        assert [str(each.label) for each in choices if str(each.label)] == labels
        assert {each for each in labels if translation.gettext(each) == each} <= SAME[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_provider_is_described_by_two_parts_in_every_language(language):
    """The page shows the word before the colon, and the rest beside it."""
    for each in (*Breaker, *Control):
        with translation.override(language):
            assert translation.gettext(str(each.label)).count(": ") == str(each.label).count(": ")


def test_what_a_budget_says_of_itself_is_stored_in_english_whoever_is_at_work():
    with translation.override("hi"):
        assert Budget(amount=20, period="day").describe("USD") == "The budget of 20.00 USD a day for all messages"


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_migration_is_wanted_whatever_the_language(language, capsys):
    with translation.override(language):
        call_command("makemigrations", *OURS, check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("hi", ("सूचनाएँ", "संपर्क पते", "दवाखाना", "प्रशासन")),
        ("es", ("Notificaciones", "Puntos de contacto", "Farmacia", "Administración")),
        ("ar", ("الإشعارات", "جهات الاتصال", "الصيدلية", "الإدارة")),
    ],
)
def test_the_first_page_of_the_admin_names_everything_in_the_language_of_who_looks(client: Client, language, says):
    user = User.objects.create_superuser("anna", language=language)
    client.force_login(user)
    page = client.get("/admin/").text
    assert [each for each in says if each not in page] == []
    assert "Contact points" not in page
