"""Email over SMTP, to any server that speaks it."""

from __future__ import annotations

import os
import smtplib
import ssl
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from django.core.checks import CheckMessage, Error, Warning
from django.core.mail.utils import DNS_NAME

from notifications.exceptions import PermanentError, ProviderError, TemporaryError, UnknownOutcome
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers.base import Provider
from notifications.providers.smtp.mime import Mail, compose
from notifications.providers.smtp.replies import describe, is_code, refusal
from notifications.providers.smtp.session import Session

CHECK_AFTER_SECONDS = 5
"""a connection that was idle for longer is asked whether it still lives"""
SERVICE_CLOSING = 421

_FAILURES = (OSError, smtplib.SMTPException)


class _ConnectionLost(TemporaryError):
    """The connection ended before the message was written, so the server cannot have taken it."""


@dataclass(kw_only=True)
class SmtpProvider(Provider):
    """Hands each email to a mail server, over connections that are kept open and shared by the threads.

    It neither gives receipts nor can be asked, so an unknown outcome is decided by the notification's type. Wrong
    credentials count as temporary: they are the operator's mistake, and mail that waits for its correction is not lost.
    """

    channels: ClassVar[tuple[str, ...]] = ("email",)

    host: str
    port: int = 587
    username: str = ""
    password: str = field(default="", repr=False)
    use_tls: bool = True
    """encrypt with STARTTLS before anything else, or do not send at all"""
    use_ssl: bool = False
    """encrypt from the first byte, as on port 465; instead of `use_tls`"""
    ca_file: str = ""
    """certificates to trust instead of the system's"""
    local_hostname: str = ""
    """what this host calls itself; its own name when empty"""
    reuse_seconds: float = 60
    """how long a connection serves; 0: one message each"""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Session] = []
        self._process = os.getpid()

    def send(self, message: Message) -> Receipt:
        if not isinstance(message, EmailMessage):
            raise PermanentError(f"SMTP sends EmailMessage only, not {type(message).__name__}.")
        mail = compose(message)
        until = time.monotonic() + self.timeout_seconds
        session = self._take(until)
        if session is not None:
            try:
                return self._hand_over(session, mail)
            except _ConnectionLost:  # the server tired of this connection; a new one may do
                pass
        return self._hand_over(self._connect(until), mail)

    def close(self) -> None:
        """Close the connections that are open and idle."""
        with self._lock:
            sessions, self._idle = self._idle, []
        for each in sessions:
            each.leave()

    def check(self) -> list[CheckMessage]:
        where = f"NOTIFICATIONS['PROVIDERS'][{self.alias!r}]['OPTIONS']"
        found: list[CheckMessage] = []
        if self.use_tls and self.use_ssl:
            hint = "Use use_ssl with port 465, use_tls with port 587."
            found.append(Error(f"{where} has both use_tls and use_ssl.", hint=hint, id="notifications.smtp.E001"))
        if bool(self.username) != bool(self.password):
            given = "username" if self.username else "password"
            hint = "Give both, or neither for a server that asks for none."
            found.append(Error(f"{where} has only {given}.", hint=hint, id="notifications.smtp.E002"))
        if not (self.username + self.password).isascii():
            hint = "SMTP as Python speaks it signs in with ASCII alone."
            found.append(Error(f"{where} has non-ASCII credentials.", hint=hint, id="notifications.smtp.E003"))
        if self.ca_file and not Path(self.ca_file).is_file():
            hint = "Give the path of a file of certificates, or leave it out to trust the system's."
            found.append(Error(f"{where}['ca_file'] does not exist.", hint=hint, id="notifications.smtp.E004"))
        if self.username and not (self.use_tls or self.use_ssl):
            hint = "Use use_tls or use_ssl, unless the server runs on this host."
            found.append(Warning(f"{where} sends a password in the clear.", hint=hint, id="notifications.smtp.W001"))
        return found

    def _hand_over(self, session: Session, mail: Mail) -> Receipt:
        try:
            self._announce(session, mail)
        except ProviderError:
            self._keep(session, reset=True)
            raise
        except _FAILURES as error:
            session.close()
            raise _ConnectionLost(f"{self._where}: {describe(error)}") from error
        try:
            code, text = session.write(mail.data)
        except _FAILURES as error:
            session.close()
            raise UnknownOutcome(f"{self._where}, after the message was written: {describe(error)}") from error
        if is_code(2, code):
            self._keep(session)
            return Receipt(
                delivery_id=mail.delivery_id,
                provider=self.alias,
                provider_id=mail.message_id,
                detail=describe((code, text)),
            )
        session.close()
        if is_code(4, code) or is_code(5, code):
            raise refusal("message", code, text)
        raise UnknownOutcome(f"{self._where} answered nonsense after the message: {describe((code, text))}")

    def _announce(self, session: Session, mail: Mail) -> None:
        """MAIL, RCPT and DATA, up to the server's word to go ahead. Raises `ProviderError` when it refuses."""
        options = [f"SIZE={len(mail.data)}"] if session.has_extn("size") else []
        if session.has_extn("8bitmime") and not mail.data.isascii():
            options.append("BODY=8BITMIME")
        if mail.needs_utf8:
            if not session.has_extn("smtputf8"):
                raise PermanentError(f"{self._where} does not support SMTPUTF8, which the address needs.")
            options.append("SMTPUTF8")
        self._expect(2, "MAIL", session.mail(mail.sender, options))
        self._expect(2, "RCPT", session.rcpt(mail.recipient))
        self._expect(3, "DATA", session.docmd("DATA"))

    def _expect(self, first: int, command: str, answer: tuple[int, bytes]) -> None:
        if answer[0] == SERVICE_CLOSING:
            raise smtplib.SMTPServerDisconnected(describe(answer))
        if not is_code(first, answer[0]):
            raise refusal(command, *answer)

    def _connect(self, until: float) -> Session:
        session = None
        try:
            session = Session(
                self.host,
                self.port,
                local_hostname=self.local_hostname or DNS_NAME.get_fqdn(),
                until=until,
                tls=self._tls if self.use_ssl else None,
            )
            if self.use_tls:
                session.starttls(context=self._tls)
            session.ehlo_or_helo_if_needed()
            if self.username:
                session.login(self.username, self.password)
        except (*_FAILURES, UnicodeError) as error:
            if session is not None:
                session.close()
            code = str(getattr(error, "smtp_code", ""))
            raise TemporaryError(f"{self._where}: {describe(error)}", code=code) from error
        return session

    def _take(self, until: float) -> Session | None:
        """The idle connection used last that still lives, if there is one; those of its age or older are closed."""
        while True:
            now = time.monotonic()
            with self._lock:
                if self._process != os.getpid():  # a fork: the connections are the parent's
                    self._process, self._idle = os.getpid(), []
                aged = [each for each in self._idle if now - each.opened_at >= self.reuse_seconds]
                self._idle = [each for each in self._idle if each not in aged]
                session = self._idle.pop() if self._idle else None
            for each in aged:
                each.leave()
            if session is None:
                return None
            idle = now - session.used_at
            if idle < CHECK_AFTER_SECONDS or session.is_alive(min(until, now + CHECK_AFTER_SECONDS)):
                session.until = until
                return session
            session.close()

    def _keep(self, session: Session, *, reset: bool = False) -> None:
        if reset and not session.is_alive(session.until, "RSET"):
            session.close()
        elif time.monotonic() - session.opened_at >= self.reuse_seconds:
            session.leave()
        else:
            session.used_at = time.monotonic()
            with self._lock:
                self._idle.append(session)

    @property
    def _where(self) -> str:
        return f"{self.host}:{self.port}"

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file or None)
