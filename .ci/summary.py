"""Print the counts of JUnit reports; end with 1 where a report is missing or says that something failed."""

import sys
from pathlib import Path
from xml.etree import ElementTree

COUNTS = ("tests", "failures", "errors", "skipped")


def summary(report: Path) -> tuple[str, bool]:
    """Return a line for one report, and whether all is well."""
    suite = ElementTree.parse(report).getroot().find("testsuite") if report.exists() else None  # noqa: S314 - our own
    if suite is None:
        return f"{report.stem}: ended without a report", False
    counts = {name: int(suite.get(name, "0")) for name in COUNTS}
    line = ", ".join(f"{count} {name}" for name, count in counts.items())
    seconds = float(suite.get("time", "0"))
    return f"{report.stem}: {line} in {seconds:.0f} s", not counts["failures"] + counts["errors"]


if __name__ == "__main__":
    results = [summary(Path(name)) for name in sys.argv[1:]]
    print(*(line for line, _ in results), sep="\n")
    sys.exit(not all(well for _, well in results))
