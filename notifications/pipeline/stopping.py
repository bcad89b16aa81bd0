"""How a worker is told to stop: what is in flight comes to its end, and nothing more begins."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Stop(threading.Event):
    """Set by the first Ctrl-C or SIGTERM; `signal` is its number."""

    signal: int | None = None


@contextmanager
def until_told_to_stop() -> Iterator[Stop]:
    """Listen for signals. A second one interrupts. In other threads than the main one nobody can listen."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def told(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    former = {each: signal.signal(each, told) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
