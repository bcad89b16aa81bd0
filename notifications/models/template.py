"""`Template` and its versions: what staff write in place of the files that an app brings."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from notifications import clock
from notifications.types import KEY_MAX_LENGTH

NEVER = UUID(int=0)


class VersionState(TextChoices):
    """Where a version stands on its way to readers. Its labels are English: `gettext` them."""

    DRAFT = "draft", gettext_noop("draft")
    REVIEW = "review", gettext_noop("in review")
    PUBLISHED = "published", gettext_noop("published")
    ARCHIVED = "archived", gettext_noop("archived")


class Template(models.Model):
    """The texts of a notification type on one channel in one language, if staff have ever touched them."""

    type = models.CharField(max_length=KEY_MAX_LENGTH, help_text="The key of the notification type.")
    channel = models.CharField(max_length=20)
    language = models.CharField(
        max_length=12, blank=True, help_text="As Django names it, such as pt-br; empty: the text for all others."
    )

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        constraints = [models.UniqueConstraint(fields=["type", "channel", "language"], name="notify_template_place")]
        permissions = [
            ("publish_template", "Can publish, roll back and archive templates, and run A/B tests"),
            ("preview_with_recipient", "Can preview templates with the data of a real recipient"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.type, self.channel, self.language)))


class TemplateVersion(models.Model):
    """One wording of a template: all parts of its channel. Only a draft changes; what follows is for ever."""

    template = models.ForeignKey(Template, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3, … in each template.")
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.DRAFT)
    parts = models.JSONField(default=dict, help_text="Part, such as email.html → its source.")
    file_parts = models.JSONField(default=dict, help_text="The files as they were when it was written.")
    note = models.CharField(max_length=300, blank=True, help_text="What is new in it.")
    created_at = models.DateTimeField(default=clock.now, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(default=clock.now, editable=False)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True, help_text="When it was last published.")

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="notify_version_number"),
            models.UniqueConstraint(
                fields=["template"], condition=Q(state=VersionState.PUBLISHED), name="notify_version_published"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}, version {self.number}"


class TemplateChange(models.Model):
    """Who did what to a template, and when: append-only."""

    class Action(TextChoices):
        """What was done."""

        DRAFTED = "drafted", pgettext_lazy("by a person", "began a draft")
        IMPORTED = "imported", pgettext_lazy("by a person", "imported a draft")
        DISCARDED = "discarded", pgettext_lazy("by a person", "discarded the draft")
        SUBMITTED = "submitted", pgettext_lazy("by a person", "asked for review")
        RETURNED = "returned", pgettext_lazy("by a person", "returned it to its author")
        PUBLISHED = "published", pgettext_lazy("by a person", "published")
        ARCHIVED = "archived", pgettext_lazy("by a person", "archived")
        ROLLED_BACK = "rolled_back", pgettext_lazy("by a person", "rolled back")
        FILE_ACCEPTED = "file_accepted", pgettext_lazy("by a person", "kept the override over a changed file")
        TESTED = "tested", pgettext_lazy("by a person", "sent a test")
        VIEWED = "viewed", pgettext_lazy("by a person", "previewed with a real recipient")
        EXPERIMENT_STARTED = "experiment_started", pgettext_lazy("by a person", "started an A/B test")
        EXPERIMENT_STOPPED = "experiment_stopped", pgettext_lazy("by a person", "stopped an A/B test")
        PROMOTED = "promoted", pgettext_lazy("by a person", "promoted the winner of an A/B test")

    template = models.ForeignKey(Template, models.CASCADE, related_name="changes")
    version = models.ForeignKey(TemplateVersion, models.SET_NULL, null=True, blank=True, related_name="changes")
    action = models.CharField(max_length=20, choices=Action.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("template change")
        verbose_name_plural = _("template changes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.template}: {self.get_action_display()}"


class VersionMeasure(models.Model):
    """What rendering a version cost on one day, and how often it failed."""

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="measures")
    day = models.DateField(help_text="In UTC.")
    renders = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0, help_text="Of all renders together.")
    failures = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=500, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("version measure")
        verbose_name_plural = _("version measures")
        constraints = [models.UniqueConstraint(fields=["version", "day"], name="notify_version_measure")]

    def __str__(self) -> str:
        return f"{self.version} on {self.day}"


class TemplateStamp(models.Model):
    """One row, whose value is another whenever what readers get may be another. Who has compiled texts compares it."""

    value = models.UUIDField(default=uuid4)

    class Meta:
        verbose_name = _("template stamp")
        verbose_name_plural = _("template stamps")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="notify_template_stamp_one")]

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def now(cls) -> UUID:
        """The value as it stands; `NEVER` before anything was published."""
        return cls.objects.filter(pk=1).values_list("value", flat=True).first() or NEVER

    @classmethod
    def renew(cls) -> None:
        """Take another value, in the caller's transaction. Senders that are about to start wait for its end."""
        cls.objects.update_or_create(pk=1, defaults={"value": uuid4()})
