"""The app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ClinicConfig(AppConfig):
    """Doctors, patients and appointments. Grants the desk its permissions after every migrate."""

    name = "project.clinic"
    label = "clinic"
    verbose_name = _("Clinic")

    def ready(self) -> None:
        from django_q.signals import post_spawn

        from project.clinic.permissions import grant_permissions
        from project.clinic.warm_up import warm_up

        post_migrate.connect(grant_permissions, sender=self, dispatch_uid="clinic.permissions")
        post_spawn.connect(warm_up, dispatch_uid="clinic.warm_up")
