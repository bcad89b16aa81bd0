"""A host whose clock is wrong: what this process reads as the time of day is shifted."""

from __future__ import annotations

import datetime
import time
from typing import Any
from unittest.mock import patch


def shift(seconds: float) -> None:
    """Set this process's clock ahead, or back. Call it before anything else is imported; the monotonic clock stays."""
    real_datetime, real_time = datetime.datetime, time.time
    ahead = datetime.timedelta(seconds=seconds)

    class EveryDatetime(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real_datetime)

        def __subclasscheck__(cls, other: type) -> bool:
            return issubclass(other, real_datetime)

    class ShiftedDatetime(real_datetime, metaclass=EveryDatetime):  # type: ignore[valid-type, misc]
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return real_datetime.now(tz) + ahead

        @classmethod
        def utcnow(cls) -> Any:
            return real_datetime.now(datetime.UTC).replace(tzinfo=None) + ahead

    patch.object(datetime, "datetime", ShiftedDatetime).start()
    patch.object(time, "time", lambda: real_time() + seconds).start()
