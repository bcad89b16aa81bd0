"""Signals a sibling app may listen to. Each is sent with `send_robust`: a receiver's error harms nobody."""

from django.dispatch import Signal

delivery_settled = Signal()
"""A delivery reached a state. Arguments: `delivery_id`, `status`, `reason`. Sent after it is stored."""

trigger_failed = Signal()
"""A trigger's function raised. Arguments: `trigger` (its dotted name), `instance`, `error`."""

notification_answered = Signal()
"""A person answered a notification. Arguments: `notification`, `answer` (a name of the type's `answers`), `by`: the
channel. The sender is the type. Sent after it is stored."""

budget_warned = Signal()
"""So much of a budget is spent that operators are to know. Arguments: `budget`, `spent`, `begins`: its period's first
day. Sent after commit, once in each process and period, so several times in all."""

budget_reached = Signal()
"""A budget is used up: what does not fit is held, critical messages apart. Arguments and times: `budget_warned`'s."""

provider_changed = Signal()
"""A provider's breaker or control changed. Arguments: `alias`, `to`, `reason`. Sent after commit."""
