"""A new worker is ready for its first email."""

import os
import subprocess
import sys
from pathlib import Path

SPAWN = """
import sys, django
django.setup()
slow = ("icalendar", "reportlab.pdfgen.canvas", "project.demo.views")
assert not [each for each in slow if each in sys.modules], "what costs is not imported by every process"
from django_q.signals import post_spawn
post_spawn.send(sender="django_q", proc_name="worker")
assert not [each for each in slow if each not in sys.modules]
"""


def test_a_worker_imports_what_its_first_email_needs_before_it_takes_work() -> None:
    spawned = subprocess.run(
        [sys.executable, "-c", SPAWN],
        cwd=Path(__file__).resolve().parents[2],
        env={name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (spawned.returncode, spawned.stderr) == (0, "")
