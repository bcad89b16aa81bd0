"""The staff's pages in each language: no English of ours is left on them, and what is logged stays English (T4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from notifications.admin.templates.text import title_of
from notifications.models import Delivery, Status, Suppression, Template
from notifications.services import notify
from notifications.services import templates as services
from notifications.testing import deliver_all
from project.accounts.models import User
from tests.app.notifications import Everywhere, Note
from tests.integration.template_pages import NOTE, published

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
ENGLISH = re.compile(
    r"\b(?:the|you|your|of|this|is|are|was|by|from|until|with|where|what|who|which|every|nothing|none|delivery|"
    r"deliveries|recipient|provider|status|state|reason|address|channel|category|created|save|draft|publish|published|"
    r"review|version|search|show|since|waits|open|text|language|message|time|type|back|history|preview)\b",
    re.IGNORECASE,
)
"""words of our pages that no name, key or code of these tests has by itself"""
NOTE_TITLE = title_of(Note)
MODELS = [
    each for each in apps.get_app_config("notify").get_models() if each in admin.site._registry and each is not Template
]
"""whose lists are ours; the list of texts names types, which their developers describe in English"""


@pytest.fixture(params=LANGUAGES)
def language(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def superuser(client: Client, language: str) -> User:
    """Somebody who may do everything, in the language; signed in."""
    user = User.objects.create_superuser("root", language=language)
    client.force_login(user)
    return user


def english(client: Client, address: str, language: str, name: str = "") -> list[str]:
    """The lines of a page with English words, but for code, texts, the help on values and tags, and a `name`."""
    response = client.get(address)
    assert response.status_code == 200, address
    page = response.content.decode()
    assert f'<html lang="{language}"' in page, address
    shown = re.sub(r"(?s)<(script|style|code|pre|textarea|option|title|bdi|dl)\b.*?</\1>|<!--.*?-->", " ", page)
    shown = shown.replace(NOTE_TITLE, "").replace(name, "")
    lines = (line.strip() for line in re.sub(r"<[^>]+>", "\n", shown).splitlines())
    return [line for line in lines if ENGLISH.search(line)]


@pytest.mark.parametrize("model", MODELS, ids=lambda each: each.__name__)
def test_no_list_has_english_words_of_ours(client: Client, superuser: User, language: str, model: Any) -> None:
    assert english(client, reverse(f"admin:notify_{model._meta.model_name}_changelist"), language) == []


@pytest.mark.parametrize("model", ["suppression", "contactpoint", "price", "budget", "sandboxfault", "experiment"])
def test_no_form_has_english_words_of_ours(client: Client, superuser: User, language: str, model: str) -> None:
    assert english(client, reverse(f"admin:notify_{model}_add"), language) == []


def test_no_page_of_a_row_has_english_words_of_ours(
    client: Client, superuser: User, language: str, person: Any
) -> None:
    """But for the timeline, which is worded where it is logged."""
    (notification,) = notify(Note(text="7"), to=person)
    deliver_all()
    delivery = Delivery.objects.get(notification=notification)
    suppression = Suppression.objects.create(channel="email", address="a@example.org", cause="bounce")
    addresses = [
        reverse("admin:notify_delivery_change", args=[delivery.pk]),
        reverse("admin:notify_suppression_change", args=[suppression.pk]),
        reverse("admin:notify_contactpoint_change", args=[person.contact_points.first().pk]),
        reverse("admin:notify_providerhealth_change", args=[delivery.provider]),
        reverse("admin:notify_providerhealth_control", args=[delivery.provider, "drain"]),
    ]
    assert {each: english(client, each, language, str(delivery)) for each in addresses} == {
        each: [] for each in addresses
    }


def test_no_page_of_a_text_has_english_words_of_ours(client: Client, superuser: User, language: str) -> None:
    published("Hi {{ text }}")
    services.begin(Note.key, "sms", by=superuser)
    pages = [NOTE, f"{NOTE}history/", f"{NOTE}publish/"]
    assert {each: english(client, each, language) for each in pages} == {each: [] for each in pages}


def test_what_was_done_is_logged_in_english(client: Client, superuser: User, person: Any) -> None:
    (notification,) = notify(Everywhere(text="7"), to=person)
    Delivery.objects.filter(notification=notification).update(status=Status.FAILED, due_at=None)
    posted = {"action": "retry", "_selected_action": [str(notification.pk)], "confirmed": "1"}
    response = client.post(reverse("admin:notify_notification_changelist"), posted, follow=True)
    (said,) = map(str, response.context["messages"])
    assert not ENGLISH.search(said)
    assert LogEntry.objects.get().change_message == "4 deliveries put back, to be sent again."
