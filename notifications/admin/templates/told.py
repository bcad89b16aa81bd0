"""What happened to a text, in words."""

from __future__ import annotations

from typing import Any

from notifications import conf
from notifications.exceptions import TemplateStateError
from notifications.models import TemplateVersion
from notifications.services import templates as services
from notifications.services.templates import Publication


def of_publication(publication: Publication) -> str:
    """What readers get from now on, and what ended with it."""
    if publication.version:
        said = [f"Version {publication.version.number} is published: what is sent from now on has it."]
    else:
        said = ["Readers get the files from now on."]
    if publication.replaced:
        said.append(f"Version {publication.replaced.number} is archived.")
    if publication.stopped:
        said.append(f"The A/B test “{publication.stopped.name}” has ended with it.")
    if publication.in_flight:
        number = publication.in_flight
        some = "1 message is" if number == 1 else f"{number:,} messages are"
        said.append(f"{some} with a provider at this moment, and may carry the text of before.")
    return " ".join(said)


def not_yet(version: TemplateVersion | None, user: Any) -> str:
    """Why a person cannot publish a version now; empty: nothing forbids it but its own mistakes.

    None stands for a draft that is still to be begun.
    """
    if version is None:
        return "It needs a review first: ask for one." if conf.get().TEMPLATES_NEED_REVIEW else ""
    try:
        services.require_reviewer(version, user)
    except TemplateStateError as error:
        return str(error)
    return ""
