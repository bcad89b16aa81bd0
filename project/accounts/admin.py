"""Users in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.utils.translation import gettext_lazy as _

from project.accounts.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    """Django's own, with how to reach a person and when."""

    list_display = ("username", "email", "phone", "time_zone", "language", "is_staff")
    list_filter = (*DjangoUserAdmin.list_filter, "language")
    search_fields = (*DjangoUserAdmin.search_fields, "phone")
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (_("Reaching this person"), {"fields": ("phone", "time_zone", "language")}),
    )
    add_fieldsets = (
        *DjangoUserAdmin.add_fieldsets,
        (
            _("Reaching this person"),
            {"classes": ("wide",), "fields": ("email", "phone", "time_zone", "language")},
        ),
    )
