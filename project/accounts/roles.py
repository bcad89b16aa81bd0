"""The roles people have here, each a Django group of that name."""

from typing import Any, Final

from django.db import DEFAULT_DB_ALIAS

PATIENT: Final = "patient"
DOCTOR: Final = "doctor"
DESK: Final = "desk"
PHARMACIST: Final = "pharmacist"
OPERATOR: Final = "operator"
EDITOR: Final = "editor"

ROLES: Final = (PATIENT, DOCTOR, DESK, PHARMACIST, OPERATOR, EDITOR)


def create_groups(*, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Create the groups that are missing. Receives `post_migrate`, so that they return after a flush too."""
    from django.contrib.auth.models import Group

    groups = Group.objects.using(using)
    missing = set(ROLES) - set(groups.filter(name__in=ROLES).values_list("name", flat=True))
    groups.bulk_create([Group(name=name) for name in sorted(missing)], ignore_conflicts=True)
