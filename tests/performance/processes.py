"""Servers and clusters that rows start: each in a group of its own, ended with all its children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 30
STOP_SECONDS = 10


def end_in_order() -> None:
    """Have SIGTERM end this process as Ctrl-C does: what it has started and made is taken away."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def started(command: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process, in the environment of this one and the variables given."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes], patience: float = STOP_SECONDS) -> None:
    """End a process and all that it started. `patience`: seconds that it has to do so in order."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # what it left behind, or itself
    process.wait()


@contextmanager
def cluster(lane: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Django Q cluster of this project, as production starts it."""
    with started([sys.executable, "manage.py", "qcluster"], Q_CLUSTER_NAME=lane, **environment) as process:
        yield process


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    """Return once a server listens. Raises `TimeoutError`."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port} after {START_SECONDS} s.")
