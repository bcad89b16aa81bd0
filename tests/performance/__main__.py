"""`python -m tests.performance`: measure every figure, print the table, keep it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.performance import report
from tests.performance.deployments import REPORTS, deployment, missing
from tests.performance.harness import BOTH
from tests.performance.processes import ROOT, end, end_in_order


def main() -> int:
    """Returns 0 when every row could be measured, whether or not it reached its goal; 1 when one broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.performance", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="rows whose area.name holds one of these")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small tables and few repetitions")
    size.add_argument("--full", action="store_true", help="10 million rows where the default is one million")
    parser.add_argument("--database", choices=BOTH, help="only this deployment")
    parser.add_argument("--json", type=Path, metavar="FILE", help="default: var/bench/<time>.json")
    options = parser.parse_args()
    end_in_order()
    chosen = "quick" if options.quick else "full" if options.full else "default"

    found = report.machine()
    began = datetime.now(UTC)
    print(report.header(found), flush=True)
    rows: list[dict[str, Any]] = []
    for database in [options.database] if options.database else BOTH:
        if reason := missing(database):
            print(f"{database}: skipped: {reason}", flush=True)
            continue
        rows += measure(database, chosen, options.only)
    file: Path = options.json or REPORTS / f"{began:%Y%m%dT%H%M%SZ}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        json.dumps({"began": began.isoformat(), "size": chosen, "machine": found, "rows": rows}, indent=1) + "\n"
    )
    held = sum(not row["missed"] for row in rows if "missed" in row)
    measured = sum("missed" in row for row in rows)
    print(f"\n{held} of {measured} figures hold. {file}")
    return int(any("error" in row for row in rows))


def measure(database: str, size: str, only: list[str]) -> list[dict[str, Any]]:
    """The rows of one deployment, printed as they come."""
    rows = []
    with deployment(database) as environment:
        command = [sys.executable, "-m", "tests.performance.session", "--size", size, "--only", *only]
        session = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, start_new_session=True
        )
        assert session.stdout is not None
        try:
            for text in session.stdout:
                rows.append(json.loads(text))
                print(report.line(rows[-1]), flush=True)
        except BaseException:
            end(session, patience=60)  # it ends what it has started
            raise
        if session.wait() != 0:
            rows.append({"figure": "the session itself", "database": database, "error": f"exit {session.returncode}"})
            print(report.line(rows[-1]), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
