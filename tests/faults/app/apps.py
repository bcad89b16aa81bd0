"""The app."""

from django.apps import AppConfig


class FaultsAppConfig(AppConfig):
    """Declares its types where it is installed, and nowhere else."""

    name = "tests.faults.app"
    label = "tests_faults"

    def ready(self) -> None:
        from tests.faults.app.notifications import declare

        declare()
