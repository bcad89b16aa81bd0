"""What happened to a provider, and the evidence, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

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
            state=gettext(_LABELS.get(each.to, each.to)),
            reason=each.reason,
            tone=TONES.get(each.to, "plain"),
            note=_note(each),
        )
        for each in ProviderChange.objects.filter(alias=alias)[: SHOWN + 1]
    ]


def _note(change: ProviderChange) -> str:
    """Who did it, or what the breaker saw."""
    evidence: dict[str, Any] = change.evidence
    said = [gettext("by %(who)s") % {"who": change.by}] if change.by else []
    if "failed" in evidence:
        counts = {"failed": f"{evidence['failed']:,}", "succeeded": f"{evidence.get('succeeded', 0):,}"}
        said.append(gettext("%(failed)s failed and %(succeeded)s succeeded in the last minute") % counts)
    if (trips := evidence.get("trips", 0)) > 1:
        said.append(gettext("opened %(number)s times in a row") % {"number": trips})
    if last := evidence.get("last_error"):
        said.append(gettext("last error: %(error)s") % {"error": last})
    return "; ".join(said)
