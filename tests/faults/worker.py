"""A worker process: `python -m tests.faults.worker drain|cluster LANE`.

`drain` does what a worker of Django Q does, again and again, without a wake-up; `cluster` is a real Django Q cluster.
The environment may say: FAULTS_TOKENS, the folder of kill tokens; FAULTS_GRACE, seconds in place of the settle grace;
FAULTS_CLOCK, seconds by which this host's clock is ahead; FAULTS_HOST, its name.
"""

from __future__ import annotations

import datetime
import logging
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from unittest.mock import patch

from tests.faults.host_clock import shift

PAUSE_SECONDS = 0.05


def main() -> None:
    kind, lane = sys.argv[1:]
    threading.Thread(target=_die_with, args=[os.getppid()], daemon=True).start()
    if ahead := float(os.environ.get("FAULTS_CLOCK", "0")):
        shift(ahead)
        print(f"This host believes that it is {datetime.datetime.now(datetime.UTC).isoformat()}", flush=True)
    if name := os.environ.get("FAULTS_HOST"):
        patch.object(socket, "gethostname", lambda: name).start()
    os.environ["Q_CLUSTER_NAME"] = lane

    import django

    django.setup()
    _adapt()
    if kind == "cluster":
        from django.core.management import call_command

        call_command("qcluster")
    else:
        _drain_for_ever(lane)


def _adapt() -> None:
    from django_q.signals import post_spawn

    from notifications.pipeline import starting
    from tests.faults.steps import Tokens, note_worker, watch

    if grace := os.environ.get("FAULTS_GRACE"):
        patch.object(starting, "SETTLE_GRACE_SECONDS", float(grace)).start()
    if folder := os.environ.get("FAULTS_TOKENS"):
        watch(Tokens(Path(folder)))
        post_spawn.connect(lambda **_: note_worker(Path(folder)), weak=False)


def _drain_for_ever(lane: str) -> None:
    from django.db import close_old_connections

    from notifications.tasks import drain

    while True:
        try:
            drain(lane)
        except Exception:
            logging.exception("The round failed")
        close_old_connections()
        time.sleep(PAUSE_SECONDS)


def _die_with(parent: int) -> None:
    """A test run that was killed leaves no worker behind, nor a worker's children."""
    while os.getppid() == parent:
        time.sleep(1)
    os.killpg(os.getpgid(0), signal.SIGKILL)


if __name__ == "__main__":
    main()
