"""Worker processes of a test: hired, killed, replaced when they die, and gone when the test ends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["drain", "cluster"]
ROOT = Path(__file__).resolve().parents[2]
LOG_TAIL = 3000


@dataclass
class Member:
    """One worker process, the leader of a process group of its own."""

    kind: Kind
    lane: str
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and all its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.process.wait()

    def suspend(self) -> None:
        """Stop it as a suspended host would; it knows nothing of it."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)


@dataclass
class Crew:
    """The workers of a test. `environment` is what all of them share."""

    folder: Path
    environment: Mapping[str, str]
    members: list[Member] = field(default_factory=list)
    deaths: int = 0

    def hire(self, kind: Kind, number: int = 1, *, lane: str = "default", **extra: str) -> None:
        """Start workers; `extra` variables are theirs alone."""
        for _ in range(number):
            log = self.folder / f"{kind}-{len(self.members)}.log"
            environment = {**self.environment, **extra}
            self.members.append(Member(kind, lane, environment, log, _start(kind, lane, environment, log)))

    def replace_dead(self) -> None:
        """Start those anew that have died, as a supervisor does."""
        for each in self.members:
            if not each.alive:
                self.deaths += 1
                # What is left of a cluster whose head has gone must go before it starts again.
                each.kill()
                each.process = _start(each.kind, each.lane, each.environment, each.log)

    def kill_any(self) -> None:
        """Kill one, with its children."""
        random.choice(self.members).kill()

    def dismiss(self) -> None:
        for each in self.members:
            each.signal(signal.SIGKILL)
        for each in self.members:
            each.process.wait()

    def until(
        self, done: Callable[[], bool], seconds: float, *, tend: Callable[[], None] | None = None, replace: bool = True
    ) -> bool:
        """Replace the dead until something is so; False if it is not within so many seconds."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            if replace:
                self.replace_dead()
            if tend is not None:
                tend()
            time.sleep(0.2)
        return True

    def logs(self) -> str:
        """The ends of their logs, for a test that fails."""
        return "\n".join(f"--- {each.log.name}\n{_tail(each.log)}" for each in self.members)


@contextmanager
def crew(folder: Path, environment: Mapping[str, str]) -> Iterator[Crew]:
    """A crew that is dismissed at the end, whatever happens."""
    hired = Crew(folder, environment)
    try:
        yield hired
    finally:
        hired.dismiss()


def _start(kind: Kind, lane: str, environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.worker", kind, lane],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:] if log.exists() else ""
