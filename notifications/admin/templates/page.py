"""What the pages of a text have in common: who may do what, where else one can go, and what has just happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from notifications.admin.templates.overview import badges, fallback_of, recent_rollbacks
from notifications.admin.templates.text import Text, address, found, language_name
from notifications.services import templates as services

__all__ = ["Permissions", "context", "found", "note", "require"]


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a person may do with texts."""

    change: bool
    publish: bool

    @classmethod
    def of(cls, request: HttpRequest) -> Permissions:
        """Of who asks."""
        user = request.user
        return cls(user.has_perm("notify.change_template"), user.has_perm("notify.publish_template"))


def require(request: HttpRequest, codename: str) -> None:
    """Raises `PermissionDenied` for who may not."""
    if not request.user.has_perm(f"notify.{codename}"):
        raise PermissionDenied


def note(request: HttpRequest) -> str:
    """What was written of a step, as databases take it."""
    return request.POST.get("note", "").replace("\x00", "")


@dataclass(frozen=True, slots=True)
class Tab:
    """A language, or a channel, of the same type."""

    name: str
    address: str
    chosen: bool
    badges: list[Any]


def context(admin: Any, request: HttpRequest, text: Text, title: str) -> dict[str, Any]:
    """For the template of any page of a text."""
    places = [each for each in services.places() if each.type is text.type]
    standings = services.standings(places)
    template = text.template
    fallback = fallback_of(text.standing, standings)
    return {
        **admin.admin_site.each_context(request),
        "is_nav_sidebar_enabled": False,  # the page needs its width
        "opts": admin.opts,
        "media": admin.media,
        "title": title,
        "here": (request.resolver_match.url_name or "").removeprefix("notify_template_")
        if request.resolver_match
        else "",
        "subtitle": f"{text.title}: {text.channel}, {text.language_name}",
        "text": text,
        "standing": text.standing,
        "badges": badges(text.standing, fallback),
        "fallback": fallback,
        "fallback_name": None if fallback is None else language_name(fallback),
        "languages": [
            Tab(
                gettext(name),
                address((text.type.key, text.channel, code)),
                code == text.language,
                badges(each := standings[text.type.key, text.channel, code], fallback_of(each, standings))[:1],
            )
            for code, name in services.languages()
        ],
        "channels": [
            Tab(each.channel, address((text.type.key, each.channel, text.language)), each.channel == text.channel, [])
            for each in places
        ],
        "may": Permissions.of(request),
        "template_row": template,
        "rollback": next(iter(recent_rollbacks(template)), None) if template else None,
        "experiments_address": f"{_page('changelist')}?template={template.pk}" if template else "",
        "running_address": _page("change", text.standing.running.pk) if text.standing.running else "",
    }


def _page(view: str, *args: Any) -> str:
    return reverse(f"admin:notify_experiment_{view}", args=args)
