"""One deployment's rows, in a process and a database of its own: `python -m tests.performance.session`.

The environment names the database and Redis, as in production. Writes one JSON object a row to its standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.performance.processes import end_in_order

AREAS = ("accept", "deliver", "sms", "emails", "queues", "realtime", "due", "startup", "idle", "inbox", "webhooks")
"""the modules that hold rows, in the order in which they are measured"""


def main() -> None:
    """Migrate, then measure the rows that were asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=("quick", "default", "full"), default="default")
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    end_in_order()

    from tests.performance.harness import ROWS, Bench
    from tests.performance.http_server import provider_server

    with tempfile.TemporaryDirectory() as folder, provider_server() as url:
        os.environ["BENCH_PROVIDER_URL"] = url
        os.environ["BENCH_PROBE_FILE"] = str(Path(folder) / "probe")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        for area in AREAS:
            import_module(f"tests.performance.{area}")
        bench = Bench(connection.vendor, os.environ.get("REDIS_URL", ""), options.size, Path(folder))
        for row in ROWS:
            if bench.database in row.databases and wanted(row.name, options.only):
                tell(row, bench)


def wanted(name: str, only: list[str]) -> bool:
    """Whether a row was asked for: by its name, or by a part of it."""
    return not only or any(each in name for each in only)


def tell(row: Any, bench: Any) -> None:
    """Measure a row and write what came of it."""
    from tests.performance.harness import Skip

    answer: dict[str, Any] = {
        "name": row.name,
        "figure": row.figure,
        "beside": row.beside,
        "database": bench.database,
        "goals": [str(each) for each in row.goals],
    }
    begun = time.monotonic()
    try:
        measured = row.measure(bench)
    except Skip as skip:
        answer["skipped"] = str(skip)
    except Exception:
        answer["error"] = traceback.format_exc()
    else:
        answer |= {
            "value": measured.figure,
            "unit": measured.unit,
            "peer": measured.peer,
            "values": dict(measured.values),
            "note": measured.note,
            "missed": [str(each) for each in row.goals if not each.holds(measured.values)],
        }
    answer["seconds"] = time.monotonic() - begun
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
