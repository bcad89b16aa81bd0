"""The app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Creates the roles after every migrate."""

    name = "project.accounts"
    label = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from project.accounts.roles import create_groups

        post_migrate.connect(create_groups, sender=self, dispatch_uid="accounts.roles")
