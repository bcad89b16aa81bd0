"""The task that does nothing but note when it was run, for queues that get one a delivery."""

import os
import struct
import time
from pathlib import Path

NOTE = struct.Struct("d")


def nothing() -> None:
    """Eight bytes in a file that all processes share."""
    with Path(os.environ["BENCH_PROBE_FILE"]).open("ab", buffering=0) as notes:
        notes.write(NOTE.pack(time.monotonic()))
