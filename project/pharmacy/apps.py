"""The app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PharmacyConfig(AppConfig):
    """Prescriptions. Grants the roles their permissions after every migrate."""

    name = "project.pharmacy"
    label = "pharmacy"
    verbose_name = _("Pharmacy")

    def ready(self) -> None:
        from project.pharmacy.permissions import grant_permissions

        post_migrate.connect(grant_permissions, sender=self, dispatch_uid="pharmacy.permissions")
