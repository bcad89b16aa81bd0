"""The app. Its label is "notify": a popular older package has taken the label and the tables "notifications"."""

from importlib import import_module
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.module_loading import module_has_submodule
from django.utils.translation import gettext_lazy as _


class NotifyConfig(AppConfig):
    """Finds the `notifications.py` of every other app once all models are loaded, as the admin finds `admin.py`."""

    name = "notifications"
    label = "notify"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from notifications import checks  # noqa: F401 - registers the system checks
        from notifications.analytics import alerts, budget_alerts, template_alerts
        from notifications.services import forwarding, one_time_code, replies
        from notifications.services.templates import test_send

        for app in apps.get_app_configs():
            if app.name != self.name and app.module and module_has_submodule(app.module, "notifications"):
                import_module(f"{app.name}.notifications")
        alerts.connect()
        budget_alerts.connect()
        template_alerts.connect()
        test_send.connect()
        one_time_code.connect()
        replies.connect()
        forwarding.connect()
        post_migrate.connect(_schedule_rounds, sender=self, dispatch_uid="notifications.rounds")
        post_migrate.connect(_stamp_templates, sender=self, dispatch_uid="notifications.stamp")


def _schedule_rounds(**kwargs: Any) -> None:
    from notifications.pipeline.queue import schedule_rounds

    schedule_rounds()


def _stamp_templates(*, using: str, **kwargs: Any) -> None:
    """The row is there from the beginning: senders share its lock with the first publication, too."""
    from notifications.models import TemplateStamp

    TemplateStamp.objects.using(using).get_or_create(pk=1)
