"""The text in the default language that another one is compared with."""

from __future__ import annotations

from collections.abc import Mapping

from notifications.channels.base import Channel
from notifications.models import TemplateVersion, VersionState
from notifications.templating import files


def default_parts(key: str, channel: Channel) -> Mapping[str, str]:
    """Part → source, as staff published it, or else of the files; empty where there is none."""
    published = TemplateVersion.objects.filter(
        template__type=key, template__channel=channel.name, template__language="", state=VersionState.PUBLISHED
    )
    found = published.values_list("parts", flat=True).first()
    return files.parts(key, tuple(each.name for each in channel.parts), "") if found is None else found
