"""What the page calls states and types of notifications, in the language of who looks at it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from notifications.models import Status

STATUSES: dict[str, Promise] = {
    Status.PENDING: gettext_lazy("pending"),
    Status.UNKNOWN: gettext_lazy("unknown"),
    Status.SENT: gettext_lazy("sent"),
    Status.DELIVERED: gettext_lazy("delivered"),
    Status.FAILED: gettext_lazy("failed"),
    Status.BOUNCED: gettext_lazy("bounced"),
    Status.SKIPPED: gettext_lazy("skipped"),
    Status.CANCELLED: pgettext_lazy("of a message", "cancelled"),
    Status.EXPIRED: gettext_lazy("expired"),
}
TYPES: dict[str, tuple[Promise, Promise]] = {
    "clinic.appointment_requested": (
        gettext_lazy("appointment requested"),
        gettext_lazy("Says that a request has arrived"),
    ),
    "clinic.appointment_confirmed": (
        gettext_lazy("appointment confirmed"),
        gettext_lazy("Says that the clinic has confirmed"),
    ),
    "clinic.appointment_moved": (
        gettext_lazy("appointment moved"),
        gettext_lazy("Says that a confirmed appointment has another time"),
    ),
    "clinic.appointment_cancelled": (
        gettext_lazy("appointment cancelled"),
        gettext_lazy("Says that an appointment will not take place"),
    ),
    "clinic.appointment_reminder_day": (
        gettext_lazy("reminder, a day before"),
        gettext_lazy("Reminds of an appointment the day before"),
    ),
    "clinic.appointment_reminder_hour": (
        gettext_lazy("reminder, an hour before"),
        gettext_lazy("Reminds of an appointment an hour before"),
    ),
    "pharmacy.prescription_issued": (
        gettext_lazy("prescription issued"),
        gettext_lazy("Brings a new prescription"),
    ),
    "notify.sms_reply": (
        gettext_lazy("answer to a text message"),
        gettext_lazy("Answers a person's own message"),
    ),
    "notify.verification_code": (
        gettext_lazy("verification code"),
        gettext_lazy("Sends the code that shows that an address is theirs"),
    ),
}
"""key of a type → what the page calls it, in a word or two, and what it is for; one of no patient keeps its key"""


def status_name(status: str) -> str:
    """Where a delivery stands."""
    return str(STATUSES.get(status, status))


def name_of(type_key: str) -> str:
    """What the page calls a type, in a word or two."""
    return str(TYPES[type_key][0]) if type_key in TYPES else type_key


def purpose_of(type_key: str) -> str:
    """What a type is for."""
    return str(TYPES[type_key][1]) if type_key in TYPES else type_key
