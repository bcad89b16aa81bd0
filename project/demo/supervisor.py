"""Keeps processes running until it is told to stop, and then leaves none of them behind."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY_AFTER = 30.0
"""seconds a process has to live for its next death to count as the first again"""
POLL = 0.1


@dataclass
class Child:
    """A process, its own group with all that it starts, and its log."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    started_at: float = field(default=0, init=False)
    restart_at: float = field(default=0, init=False)
    deaths: int = field(default=0, init=False)

    def start(self) -> None:
        """Start it, in a group of its own: Ctrl-C in the terminal reaches only us."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started_at = time.monotonic()

    def signal(self, number: int) -> None:
        """Send a signal to the process alone: it tells its own children."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_group(self) -> None:
        """End the process and everything it started, also when it is dead itself."""
        if self.process:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


class Supervisor:
    """`with Supervisor(…) as supervisor:` start what is to run, then `watch()`.

    SIGINT, SIGTERM and SIGHUP end `watch()`; at the end of the block each process is told to stop, has `grace`
    seconds to do so, and is killed with its whole group if it does not. A second signal kills at once.
    """

    def __init__(self, folder: Path, *, grace: float = 5, report: Callable[[str], object] = print) -> None:
        self.folder = folder
        self.grace = grace
        self.report = report
        self.children: list[Child] = []
        self.signals = 0
        self._previous: dict[int, signal.Handlers | Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> "Supervisor":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._previous = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            self._stop()
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)

    @property
    def stopping(self) -> bool:
        """Whether a signal has come."""
        return self.signals > 0

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> Child:
        """Start a process; its output goes to `<folder>/<name>.log`, anew."""
        log = self.folder / f"{name}.log"
        log.write_bytes(b"")
        child = Child(name=name, command=command, environment=environment, log=log)
        self.children.append(child)
        child.start()
        return child

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again what dies, each time after a longer pause, until a signal comes or `until()` is true."""
        while not self.stopping and not until():
            for child in self.children:
                self._tend(child)
            time.sleep(POLL)

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if child.restart_at:
            if now >= child.restart_at:
                child.restart_at = 0
                child.start()
        elif child.process and child.process.poll() is not None:
            child.deaths = 1 if now - child.started_at > STEADY_AFTER else child.deaths + 1
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (child.deaths - 1))
            self.report(
                f"{child.name} ended with code {child.process.returncode}; it starts again in {pause:.0f} s.\n"
                f"{child.last_lines()}"
            )
            child.kill_group()  # what it started must not work beside its successor
            child.restart_at = now + pause

    def _stop(self) -> None:
        before = self.signals
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self.grace
        while time.monotonic() < deadline and self.signals <= max(before, 1) and self._any_alive():
            time.sleep(POLL / 2)
        for child in self.children:
            child.kill_group()

    def _any_alive(self) -> bool:
        return any(child.process and child.process.poll() is None for child in self.children)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1
