"""Start the counting server, tell it how to behave, and read its count."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("counting_server.py")


@dataclass(frozen=True)
class CountingServer:
    """The running server. Behaviours are the fields of `counting_server.Behaviour`."""

    url: str

    def behave(self, *script: dict[str, Any], **default: Any) -> None:
        """Meet the next messages with the script, one each, and all after them with the default."""
        self._call("control", {"script": script, "default": default})

    def counts(self) -> Counter[str]:
        """Delivery id → how often it was taken."""
        return Counter(self._call("counts"))

    def mark(self) -> None:
        """What arrives from now on is behind one more mark."""
        self._call("mark", {})

    def arrivals(self) -> list[tuple[str, int]]:
        """(text, how many marks were before it) of each request, in the order in which they came."""
        return [(text, marks) for text, marks in self._call("arrivals")]

    def _call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/{path}", data, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)


@contextmanager
def counting_server() -> Iterator[CountingServer]:
    """A server of the test's own, in a process of its own."""
    with subprocess.Popen([sys.executable, str(PROGRAM)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield CountingServer(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.kill()
