"""The text that a page is about: its type, channel and language, how it stands, and where its pages are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext

from notifications.exceptions import TemplateStateError, UnknownTypeError
from notifications.models import Template
from notifications.services import templates as services
from notifications.services.templates import Standing
from notifications.templating import texts
from notifications.types import NotificationType

DEFAULT = "default"
"""stands in addresses for the language that serves all others"""


@dataclass(frozen=True, slots=True)
class Text:
    """One text, and how it stands."""

    standing: Standing

    @property
    def type(self) -> type[NotificationType]:
        """Its notification type."""
        return self.standing.place.type

    @property
    def key(self) -> str:
        """Of its type. Pages name it, for a type itself they would call."""
        return self.type.key

    @property
    def channel(self) -> str:
        """The name of its channel."""
        return self.standing.place.channel

    @property
    def language(self) -> str:
        """The code of its language; empty: it serves all that have none of their own."""
        return self.standing.language

    @property
    def where(self) -> tuple[str, str, str]:
        """As the services take it."""
        return self.key, self.channel, self.language

    @property
    def title(self) -> str:
        """What the type does, in words."""
        return title_of(self.type)

    @property
    def language_name(self) -> str:
        """In the language of who looks, such as Hindi."""
        return language_name(self.language)

    @property
    def is_bidi(self) -> bool:
        """Whether it is written from right to left."""
        return texts.is_bidi(self.language or texts.default_language())

    @property
    def template(self) -> Template | None:
        """Its row; None where staff never touched it."""
        key, channel, language = self.where
        return Template.objects.filter(type=key, channel=channel, language=language).first()

    def address(self, view: str = "edit", **query: Any) -> str:
        """Of one of its pages: edit, preview, publish, step, history, trial."""
        return address(self.where, view, **query)

    @property
    def edit_address(self) -> str:
        """Of the editor."""
        return self.address()

    @property
    def preview_address(self) -> str:
        """Of what answers the live preview."""
        return self.address("preview")

    @property
    def publish_address(self) -> str:
        """Of the page that asks before it publishes."""
        return self.address("publish")

    @property
    def step_address(self) -> str:
        """Where what is done to it is posted."""
        return self.address("step")

    @property
    def history_address(self) -> str:
        """Of its versions."""
        return self.address("history")


def found(type_key: str, channel: str, language: str) -> Text:
    """The text of an address. Raises `Http404`."""
    try:
        return Text(services.standing(type_key, channel, "" if language == DEFAULT else language))
    except (UnknownTypeError, TemplateStateError) as error:
        raise Http404(str(error)) from None


def address(where: tuple[str, str, str], view: str = "edit", **query: Any) -> str:
    """Of a page of the text of a type, channel and language."""
    key, channel, language = where
    path = reverse(f"admin:notify_template_{view}", args=[key, channel, language or DEFAULT])
    return f"{path}?{urlencode(query)}" if query else path


def title_of(type_: type[NotificationType]) -> str:
    """What a type does: the first line of its docstring, or else the words of its key."""
    own = (type_.__dict__.get("__doc__") or "").strip()
    if not own or own.startswith(f"{type_.__name__}("):  # which dataclasses write by themselves
        return type_.key.rpartition(".")[2].replace("_", " ").capitalize()
    return str(own.splitlines()[0].removesuffix("."))


def language_name(code: str) -> str:
    """In the language of who looks, such as Hindi; of the one that serves all others too."""
    return gettext(dict(services.languages()).get(code, code))
