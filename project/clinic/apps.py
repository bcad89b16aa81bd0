"""The app."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    """Doctors, patients and appointments."""

    name = "project.clinic"
    label = "clinic"
    verbose_name = "Clinic"
