"""What staff do with templates: see, write, try, publish, roll back. Who may is asked by the admin and the API."""

from notifications.services.templates.catalogue import (
    Place,
    Standing,
    channels_of,
    file_parts,
    languages,
    place,
    places,
    standing,
    standings,
)
from notifications.services.templates.diffing import PartDiff, diff
from notifications.services.templates.editing import begin, discard, present_parts, save
from notifications.services.templates.previewing import TextPreview, example_values, preview_text
from notifications.services.templates.publishing import (
    Publication,
    accept_file,
    archive,
    publish,
    require_reviewer,
    roll_back,
    send_back,
    submit,
    version_before,
)
from notifications.services.templates.test_send import send_test

__all__ = [
    "PartDiff",
    "Place",
    "Publication",
    "Standing",
    "TextPreview",
    "accept_file",
    "archive",
    "begin",
    "channels_of",
    "diff",
    "discard",
    "example_values",
    "file_parts",
    "languages",
    "place",
    "places",
    "present_parts",
    "preview_text",
    "publish",
    "require_reviewer",
    "roll_back",
    "save",
    "send_back",
    "send_test",
    "standing",
    "standings",
    "submit",
    "version_before",
]
