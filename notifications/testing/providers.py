"""The contract of a provider, as a test class: subclass it, say what the provider's server is, inherit the tests.

class TestAcme(ProviderContract):
    backend = "acme.notifications.AcmeProvider"
    required_options = ("api_key",)
    cannot = {Scenario.SILENT_BEFORE_REQUEST: "a request is written as soon as the connection stands"}

    @pytest.fixture
    def server(self): ...      # a `ProviderServer` on loopback

    @pytest.fixture
    def options(self, server): # its `OPTIONS`; a short timeout_seconds makes the tests short
        return {"api_key": "secret", "api_url": server.url, "timeout_seconds": 1}

    @pytest.fixture
    def message(self): ...     # a message that it sends
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Protocol
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from notifications.exceptions import (
    AddressError,
    ConfigurationError,
    PermanentError,
    ProviderError,
    TemporaryError,
    UnknownOutcome,
)
from notifications.messages import Message, Receipt
from notifications.providers.base import Provider
from notifications.providers.registry import get_provider

ALIAS = "contract"
"""under which the provider is configured"""
CANARY = "quicksilver"
"""stands in each text of a message, and must stand in no error"""
RETRY_AFTER = timedelta(seconds=7)
"""the wait that the server names"""
GRACE_SECONDS = 2.0
"""how much later than its time-out a provider may come back, on a busy machine"""


class Scenario(StrEnum):
    """How the server answers, to all that comes from now on."""

    SUCCESS = "takes the message and says so"
    TEMPORARY = "answers that it cannot now, such as a 503"
    RATE_LIMIT = "answers that the rate is exceeded, and to wait for RETRY_AFTER"
    PERMANENT = "refuses the message for good"
    BAD_ADDRESS = "says that the address does not exist"
    REFUSED = "does not listen: connections are refused"
    SILENT_BEFORE_REQUEST = "falls silent before the message can be written"
    SILENT = "reads the message, does not take it and never answers"
    SILENT_AFTER_TAKING = "takes the message and never answers"
    DROPS_AFTER_TAKING = "takes the message and closes the connection without an answer"
    DRIPS = "takes the message and answers it byte by byte, for ever"
    MALFORMED = "takes the message and answers nonsense"


class ProviderServer(Protocol):
    """A server double on a loopback port, or whatever stands at the other side."""

    def show(self, scenario: Scenario) -> None:
        """Answer like this from now on."""

    def taken(self) -> list[UUID]:
        """The delivery ids of the messages taken so far, each as often as it was taken."""


ENDINGS: dict[Scenario, tuple[type[ProviderError], bool]] = {
    Scenario.TEMPORARY: (TemporaryError, False),
    Scenario.PERMANENT: (PermanentError, False),
    Scenario.BAD_ADDRESS: (AddressError, False),
    Scenario.REFUSED: (TemporaryError, False),
    Scenario.SILENT_BEFORE_REQUEST: (TemporaryError, False),
    Scenario.SILENT: (UnknownOutcome, False),
    Scenario.SILENT_AFTER_TAKING: (UnknownOutcome, True),
    Scenario.DROPS_AFTER_TAKING: (UnknownOutcome, True),
    Scenario.DRIPS: (UnknownOutcome, True),
    Scenario.MALFORMED: (UnknownOutcome, True),
}
"""scenario → the error it must give, and whether the server took the message"""


class ProviderContract:
    """What every provider must do. A subclass also defines the fixtures `server`, `options` and `message`."""

    backend: ClassVar[str]
    """the provider's class path"""
    required_options: ClassVar[tuple[str, ...]] = ()
    sdk: ClassVar[tuple[str, ...]] = ()
    """modules that cost so much that they must be imported with the first message only"""
    cannot: ClassVar[Mapping[Scenario, str]] = {}
    """scenario that its protocol cannot express → why; shown as a skipped test"""

    @pytest.fixture
    def provider(self, options: dict[str, Any]) -> Iterator[Provider]:
        """The provider, configured as in a deployment."""
        with self._configured(options):
            yield get_provider(ALIAS)

    def test_a_message_that_is_taken_gives_a_receipt(
        self, provider: Provider, server: ProviderServer, message: Message
    ) -> None:
        receipt = provider.send(message)
        assert isinstance(receipt, Receipt)
        assert receipt.delivery_id == message.delivery_id
        assert receipt.provider_id
        assert receipt.provider == ALIAS
        assert receipt.state in ("sent", "delivered")
        assert server.taken() == [message.delivery_id]

    @pytest.mark.parametrize("scenario", ENDINGS)
    def test_a_fault_gives_its_typed_error_in_time_and_the_next_message_passes(
        self, provider: Provider, server: ProviderServer, message: Message, scenario: Scenario
    ) -> None:
        self._skip_unless(scenario)
        expected, is_taken = ENDINGS[scenario]
        server.show(scenario)
        begun = time.monotonic()
        self._fails(provider, message, expected)
        assert time.monotonic() - begun < provider.timeout_seconds + GRACE_SECONDS
        assert server.taken() == ([message.delivery_id] if is_taken else [])

        server.show(Scenario.SUCCESS)
        following = dataclasses.replace(message, delivery_id=uuid4())
        assert provider.send(following).delivery_id == following.delivery_id
        assert server.taken().count(following.delivery_id) == 1

    @pytest.mark.parametrize("scenario", ENDINGS)
    def test_a_fault_on_a_connection_in_use_gives_the_same_error(
        self, provider: Provider, server: ProviderServer, message: Message, scenario: Scenario
    ) -> None:
        self._skip_unless(scenario)
        provider.send(dataclasses.replace(message, delivery_id=uuid4()))
        expected, is_taken = ENDINGS[scenario]
        server.show(scenario)
        self._fails(provider, message, expected)
        assert server.taken().count(message.delivery_id) == int(is_taken)

    def test_the_wait_that_the_provider_names_is_told(
        self, provider: Provider, server: ProviderServer, message: Message
    ) -> None:
        self._skip_unless(Scenario.RATE_LIMIT)
        server.show(Scenario.RATE_LIMIT)
        error = self._fails(provider, message, TemporaryError)
        assert isinstance(error, TemporaryError)
        assert error.retry_after == RETRY_AFTER
        assert server.taken() == []

    def test_many_threads_send_at_once_and_each_message_arrives_once(
        self, provider: Provider, server: ProviderServer, message: Message
    ) -> None:
        messages = [dataclasses.replace(message, delivery_id=uuid4()) for _ in range(20)]

        def send(each: Message) -> Receipt:
            try:
                return provider.send(each)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(len(messages)) as threads:
            receipts = list(threads.map(send, messages))
        ids = [each.delivery_id for each in messages]
        assert [each.delivery_id for each in receipts] == ids
        assert len({each.provider_id for each in receipts}) == len(ids)
        assert sorted(server.taken()) == sorted(ids)

    def test_it_can_be_asked_for_a_message_if_it_says_so(
        self, provider: Provider, server: ProviderServer, message: Message
    ) -> None:
        if not provider.can_look_up:
            with pytest.raises(LookupError, match="cannot be asked"):
                provider.look_up(message.delivery_id)
            return
        provider.send(message)
        found = provider.look_up(message.delivery_id)
        assert found is not None
        assert found.delivery_id == message.delivery_id
        assert provider.look_up(uuid4()) is None

    def test_it_serves_the_channel_of_its_message(self, provider: Provider, message: Message) -> None:
        assert message.channel in provider.channels

    def test_a_missing_option_is_named(self, options: dict[str, Any]) -> None:
        for name in self.required_options:
            given = {other: value for other, value in options.items() if other != name}
            self._is_misconfigured(given, name)

    def test_an_unknown_option_is_named_with_the_valid_ones(self, options: dict[str, Any]) -> None:
        error = self._is_misconfigured({**options, "colour": "red"}, "colour")
        valid = error.partition("Known: ")[2]
        assert all(name in valid for name in ("timeout_seconds", *options))
        assert not any(name.strip().startswith("_") for name in valid.split(","))

    def test_its_options_pass_its_own_checks(self, provider: Provider) -> None:
        assert [each for each in provider.check() if each.is_serious()] == []

    def test_its_sdk_is_not_imported_before_it_is_used(self) -> None:
        if not self.sdk:
            pytest.skip("it has no SDK")
        code = (
            "import django, importlib, sys; django.setup(); importlib.import_module(sys.argv[1]); "
            "print(*(name for name in sys.argv[2:] if name in sys.modules))"
        )
        module = self.backend.rpartition(".")[0]
        loaded = subprocess.run(  # noqa: S603 - our own interpreter and words
            [sys.executable, "-c", code, module, *self.sdk],
            env=os.environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert loaded.stdout.split() == []
        for name in self.sdk:
            importlib.import_module(name)  # a misspelt name would never be found in memory

    def _skip_unless(self, scenario: Scenario) -> None:
        if why := self.cannot.get(scenario):
            pytest.skip(f"{scenario.name}: {why}")

    def _fails(self, provider: Provider, message: Message, expected: type[ProviderError]) -> ProviderError:
        """Send, and return the error, which is of that type and does not show the content."""
        names = [name for name in ("subject", "title", "text", "html") if hasattr(message, name)]
        texts: dict[str, Any] = {name: f"{getattr(message, name)} {CANARY}" for name in names}
        message = dataclasses.replace(message, **texts)
        with pytest.raises(ProviderError) as raised:
            provider.send(message)
        error = raised.value
        assert isinstance(error, expected), f"expected {expected.__name__}, not {type(error).__name__}: {error}"
        assert str(error)
        assert CANARY not in f"{error} {error.code}"
        return error

    def _is_misconfigured(self, options: dict[str, Any], name: str) -> str:
        with self._configured(options), pytest.raises(ConfigurationError, match=name) as raised:
            get_provider(ALIAS)
        assert "Known: " in str(raised.value)
        return str(raised.value)

    def _configured(self, options: dict[str, Any]) -> override_settings:
        given: dict[str, Any] = getattr(settings, "NOTIFICATIONS", {})
        providers = {**given.get("PROVIDERS", {}), ALIAS: {"BACKEND": self.backend, "OPTIONS": options}}
        return override_settings(NOTIFICATIONS={**given, "PROVIDERS": providers})
