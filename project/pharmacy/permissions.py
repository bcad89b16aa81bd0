"""What the roles may do with prescriptions in the admin."""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS

from project.accounts.permissions import grant
from project.accounts.roles import DOCTOR, PHARMACIST

READ: Final = ("pharmacy.view_prescription", "pharmacy.view_prescriptionitem")
WRITE: Final = tuple(
    f"pharmacy.{action}_{model}"
    for model in ("prescription", "prescriptionitem")
    for action in ("add", "change", "delete")
)
GRANTED: Final = {
    # A doctor chooses the patient by name.
    DOCTOR: (*READ, *WRITE, "pharmacy.issue_prescription", "clinic.view_patient"),
    PHARMACIST: READ,
}


def grant_permissions(*, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Add what a role lacks. Receives `post_migrate`, after those that create the roles and the permissions."""
    grant(GRANTED, using=using)
