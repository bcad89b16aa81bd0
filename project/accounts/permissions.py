"""What a role may do in the admin is given to its group."""

from collections.abc import Iterable, Mapping

from django.db.models import Q


def grant(granted: Mapping[str, Iterable[str]], *, using: str) -> None:
    """Add what the groups lack: role → permissions, each as "app_label.codename"."""
    from django.contrib.auth.models import Group, Permission

    for role, names in granted.items():
        wanted = Q()
        for app_label, _, codename in (each.partition(".") for each in names):
            wanted |= Q(content_type__app_label=app_label, codename=codename)
        group = Group.objects.using(using).filter(name=role).first()
        if group is not None:
            group.permissions.add(*Permission.objects.using(using).filter(wanted))
