"""Writing what must not be lost while the database is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from notifications.models import outbox

logger = logging.getLogger(__name__)

DATABASE_PATIENCE_SECONDS = 60
"""how long results are kept in memory for a database that is away"""

_T = TypeVar("_T")


def persist(write: Callable[[], _T]) -> _T:
    """Call `write`, again and again while the database is away: what was sent must be written down.

    A write whose answer was lost is repeated. That does no harm: deliveries are fenced, and only what is counted,
    of a provider's health or of costs, may count twice.
    """
    give_up = time.monotonic() + DATABASE_PATIENCE_SECONDS
    pause = 0.1
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if time.monotonic() > give_up:
                raise
            logger.warning("The database is away; trying again in %.1f s", pause, exc_info=True)
            outbox.connection().close()
            time.sleep(pause)
            pause = min(pause * 2, 5)
