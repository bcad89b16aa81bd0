"""`Experiment`: an A/B test of the wordings of one template."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from notifications import clock
from notifications.models.template import Template, TemplateVersion


def new_salt() -> str:
    """Which recipients fall to which variant is drawn from it."""
    return uuid4().hex


class Experiment(models.Model):
    """Variants of one template, each sent to its share of the recipients: to each person always the same."""

    class State(TextChoices):
        """Where it stands."""

        DRAFT = "draft", _("not started")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")

    class Metric(TextChoices):
        """What is counted for a variant."""

        OPENED = "opened", _("opened")
        CLICKED = "clicked", _("clicked")
        ACTED = "acted", _("acted")

    template = models.ForeignKey(Template, models.CASCADE, related_name="experiments")
    name = models.CharField(_("name"), max_length=100)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    metric = models.CharField(
        _("metric"),
        max_length=10,
        choices=Metric.choices,
        default=Metric.CLICKED,
        help_text=_("What decides which variant is better."),
    )
    salt = models.CharField(max_length=32, default=new_salt, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    winner = models.ForeignKey("Variant", models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("A/B test")
        verbose_name_plural = _("A/B tests")
        constraints = [
            models.UniqueConstraint(
                fields=["template"], condition=Q(state="running"), name="notify_experiment_running"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One arm of an experiment: a version and its share; or the hold-out, which is compared with the others."""

    class Kind(TextChoices):
        """What its recipients get."""

        VERSION = "version", "its version"
        PUBLISHED = "published", "hold-out: what is published"
        NOTHING = "nothing", "hold-out: nothing"  # for marketing alone: nobody misses an appointment for a test

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="variants")
    label = models.CharField(max_length=20, help_text="A, B, … or hold-out.")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.VERSION)
    version = models.ForeignKey(TemplateVersion, models.PROTECT, null=True, blank=True, related_name="variants")
    weight = models.PositiveSmallIntegerField(
        default=50,
        validators=[MinValueValidator(0), MaxValueValidator(1000)],
        help_text="Its share is its weight among the weights of all.",
    )

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "label"], name="notify_variant_label"),
            models.CheckConstraint(
                condition=Q(kind="version", version__isnull=False) | (~Q(kind="version") & Q(version__isnull=True)),
                name="notify_variant_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.experiment}: {self.label}"
