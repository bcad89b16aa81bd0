"""A domain object."""

from django.conf import settings
from django.db import models


class Visit(models.Model):
    """A visit of a person at a time."""

    visitor = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    starts_at = models.DateTimeField()
    state = models.CharField(max_length=20, default="planned")
    note = models.CharField(max_length=100, blank=True)

    class Meta:
        app_label = "tests_app"

    def __str__(self) -> str:
        return f"Visit {self.pk}"
