"""A real SMTP server on a free loopback port, which also behaves badly when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from notifications.testing.providers import Scenario

USERNAME, PASSWORD = "clinic", "correct horse"


@dataclass
class Received:
    """A message that the server took."""

    sender: str
    recipients: list[str]
    options: list[str]
    raw: bytes
    is_encrypted: bool

    @property
    def mail(self) -> EmailMessage:
        parsed = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def text(self, kind: str = "plain") -> str:
        """Its body of that kind, with LF line ends."""
        body = self.mail.get_body((kind,))
        assert body is not None
        content: str = body.get_content()
        return content.replace("\r\n", "\n").removesuffix("\n")

    @property
    def delivery_id(self) -> UUID:
        return UUID(self.mail["Message-ID"].strip("<>").partition("@")[0])


class _Protocol(SMTP):
    """Lets the script answer also where `aiosmtpd` has no hook."""

    async def push(self, status: Any) -> None:
        if isinstance(status, str) and status.startswith("220 mail.example.org "):
            status = await self.event_handler.scripted("GREETING", self) or status
        await super().push(status)

    async def smtp_DATA(self, arg: str) -> None:
        scripted = await self.event_handler.scripted("GO", self)
        if scripted:
            await self.push(scripted)
        else:
            await super().smtp_DATA(arg)


class SmtpServer:
    """`replies` scripts what it says: {"MAIL": "451 later"}; "" is silence, "drop" and "drip" do that.

    Besides commands it knows GREETING, GO (the word to go ahead with DATA), DATA (the answer to a message that it does
    not take) and TAKEN (that to one it takes). EHLO names the extensions that it hides.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, ssl_only: bool = False, **options: Any) -> None:
        self.received: list[Received] = []
        self.replies: dict[str, str] = {}
        self.connections = 0
        self.commands: list[str] = []
        self._tls, self._ssl_only, self._options = tls, ssl_only, options
        self._lock = threading.Lock()
        self._protocols: list[SMTP] = []
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Listen, again on the same port."""
        self._run(self._listen())

    def refuse(self) -> None:
        """Stop listening, and close what is open."""
        self._run(self._close())

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # A `ProviderServer`.

    def show(self, scenario: Scenario) -> None:
        if scenario == Scenario.REFUSED:
            self.refuse()
        elif self._server is None:
            self.listen()
        self.replies = {
            Scenario.TEMPORARY: {"MAIL": "451 4.3.2 Please try again later"},
            Scenario.PERMANENT: {"DATA": "554 5.6.0 Message refused"},
            Scenario.BAD_ADDRESS: {"RCPT": "550 5.1.1 No such user"},
            Scenario.SILENT_BEFORE_REQUEST: {"RCPT": ""},
            Scenario.SILENT: {"DATA": ""},
            Scenario.SILENT_AFTER_TAKING: {"TAKEN": ""},
            Scenario.DROPS_AFTER_TAKING: {"TAKEN": "drop"},
            Scenario.DRIPS: {"TAKEN": "drip"},
            Scenario.MALFORMED: {"TAKEN": "OK I think"},
        }.get(scenario, {})

    def taken(self) -> list[UUID]:
        return [each.delivery_id for each in self.received]

    # Handlers of aiosmtpd.

    async def handle_EHLO(self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]) -> Any:
        self.commands.append("EHLO")
        session.host_name = name
        hidden = self.replies.get("EHLO", "").split()
        return [each for each in lines if each[4:].split()[0] not in hidden]

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if scripted := await self.scripted("MAIL", server):
            return scripted
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if scripted := await self.scripted("RCPT", server):
            return scripted
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        return await self.scripted("RSET", server) or "250 OK"

    async def handle_NOOP(self, server: SMTP, session: Session, envelope: Envelope, argument: str) -> str:
        return await self.scripted("NOOP", server) or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if scripted := await self.scripted("DATA", server):
            return scripted
        content = envelope.original_content
        assert envelope.mail_from is not None
        assert content is not None
        assert server.transport is not None
        is_encrypted = server.transport.get_extra_info("ssl_object") is not None
        with self._lock:
            self.received.append(
                Received(envelope.mail_from, envelope.rcpt_tos, envelope.mail_options, content, is_encrypted)
            )
        return await self.scripted("TAKEN", server) or "250 2.0.0 OK: queued"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        known = (data.login, data.password) == (USERNAME.encode(), PASSWORD.encode())
        return AuthResult(success=known, handled=False)

    async def scripted(self, command: str, server: SMTP) -> str | None:
        self.commands.append(command)
        scripted = self.replies.get(command)
        if scripted == "":
            await asyncio.sleep(3600)
        elif scripted == "drop":
            _abort(server)
        elif scripted == "drip":
            assert server._writer is not None
            while True:
                server._writer.write(b"2")
                await asyncio.sleep(0.1)
        return scripted

    # The loop's thread.

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = _Protocol(
            self,
            tls_context=None if self._ssl_only else self._tls,
            enable_SMTPUTF8=True,
            authenticator=self.authenticate,
            auth_require_tls=False,
            hostname="mail.example.org",
            loop=self._loop,
            **self._options,
        )
        self._protocols.append(protocol)
        return protocol

    async def _listen(self) -> None:
        tls = self._tls if self._ssl_only else None
        self._server = await self._loop.create_server(self._protocol, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for protocol in self._protocols:
            _abort(protocol)
            if protocol._handler_coroutine is not None:
                protocol._handler_coroutine.cancel()
        self._protocols.clear()
        await asyncio.sleep(0.01)  # for what was cancelled to end


def _abort(protocol: SMTP) -> None:
    if isinstance(protocol.transport, asyncio.Transport):
        protocol.transport.abort()


@contextlib.contextmanager
def smtp_server(tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[SmtpServer]:
    server = SmtpServer(tls, **options)
    try:
        yield server
    finally:
        server.close()
