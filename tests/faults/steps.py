"""The steps of a worker's walk, at each of which a test can have it killed.

The test lays a token, a file named after the step, into a folder. The first worker that reaches the step takes the
token and dies of SIGKILL there and then; nothing of it lives in the app's own code.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

from notifications.messages import Receipt
from notifications.pipeline import dispatch
from notifications.pipeline.request import finish
from notifications.pipeline.settle import Settled, settle
from notifications.pipeline.work import Work, claim
from notifications.providers.sendgrid import SendGridProvider
from tests.faults.loopback import LoopbackProvider

BEFORE_CLAIM = "before_claim"
AFTER_CLAIM = "after_claim"
REQUEST_OPEN = "request_open"
ACCEPTED = "accepted"
AFTER_SETTLE = "after_settle"
STEPS = (BEFORE_CLAIM, AFTER_CLAIM, REQUEST_OPEN, ACCEPTED, AFTER_SETTLE)

LOG = "killed"
"""the file in which each step is noted at which a worker died"""
WORKERS = "workers"
"""the file in which each worker of a Django Q cluster notes its process id"""


class Tokens:
    """The folder of tokens, from both sides."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def lay(self, step: str) -> None:
        """Have the next worker that reaches this step killed."""
        (self.folder / step).touch()

    def lie(self) -> bool:
        """Whether a token waits to be taken."""
        return any((self.folder / step).exists() for step in STEPS)

    def take(self, step: str) -> bool:
        """Whether a token lay there: whoever took it is to die."""
        try:
            (self.folder / step).unlink()
        except FileNotFoundError:
            return False
        with (self.folder / LOG).open("a") as log:
            log.write(f"{step}\n")
        return True

    def die_at(self, step: str) -> None:
        """Die here if a token says so."""
        if self.take(step):
            die()

    def deaths(self) -> list[str]:
        """The steps at which workers died, in order."""
        log = self.folder / LOG
        return log.read_text().split() if log.exists() else []


def die() -> None:
    """End this process as `kill -9` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def note_worker(folder: Path) -> None:
    """Note the id of this process, a worker of a Django Q cluster."""
    with (folder / WORKERS).open("a") as log:
        log.write(f"{os.getpid()}\n")


def worker_ids(folder: Path) -> list[int]:
    """All that were noted."""
    log = folder / WORKERS
    return [int(each) for each in log.read_text().split()] if log.exists() else []


def watch(tokens: Tokens, after_open: float = 0.01) -> None:
    """Wrap the steps of this process's workers. `after_open`: seconds into a request at which it is cut off."""

    def watched_claim(lane: str, limit: int) -> list[Work]:
        tokens.die_at(BEFORE_CLAIM)
        works = claim(lane, limit)
        if works:
            tokens.die_at(AFTER_CLAIM)
        return works

    def watched(send: Callable[..., Any]) -> Callable[..., Any]:
        def watched_send(*args: Any) -> Any:
            if tokens.take(REQUEST_OPEN):
                threading.Timer(after_open, die).start()
            return send(*args)

        return watched_send

    def watched_finish(work: Work, answer: Any, latency_ms: float) -> Work:
        if work.message is not None and isinstance(answer, Receipt):
            tokens.die_at(ACCEPTED)
        return finish(work, answer, latency_ms)

    def watched_settle(batch: Sequence[Settled]) -> int:
        stored = settle(batch)
        if stored:
            tokens.die_at(AFTER_SETTLE)
        return stored

    patch.object(dispatch, "claim", watched_claim).start()
    patch.object(dispatch, "settle", watched_settle).start()
    patch.object(dispatch, "finish", watched_finish).start()
    patch.object(LoopbackProvider, "send", watched(LoopbackProvider.send)).start()
    patch.object(SendGridProvider, "send_batch", watched(SendGridProvider.send_batch)).start()
