"""The people of the clinic."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Doctor(models.Model):
    """A physician or therapist who sees patients."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="doctor", verbose_name=_("user"))
    title = models.CharField(_("title"), max_length=20, default="Dr.", blank=True)
    speciality = models.CharField(_("speciality"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("doctor")
        verbose_name_plural = _("doctors")

    def __str__(self) -> str:
        return f"{self.title} {self.user.get_full_name() or self.user.get_username()}".strip()


class Patient(models.Model):
    """A person under treatment."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="patient", verbose_name=_("user")
    )
    date_of_birth = models.DateField(_("date of birth"), null=True, blank=True)

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()
