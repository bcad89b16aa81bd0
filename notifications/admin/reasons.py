"""Pages that ask for a reason before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"class": "vTextField", "autofocus": True}),
        label=_("Reason"),
        help_text=_("Kept in the history."),
    )


def ask(
    model_admin: Any,
    request: HttpRequest,
    form: ReasonForm,
    *,
    title: str,
    explanation: str,
    button: str,
    back: str,
    hidden: Mapping[str, Any] | None = None,
) -> TemplateResponse:
    """The page. It posts to its own address; values of `hidden` are texts, or lists of them."""
    pairs = [
        (name, each)
        for name, value in (hidden or {}).items()
        for each in (value if isinstance(value, list) else [value])
    ]
    context = {
        **model_admin.admin_site.each_context(request),
        "title": title,
        "explanation": explanation,
        "button": button,
        "back": back,
        "hidden": pairs,
        "form": form,
        "opts": model_admin.opts,
        "media": model_admin.media,
    }
    return TemplateResponse(request, "admin/notify/ask_reason.html", context)
