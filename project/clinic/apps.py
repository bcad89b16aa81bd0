"""The app."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """Doctors, patients and appointments."""

    name = "project.clinic"
    label = "clinic"
    verbose_name = "Clinic"

    def ready(self) -> None:
        from django_q.signals import post_spawn

        from project.clinic.warm_up import warm_up

        post_spawn.connect(warm_up, dispatch_uid="clinic.warm_up")
