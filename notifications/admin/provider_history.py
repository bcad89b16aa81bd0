"""What happened to a provider, and the evidence, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from notifications.models import Breaker, Control, ProviderChange

SHOWN = 100
TONES: dict[str, str] = {
    Breaker.CLOSED: "good",
    Breaker.OPEN: "bad",
    Breaker.HALF_OPEN: "waiting",
    Control.PINNED: "doubtful",
    Control.DRAINING: "quiet",
    Control.DISABLED: "quiet",
}
_LABELS: dict[str, str] = {
    **{each.value: str(each.label) for each in (*Breaker, *Control)},
    "automatic": str(Control.AUTOMATIC.label),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One change."""

    at: datetime
    state: str
    reason: str
    tone: str
    note: str


def history(alias: str) -> list[Line]:
    """The changes of a provider, the newest first, at most SHOWN and one; for the reader in the current time zone."""
    return [
        Line(
            at=timezone.localtime(each.at),
            state=_LABELS.get(each.to, each.to),
            reason=each.reason,
            tone=TONES.get(each.to, "plain"),
            note=_note(each),
        )
        for each in ProviderChange.objects.filter(alias=alias)[: SHOWN + 1]
    ]


def _note(change: ProviderChange) -> str:
    """Who did it, or what the breaker saw."""
    evidence: dict[str, Any] = change.evidence
    said = [f"by {change.by}"] if change.by else []
    if "failed" in evidence:
        said.append(f"{evidence['failed']:,} failed and {evidence.get('succeeded', 0):,} succeeded in the last minute")
    if (trips := evidence.get("trips", 0)) > 1:
        said.append(f"opened {trips} times in a row")
    if last := evidence.get("last_error"):
        said.append(f"last error: {last}")
    return "; ".join(said)
