"""The files of an email arrive byte by byte, whatever provider takes it."""

import base64
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import pytest

from notifications.channels.attachments import Limits, check
from notifications.exceptions import PermanentError
from notifications.messages import Attachment, EmailMessage
from notifications.providers.anymail import AnymailProvider
from notifications.providers.base import Provider
from notifications.providers.sendgrid import SendGridProvider
from notifications.providers.ses import SesProvider
from notifications.providers.smtp import SmtpProvider
from tests.contract import postmark_server, sendgrid_server, ses_server, smtp_server
from tests.contract.conftest import MakeMail
from tests.contract.moto_server import moto_server

FILES = (
    Attachment(name="sheet.pdf", content_type="application/pdf", content=b"%PDF-1.7\r\n" + bytes(range(256)) * 40),
    Attachment(
        name="invite.ics",
        content_type="text/calendar",
        method="REQUEST",
        content="BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nX-NOTE:Größe\r\nEND:VCALENDAR\r\n".encode(),
    ),
    Attachment(name="Lövelace, \"Ada\"; 'x'.csv", content_type="text/csv", content=b"a,b\n.\n1,2\r3,4\n"),
    Attachment(name="dot.txt", content_type="text/plain", content=b"."),
)
Read = Callable[[], list[tuple[str, str, str, bytes]]]
"""Reads, at the server, each file's name, type, method and content."""


def smtp(stack: ExitStack) -> tuple[Provider, Read]:
    server = stack.enter_context(smtp_server.smtp_server())
    provider = SmtpProvider(alias="smtp", host="127.0.0.1", port=server.port, use_tls=False, timeout_seconds=5)
    stack.callback(provider.close)
    return provider, lambda: of_mime(server.received[0].mail)


def ses(stack: ExitStack) -> tuple[Provider, Read]:
    server = stack.enter_context(closing(ses_server.SesServer(stack.enter_context(moto_server()))))
    keys: dict[str, Any] = {"access_key_id": ses_server.KEY, "secret_access_key": ses_server.SECRET}
    provider = SesProvider(alias="ses", region=ses_server.REGION, endpoint_url=server.url, timeout_seconds=10, **keys)
    stack.callback(provider.close)
    return provider, lambda: of_mime(server.mails()[0])


def sendgrid(stack: ExitStack) -> tuple[Provider, Read]:
    server = stack.enter_context(closing(sendgrid_server.SendGridServer()))
    url = f"{server.url}v3/"
    provider = SendGridProvider(alias="sendgrid", api_key=sendgrid_server.API_KEY, api_url=url, timeout_seconds=5)
    stack.callback(provider.close)

    def read() -> list[tuple[str, str, str, bytes]]:
        found = server.mails[0]["attachments"]
        assert {each.get("disposition", "attachment") for each in found} == {"attachment"}
        return [(each["filename"], *typed(each["type"]), base64.b64decode(each["content"])) for each in found]

    return provider, read


def postmark(stack: ExitStack) -> tuple[Provider, Read]:
    server = stack.enter_context(closing(postmark_server.PostmarkServer()))
    settings = {"server_token": postmark_server.TOKEN, "api_url": server.url}
    backend = "anymail.backends.postmark.EmailBackend"
    provider = AnymailProvider(alias="postmark", backend=backend, settings=settings, timeout_seconds=5)
    stack.callback(provider.close)

    def read() -> list[tuple[str, str, str, bytes]]:
        found = server.mails[0]["Attachments"]
        return [(each["Name"], *typed(each["ContentType"]), base64.b64decode(each["Content"])) for each in found]

    return provider, read


def of_mime(mail: Any) -> list[tuple[str, str, str, bytes]]:
    assert mail.get_content_type() == "multipart/mixed"
    bodies, *files = mail.iter_parts()
    assert bodies.get_content_type() == "multipart/alternative"
    assert {each.get_content_disposition() for each in files} == {"attachment"}
    return [(each.get_filename(), *typed(each["Content-Type"]), each.get_payload(decode=True)) for each in files]


def typed(header: str) -> tuple[str, str]:
    """The type and the method of a Content-Type."""
    kind, *parameters = (each.strip() for each in header.split(";"))
    values = dict(each.split("=", 1) for each in parameters)
    return kind, values.get("method", "").strip('"')


@pytest.mark.parametrize("connect", [smtp, ses, sendgrid, postmark], ids=lambda each: each.__name__)
def test_files_arrive_byte_by_byte(connect: Callable[[ExitStack], tuple[Provider, Read]], make_mail: MakeMail) -> None:
    with ExitStack() as stack:
        provider, read = connect(stack)
        provider.send(make_mail(from_email=f"Clinic <{ses_server.SENDER}>", attachments=FILES))
        expected = [(each.name, each.content_type, each.method, each.content) for each in FILES]
        assert read() == expected


@pytest.mark.parametrize("connect", [smtp, sendgrid], ids=lambda each: each.__name__)
def test_as_much_as_the_channel_allows_arrives(
    connect: Callable[[ExitStack], tuple[Provider, Read]], make_mail: MakeMail
) -> None:
    ten_megabytes = b"%PDF-1.7\n" + b"\x00\xff\r\n." * 1_999_998 + b"."
    files = [Attachment(name=f"{n}.pdf", content_type="application/pdf", content=ten_megabytes) for n in (1, 2)]
    check(files, Limits(each=10_000_000, total=20_000_000, types=["application/pdf"]))
    with ExitStack() as stack:
        provider, read = connect(stack)
        provider.send(make_mail(attachments=tuple(files)))
        assert [content == ten_megabytes for *_, content in read()] == [True, True]


@pytest.mark.parametrize(
    "file",
    [
        Attachment(name="a\r\nBcc: evil@example.org", content_type="text/plain", content=b""),
        Attachment(name="a.txt", content_type="text/plain\r\nBcc: evil@example.org", content=b""),
        Attachment(name="a.ics", content_type="text/calendar", method="REQUEST\nX: y", content=b""),
    ],
)
def test_no_provider_lets_a_file_break_a_header(file: Attachment, make_mail: MakeMail) -> None:
    message: EmailMessage = make_mail(attachments=(file,))
    with ExitStack() as stack, pytest.raises(PermanentError, match="control character"):
        smtp(stack)[0].send(message)
