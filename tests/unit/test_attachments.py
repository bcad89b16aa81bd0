"""Which files may go along with a message, and how each other one is refused (S6)."""

from typing import Any

import pytest

from notifications.channels.attachments import TYPES, Limits, check
from notifications.channels.email import EmailChannel
from notifications.exceptions import AttachmentError, ConfigurationError
from notifications.messages import Attachment

LIMITS = Limits(each=1_000, total=1_500, types=tuple(TYPES))
CALENDAR = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
GOOD = [
    ("a.pdf", "application/pdf", b"%PDF-1.7\n"),
    ("a.gif", "image/gif", b"GIF89a..."),
    ("a.jpg", "image/jpeg", b"\xff\xd8\xff\xe0..."),
    ("A.JPEG", "image/jpeg", b"\xff\xd8\xff\xe1..."),
    ("a.png", "image/png", b"\x89PNG\r\n\x1a\n..."),
    ("a.webp", "image/webp", b"RIFF\n\0\0\0WEBPVP8 "),
    ("a.ics", "text/calendar", CALENDAR),
    ("a.csv", "text/csv", "größe,1\n".encode()),
    ("Ein Brief – für Ādā.txt", "text/plain", b"a"),
    ("n" * 96 + ".txt", "text/plain", b"x" * 1_000),
]


def attachment(name: str = "a.txt", content_type: str = "text/plain", content: bytes = b"a", **more: Any) -> Attachment:
    return Attachment(name=name, content_type=content_type, content=content, **more)


@pytest.mark.parametrize("values", GOOD)
def test_what_is_what_it_says_it_is_may_go_along(values: tuple[str, str, bytes]) -> None:
    check([attachment(*values)], LIMITS)


def test_every_type_is_shown_above() -> None:
    assert {content_type for _, content_type, _ in GOOD} == set(TYPES)


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (attachment(""), "has a name of 0 characters; 1 to 100 are allowed"),
        (attachment("n" * 97 + ".txt"), "has a name of 101 characters"),
        (attachment("../a.txt"), "must have a plain name, without a folder"),
        (attachment("c:\\a.txt"), "must have a plain name"),
        (attachment(".a.txt"), "must have a plain name"),
        (attachment("a\r\nBcc: evil@example.org.txt"), "has a control character in its name"),
        (attachment("a\0.txt"), "has a control character in its name"),
        (attachment("a\u2028.txt"), "has a control character in its name"),
        (attachment("a\u202egpj.txt"), "has a control character in its name"),
        (attachment("a.exe", "application/x-msdownload", b"MZ"), "Known: application/pdf, image/gif, "),
        (attachment(content_type="text/plain\r\nBcc: evil@example.org"), "is of type 'text/plain\\r\\nBcc"),
        (attachment(content_type="text/plain; charset=x"), "is of type 'text/plain; charset=x'"),
        (attachment("a.pdf.exe", "application/pdf", b"%PDF-1.7"), "its name must end in .pdf"),
        (attachment("a.png", "image/jpeg", b"\xff\xd8\xff"), "its name must end in .jpg or .jpeg"),
        (attachment("a.pdf", "application/pdf", b"MZ not a PDF"), "does not begin as application/pdf does"),
        (attachment("a.pdf", "application/pdf", b""), "does not begin as application/pdf does"),
        (attachment("a.png", "image/png", b"\xff\xd8\xff"), "does not begin as image/png does"),
        (attachment("a.webp", "image/webp", b"RIFF\n\0\0\0WAVE"), "does not begin as image/webp does"),
        (attachment("a.ics", "text/calendar", b"\n" + CALENDAR), "does not begin as text/calendar does"),
        (attachment(content="größe".encode("latin-1")), "its text must be UTF-8"),
        (attachment(content=b"a\0b"), "has a NUL in it"),
        (attachment(method="REQUEST"), "has a method, which only text/calendar has"),
        (attachment("a.ics", "text/calendar", CALENDAR, method="CANCEL"), "its calendar must have the same"),
        (attachment("a.ics", "text/calendar", CALENDAR, method="X\r\nY"), "Known: ADD, CANCEL, COUNTER, "),
        (attachment(content=b""), "is empty"),
        (attachment(content=b"x" * 1_001), "has 1,001 bytes; 1,000 are allowed"),
    ],
)
def test_a_file_is_refused_with_what_is_wrong_and_what_is_valid(refused: Attachment, why: str) -> None:
    with pytest.raises(AttachmentError) as caught:
        check([attachment(), refused], LIMITS)
    assert why in str(caught.value)
    assert len(str(caught.value)) < 300


def test_files_are_refused_that_are_too_large_together() -> None:
    two = [attachment("a.txt", content=b"x" * 800), attachment("b.txt", content=b"x" * 701)]
    with pytest.raises(AttachmentError, match=r"'a\.txt', 'b\.txt' have 1,501 bytes; together 1,500 are allowed\."):
        check(two, LIMITS)


def test_a_deployment_may_allow_other_types_which_are_taken_as_they_are() -> None:
    channel = EmailChannel(name="email", attachment_types=("application/zip",))
    limits = Limits(each=100, total=100, types=channel.attachment_types)
    check([attachment("a.zip", "application/zip", b"PK")], limits)
    with pytest.raises(AttachmentError, match=r"is of type 'text/plain'\. Known: application/zip\."):
        check([attachment()], limits)


@pytest.mark.parametrize("wrong", ["pdf", "Application/PDF", "text/plain; charset=utf-8", "text/plain\n", ""])
def test_what_is_no_content_type_is_refused_as_an_option(wrong: str) -> None:
    with pytest.raises(ConfigurationError, match=r"attachment_types has .* give content types such as application/pdf"):
        EmailChannel(name="email", attachment_types=("image/png", wrong))
