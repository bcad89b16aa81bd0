"""What happened to a text, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, ngettext

from notifications import conf
from notifications.exceptions import TemplateStateError
from notifications.models import TemplateVersion
from notifications.services import templates as services
from notifications.services.templates import Publication


def of_publication(publication: Publication) -> str:
    """What readers get from now on, and what ended with it."""
    if publication.version:
        said = [
            gettext("Version %(number)s is published: what is sent from now on has it.")
            % {"number": publication.version.number}
        ]
    else:
        said = [gettext("Readers get the files from now on.")]
    if publication.replaced:
        said.append(gettext("Version %(number)s is archived.") % {"number": publication.replaced.number})
    if publication.stopped:
        said.append(gettext("The A/B test “%(name)s” has ended with it.") % {"name": publication.stopped.name})
    if publication.in_flight:
        number = publication.in_flight
        some = ngettext(
            "%(number)s message is with a provider at this moment, and may carry the text of before.",
            "%(number)s messages are with a provider at this moment, and may carry the text of before.",
            number,
        )
        said.append(some % {"number": f"{number:,}"})
    return " ".join(said)


def not_yet(version: TemplateVersion | None, user: Any) -> str:
    """Why a person cannot publish a version now; empty: nothing forbids it but its own mistakes.

    None stands for a draft that is still to be begun.
    """
    if version is None:
        return gettext("It needs a review first: ask for one.") if conf.get().TEMPLATES_NEED_REVIEW else ""
    try:
        services.require_reviewer(version, user)
    except TemplateStateError as error:
        return str(error)
    return ""
