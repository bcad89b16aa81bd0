"""For the tests of apps that notify: what was sent to whom, without a worker and without waiting.

Whoever writes a provider finds its tests in `notifications.testing.providers`.
"""

import sys

from notifications.testing.assertions import assert_not_notified, assert_notified, outbox
from notifications.testing.clock import FrozenClock, frozen_clock
from notifications.testing.delivery import deliver_all
from notifications.testing.registration import registered

if "pytest" in sys.modules:
    import pytest

    # So that a failing contract test shows the values it compared.
    pytest.register_assert_rewrite("notifications.testing.providers")

__all__ = [
    "FrozenClock",
    "assert_not_notified",
    "assert_notified",
    "deliver_all",
    "frozen_clock",
    "outbox",
    "registered",
]
