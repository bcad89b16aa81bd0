"""The fields of the editor: one for each part of the channel's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from notifications.admin.templates.text import Text
from notifications.channels.base import Part
from notifications.templating import texts

PREFIX = "part-"
LABELS = {
    "sms.txt": (_("Text message"), ""),
    "push.title.txt": (_("Title"), _("One line.")),
    "push.txt": (_("Text"), ""),
    "email.subject.txt": (_("Subject"), _("One line.")),
    "email.html": (pgettext_lazy("part of a text", "Email"), _("HTML, most often in the blocks of a layout.")),
    "email.txt": (_("Plain text"), _("For who reads no HTML. Left empty, it is made from the HTML.")),
    "in_app.title.txt": (_("Title"), _("One line.")),
    "in_app.txt": (_("Text"), ""),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A part as it is written. `direction` is an HTML `dir`."""

    part: Part
    source: str
    label: str
    hint: str
    direction: str

    @property
    def name(self) -> str:
        """Of the part, such as email.html."""
        return self.part.name

    @property
    def input_name(self) -> str:
        """In the form."""
        return f"{PREFIX}{self.name}"

    @property
    def input_id(self) -> str:
        """In the page."""
        return input_id(self.name)

    @property
    def is_line(self) -> bool:
        """Whether it is read as one line, and Tab leads on from it."""
        return self.name.endswith((".subject.txt", ".title.txt"))


def input_id(part: str) -> str:
    """The id of the field of a part."""
    return PREFIX + part.replace(".", "-")


def fields(text: Text, parts: Mapping[str, str]) -> list[Field]:
    """A field for each part of a text."""
    made = []
    for part in texts.parts_of(text.channel):
        label, hint = LABELS.get(part.name, (part.name, ""))
        # HTML is code, whose lines each have their own direction.
        direction = "rtl" if text.is_bidi and not part.is_html else "ltr"
        # The line break at the end of a file is no line to write on.
        made.append(Field(part, parts.get(part.name, "").removesuffix("\n"), str(label), str(hint), direction))
    return made


def written(text: Text, posted: QueryDict | Mapping[str, str]) -> dict[str, str]:
    """The parts as they were posted; optional ones only where they say something.

    Parts that the channel does not have are not looked at.
    """
    found = {}
    for part in texts.parts_of(text.channel):
        source = str(posted.get(f"{PREFIX}{part.name}", ""))
        if part.required or source.strip():
            found[part.name] = as_file(source)
    return found


def as_file(source: str) -> str:
    """With line breaks as files have them, also at the end: what staff write is compared with files."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n")
    return f"{lines.removesuffix(chr(10))}\n" if lines.strip() else lines
