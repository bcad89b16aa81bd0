"""The app."""

from django.apps import AppConfig


class TestsAppConfig(AppConfig):
    """Installed in the test settings only."""

    name = "tests.app"
    label = "tests_app"
    default_auto_field = "django.db.models.BigAutoField"
