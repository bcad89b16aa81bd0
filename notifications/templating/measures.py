"""What rendering the versions of staff costs and how often it fails: counted in the process, written down now and then.

A process that is killed takes a few seconds' counts with it; what became of each message stands in its delivery.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from notifications import clock
from notifications.models import TemplateVersion, VersionMeasure

FLUSH_SECONDS = 5.0
ERROR_MAX_LENGTH = 500


@dataclass(slots=True)
class _Count:
    renders: int = 0
    seconds: float = 0.0
    failures: int = 0
    error: str = ""


_lock = threading.Lock()
_counts: dict[int, _Count] = {}
_flushed = time.monotonic()


def rendered(version: int, seconds: float) -> None:
    """Count one rendering of a version."""
    with _lock:
        count = _counts.setdefault(version, _Count())
        count.renders += 1
        count.seconds += seconds


def failed(version: int, error: str) -> None:
    """Count a rendering that failed."""
    with _lock:
        count = _counts.setdefault(version, _Count())
        count.failures += 1
        count.error = error[:ERROR_MAX_LENGTH]


def flush(*, now: bool = False) -> None:
    """Write the counts down, if it is time."""
    global _counts, _flushed
    if not _counts or not (now or time.monotonic() - _flushed >= FLUSH_SECONDS):
        return
    with _lock:
        counts, _counts = _counts, {}
        _flushed = time.monotonic()
    moment = clock.now()
    with transaction.atomic():
        for version in TemplateVersion.objects.filter(pk__in=counts).order_by("pk").values_list("pk", flat=True):
            _write(version, counts[version], moment)


def _write(version: int, count: _Count, moment: datetime) -> None:
    day = moment.date()
    row = VersionMeasure.objects.filter(version_id=version, day=day)
    if not row.exists():
        VersionMeasure.objects.bulk_create([VersionMeasure(version_id=version, day=day)], ignore_conflicts=True)
    changes = {
        "renders": F("renders") + count.renders,
        "seconds": F("seconds") + count.seconds,
        "failures": F("failures") + count.failures,
    }
    if count.failures:
        changes |= {"last_error": count.error, "last_failed_at": moment}  # type: ignore[dict-item]
    row.update(**changes)
