"""What an A/B test of a text has to be like, before it is planned and before it is started."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from notifications.exceptions import TemplateInvalid, TemplateStateError
from notifications.models import Template, TemplateVersion, Variant, VersionState
from notifications.services.templates.catalogue import standing
from notifications.services.templates.publishing import refuse_errors, require_reviewer
from notifications.types import get_type

Kind = Variant.Kind
WEIGHT_MAX, LABEL_MAX_LENGTH = 1000, 20


def check_arms(template: Template, arms: Sequence[Variant]) -> None:
    """What must be true of a plan as well as of a start. Raises `TemplateStateError`."""
    labels = [each.label for each in arms]
    for each in arms:
        if not 0 < len(each.label) <= LABEL_MAX_LENGTH:
            raise invalid(f"A label has 1 to {LABEL_MAX_LENGTH} characters: '{each.label}' has {len(each.label)}.")
        if labels.count(each.label) > 1:
            raise invalid(f"Two variants are called '{each.label}': give each a label of its own.")
        if type(each.weight) is not int or not 0 < each.weight <= WEIGHT_MAX:
            raise invalid(f"The weight of {each.label} is {each.weight!r}; valid are 1 to {WEIGHT_MAX}.")
        if each.kind not in Kind.values:
            raise invalid(f"A hold-out gets 'published' or 'nothing', not '{each.kind}'.")
    if sum(each.kind != Kind.NOTHING for each in arms) < 2:
        raise invalid("A test compares two texts at least: two versions, or one and a hold-out of what is published.")
    if any(each.kind == Kind.NOTHING for each in arms):
        _check_may_get_nothing(template)
    versions = [each.version for each in arms if each.version is not None]
    for version in versions:
        _check_version(template, version)
        if versions.count(version) > 1:
            raise invalid(f"Version {version.number} stands in two variants: nothing could be learned from them.")
        if version.state == VersionState.PUBLISHED and any(each.kind == Kind.PUBLISHED for each in arms):
            raise invalid(f"Version {version.number} is published, so the hold-out gets it as well: leave one out.")


def _check_version(template: Template, version: TemplateVersion) -> None:
    if version.template_id != template.pk:
        raise invalid(f"{version} is a version of another template than {template}.")
    if version.state == VersionState.DRAFT:
        raise TemplateStateError(
            f"Version {version.number} is a draft, and could change while it is sent: ask for a review of it first.",
            code="state",
        )


def _check_may_get_nothing(template: Template) -> None:
    type_ = get_type(template.type)
    if type_.stream != "marketing":
        raise invalid(
            f"{template.type} is {type_.stream}, and nobody misses an appointment for a test: "
            "only marketing may be held back. Hold out 'published'."
        )
    if type_.fallback:
        raise invalid(
            f"Who gets nothing by {template.channel} would get {template.type} by {' or '.join(type_.fallback)}, "
            "its fallback. Hold out 'published'."
        )


def check_texts(template: Template, arms: Sequence[Variant], by: Any) -> None:
    """That what is about to be sent is fit for it. Raises `TemplateStateError`."""
    now = standing(template.type, template.channel, template.language)
    if now.source not in ("published", "file"):
        raise TemplateStateError(
            f"Readers of {template} get no text of that language yet: publish one first, then test others against it.",
            code="missing",
        )
    for each in arms:
        if each.version is None:
            continue
        try:
            require_reviewer(each.version, by)
            refuse_errors(each.version)
        except TemplateStateError as error:
            raise TemplateStateError(f"Version {each.version.number}: {error}", code=error.code) from error
        except TemplateInvalid as error:
            raise TemplateStateError(f"Version {each.version.number}: {error}", code="invalid") from error


def invalid(message: str) -> TemplateStateError:
    """The error for what no test can be."""
    return TemplateStateError(message, code="invalid")
