"""What this app adds to the start of every process: CPU, and the modules that it must not load."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from typing import Any

from tests.performance.harness import Bench, Goal, Measured, row
from tests.performance.processes import ROOT

SDKS = ("firebase_admin", "boto3", "twilio", "sendgrid", "daphne")
START = """
import json, sys, time
import django
before = time.process_time()
django.setup()
cpu, sdks = time.process_time() - before, [each for each in %r if each in sys.modules]
print(json.dumps({"cpu": cpu, "modules": len(sys.modules), "sdks": sdks}))
"""


@row(
    "start-up, CPU of django.setup()",
    beside="the same project without this app",
    goals=(Goal("added_s", "<=", 0.05), Goal("sdks", "<=", 0)),
    databases=("sqlite",),
)
def cpu(bench: Bench) -> Measured:
    ours: list[dict[str, Any]] = []
    bare: list[dict[str, Any]] = []
    for number in range(bench.pick(7, 15) + 1):
        for apps, answers in (("app", ours), ("bare", bare)) if number % 2 else (("bare", bare), ("app", ours)):
            answers.append(_start(apps))
    ours, bare = ours[1:], bare[1:]  # the first ones read from the disk
    mine, other = (statistics.median(each["cpu"] for each in answers) for answers in (ours, bare))
    found = {name for each in ours for name in each["sdks"]}
    return Measured(
        figure=mine * 1000,
        unit="ms",
        peer=other * 1000,
        values={
            "ratio": mine / other,
            "added_s": mine - other,
            "added_modules": ours[0]["modules"] - bare[0]["modules"],
            "sdks": len(found),
        },
        note=f"loaded: {', '.join(sorted(found))}" if found else "",
    )


def _start(apps: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", START % (SDKS,)],
        cwd=ROOT,
        env={**os.environ, "BENCH_APPS": apps},
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
