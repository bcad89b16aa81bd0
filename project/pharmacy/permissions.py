"""What the roles may do with prescriptions in the admin."""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Q

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
    from django.contrib.auth.models import Group, Permission

    for role, names in GRANTED.items():
        wanted = Q()
        for app_label, _, codename in (each.partition(".") for each in names):
            wanted |= Q(content_type__app_label=app_label, codename=codename)
        group = Group.objects.using(using).filter(name=role).first()
        if group is not None:
            group.permissions.add(*Permission.objects.using(using).filter(wanted))
