"""The states of a delivery, the ways between them, and the reasons. A status never goes back on its own."""

from django.db.models import TextChoices
from django.utils.translation import gettext_noop as _


class Status(TextChoices):
    """Where a delivery stands. Its labels are English: `gettext` them."""

    STANDBY = "standby", _("standby")  # a fallback that waits for its predecessors
    PENDING = "pending", _("pending")
    UNKNOWN = "unknown", _("unknown")  # it may have been sent; being reconciled
    SENT = "sent", _("sent")  # the provider accepted it
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")
    BOUNCED = "bounced", _("bounced")  # accepted, then refused further on
    SKIPPED = "skipped", _("skipped")  # a rule decided against it
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


OPEN = (Status.PENDING, Status.UNKNOWN)
WAITING = (Status.STANDBY, *OPEN)
FINAL = tuple(status for status in Status if status not in WAITING)
SUCCEEDED = (Status.SENT, Status.DELIVERED)
UNSUCCESSFUL = tuple(status for status in FINAL if status not in SUCCEEDED)

_CLOSINGS = frozenset({Status.FAILED, Status.SKIPPED, Status.CANCELLED, Status.EXPIRED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.STANDBY: _CLOSINGS | {Status.PENDING},
    Status.PENDING: _CLOSINGS | {Status.UNKNOWN, Status.SENT, Status.DELIVERED, Status.BOUNCED},
    Status.UNKNOWN: _CLOSINGS | {Status.PENDING, Status.SENT, Status.DELIVERED, Status.BOUNCED},
    Status.SENT: frozenset({Status.DELIVERED, Status.FAILED, Status.BOUNCED}),
    Status.DELIVERED: frozenset({Status.BOUNCED}),  # some mail systems accept first and bounce later
    Status.FAILED: frozenset({Status.DELIVERED, Status.BOUNCED}),  # a receipt knows better
    Status.BOUNCED: frozenset(),
    Status.SKIPPED: frozenset(),
    # Cancelled in flight, and yet it arrived.
    Status.CANCELLED: frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED}),
    Status.EXPIRED: frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED}),
}

REPLAYABLE = (Status.FAILED, Status.BOUNCED)
"""From these an operator, and nobody else, may put a delivery back to pending."""


def sources(target: Status) -> list[Status]:
    """The states from which `target` may be reached."""
    return [status for status in Status if target in TRANSITIONS[status]]


class Reason(TextChoices):
    """Why a delivery is in its state: the rule behind it, as staff read it. Its labels are English: `gettext` them."""

    NONE = "", ""
    NO_ADDRESS = "no_address", _("the recipient has no address on this channel")
    ADDRESS_UNVERIFIED = "address_unverified", _("the recipient has not verified an address on this channel yet")
    ADDRESS_DISABLED = "address_disabled", _("the recipient's address is disabled")
    SUPPRESSED = "suppressed", _("the address must not be sent to")
    UNSUBSCRIBED = "unsubscribed", _("its owner unsubscribed from this category")
    RECIPIENT_INACTIVE = "recipient_inactive", _("the recipient's account is inactive")
    FALLBACK = "fallback", _("waits for the channels before it")
    NOT_NEEDED = "not_needed", _("an earlier channel reached the recipient")
    SEEN = "seen", _("the recipient has seen it")
    SCHEDULED = "scheduled", _("waits for its time")
    NO_LONGER_VALID = "no_longer_valid", _("what it says is no longer true")
    SUBJECT_GONE = "subject_gone", _("what it is about no longer exists")
    HELD_OUT = "held_out", _("held out of an A/B test: nothing is sent")
    EXPIRED = "expired", _("its time had passed")
    CANCELLED = "cancelled", _("cancelled by a caller")
    REPLACED = "replaced", _("replaced by a newer notification with the same key")
    RETRYING = "retrying", _("a temporary error; it is tried again")
    RETRY_AFTER = "retry_after", _("the provider asked to wait")
    BUDGET = "budget", _("a budget is used up; it is held")
    NO_PROVIDER = "no_provider", _("no provider of the channel is in use; it is held")
    OUT_OF_ATTEMPTS = "out_of_attempts", _("all attempts failed")
    REFUSED = "refused", _("the provider refused it for good")
    ADDRESS_REFUSED = "address_refused", _("the provider says that the address is bad")
    NUMBER_REFUSED = "number_refused", _("text messages do not go to that number")
    NOT_CARRIED = "not_carried", _("no provider of the channel can carry it")
    TEXT_TOO_LONG = "text_too_long", _("its text is too long")
    TEMPLATE_ERROR = "template_error", _("its template failed")
    ATTACHMENT_REFUSED = "attachment_refused", _("a file that goes along was refused")
    UNKNOWN_TYPE = "unknown_type", _("its type is no longer declared")
    UNKNOWN_CHANNEL = "unknown_channel", _("its channel is no longer configured")
    INVALID_PAYLOAD = "invalid_payload", _("its payload no longer fits its type")
    QUARANTINED = "quarantined", _("it brought its worker down again and again")
    OUTCOME_UNKNOWN = "outcome_unknown", _("it may have been sent; nobody can tell yet")
    NEVER_TAKEN = "never_taken", _("the provider never took it; it is sent again")
    RESENT = "resent", _("nobody can tell whether it was sent; its type asks to send it again")
    NOT_RESENT = "not_resent", _("nobody can tell whether it was sent; its type forbids to send it twice")
    REPORTED = "reported", _("reported by the provider")
    REPLAYED = "replayed", _("put back by an operator")
