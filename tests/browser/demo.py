"""Starts the demonstration as a person does, in a folder and on a port of its own, and looks at it with Chromium."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PROJECT = Path(__file__).resolve().parents[2]
UP_WITHIN = 120.0
DOWN_WITHIN = 30.0
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Demo:
    """`manage.py demo`, up and answering; `url` is its page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = _free_port()
        self.url = f"http://localhost:{port}/"
        self._output = folder / "output.txt"
        left_out = ("DATABASE_URL", "REDIS_URL", "BASE_URL", "DEBUG", "SECRET_KEY", "ALLOWED_HOSTS")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        environment |= {"VAR_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "project.settings.development"}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(port)],
                cwd=PROJECT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @property
    def output(self) -> str:
        """What it has printed."""
        return self._output.read_text()

    def wait_until_up(self) -> None:
        """Raise `TimeoutError` or `RuntimeError` if it does not come up."""
        deadline = time.monotonic() + UP_WITHIN
        while "Ctrl-C stops everything" not in self.output:
            if self.process.poll() is not None:
                raise RuntimeError(f"The demonstration ended with {self.process.returncode}:\n{self.output}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"The demonstration is not up after {UP_WITHIN} s:\n{self.output}")
            time.sleep(0.1)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Press Ctrl-C; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(DOWN_WITHIN)

    def processes(self) -> dict[int, str]:
        """Process id → command line, of all that belongs to it and lives. Needs /proc."""
        mark = f"VAR_DIR={self.folder}".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
        return {pid: command for pid, command in found.items() if command}


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """A demonstration that is up; it is stopped at the end."""
    demo = Demo(folder)
    try:
        demo.wait_until_up()
        yield demo
    finally:
        if demo.process.poll() is None:
            demo.stop()


@contextmanager
def browser(executable: str) -> Iterator[Browser]:
    """Chromium."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        try:
            yield opened
        finally:
            opened.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
