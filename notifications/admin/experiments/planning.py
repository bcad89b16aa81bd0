"""The plan of an A/B test: which versions, with which shares, and what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from notifications.admin.experiments.showing import metric_names
from notifications.exceptions import NotificationError, TemplateStateError
from notifications.models import Experiment, Template, TemplateVersion, Variant, VersionState
from notifications.services.templates import experiments, place
from notifications.services.templates.countable import countable
from notifications.services.templates.experiment_rules import LABEL_MAX_LENGTH, WEIGHT_MAX
from notifications.types import get_type

ARMS = "ABCD"
HALF = 50


def testable() -> list[Template]:
    """Texts that are sent, and have a version that could be a variant."""
    rows = TemplateVersion.objects.exclude(state=VersionState.DRAFT).values("template")
    found = Template.objects.filter(pk__in=rows).order_by("type", "channel", "language")
    return [each for each in found if _is_sent(each)]


def _is_sent(template: Template) -> bool:
    """Whether its type and channel are still there."""
    try:
        place(template.type, template.channel, template.language)
    except NotificationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Row:
    """The fields of one arm."""

    title: str
    version: Any
    label: Any
    weight: Any


class PlanForm(forms.Form):
    """Up to four versions of one template, and a hold-out."""

    name = forms.CharField(
        max_length=experiments.NAME_MAX_LENGTH,
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text=_("Such as: shorter subject."),
    )
    metric = forms.ChoiceField(label=_("What decides"), widget=forms.RadioSelect)
    holdout = forms.ChoiceField(label=_("Hold-out"), required=False)
    holdout_weight = forms.IntegerField(label=_("Weight of the hold-out"), required=False, min_value=1)

    def __init__(self, template: Template, data: Any = None) -> None:
        super().__init__(data)
        self.template, type_ = template, get_type(template.type)
        versions = template.versions.defer("parts", "file_parts")  # what they say is long, and not shown here
        self.versions = list(versions.exclude(state=VersionState.DRAFT).order_by("-number"))
        self.draft = versions.filter(state=VersionState.DRAFT).first()
        self.reasons = countable(type_, template.channel)
        self.is_marketing = type_.stream == "marketing"
        self._declare()

    def _declare(self) -> None:
        published = next((each for each in self.versions if each.state == VersionState.PUBLISHED), None)
        others = [each for each in self.versions if each != published]
        given = ([published] if published else []) + others[:1]
        choices = [("", "–"), *((each.number, _said(each)) for each in self.versions)]
        for number, letter in enumerate(ARMS):
            version = given[number] if number < len(given) else None
            self.fields[f"version_{letter}"] = forms.ChoiceField(
                choices=choices,
                required=False,
                label=_of(gettext("Text %(letter)s"), letter),
                initial=version.number if version else "",
            )
            self.fields[f"label_{letter}"] = forms.CharField(
                max_length=LABEL_MAX_LENGTH,
                required=False,
                label=_of(gettext("Name of text %(letter)s"), letter),
                initial=letter,
            )
            self.fields[f"weight_{letter}"] = _weight(
                _of(gettext("Weight of text %(letter)s"), letter), HALF if version else None
            )
        possible = [metric for metric, why in self.reasons.items() if not why]
        metric: Any = self.fields["metric"]
        names = metric_names(self.template.channel)
        metric.choices = [(each.value, names[each.value]) for each in possible]
        clicked = Experiment.Metric.CLICKED
        metric.initial = clicked if clicked in possible else next(iter(possible), "")
        holdout: Any = self.fields["holdout"]
        holdout.choices = [
            ("", gettext("nobody")),
            (Variant.Kind.PUBLISHED.value, gettext("get what is published now")),
        ]
        if self.is_marketing:
            holdout.choices += [(Variant.Kind.NOTHING.value, gettext("get nothing by this channel"))]
        self.fields["holdout_weight"] = _weight(gettext("Weight of the hold-out"), None)
        if published is None:
            holdout.initial, self.fields["holdout_weight"].initial = Variant.Kind.PUBLISHED.value, HALF

    @property
    def rows(self) -> list[Row]:
        """The arms, as the page shows them."""
        return [
            Row(
                _of(gettext("Text %(letter)s"), letter),
                *(self[f"{name}_{letter}"] for name in ("version", "label", "weight")),
            )
            for letter in ARMS
        ]

    @property
    def impossible(self) -> list[tuple[str, str]]:
        """What cannot be counted here, and why."""
        names = metric_names(self.template.channel)
        return [(names[metric.value], why) for metric, why in self.reasons.items() if why]

    def save(self, *, by: Any) -> Experiment | None:
        """Plan it. None: it cannot be, and the form says why."""
        try:
            return experiments.create(
                self.template,
                name=self.cleaned_data["name"],
                metric=self.cleaned_data["metric"],
                variants=self._variants(),
                holdout=self._holdout(),
                by=by,
            )
        except TemplateStateError as error:
            self.add_error(None, str(error))
            return None

    def _variants(self) -> list[experiments.Planned]:
        by_number = {str(each.number): each for each in self.versions}
        found = []
        for letter in ARMS:
            version, label, weight = (self.cleaned_data[f"{name}_{letter}"] for name in ("version", "label", "weight"))
            if version:
                found.append((label or letter, by_number[version], weight or 0))
        return found

    def _holdout(self) -> tuple[int, str] | None:
        kind = self.cleaned_data["holdout"]
        return (self.cleaned_data["holdout_weight"] or 0, kind) if kind else None


def _of(said: str, letter: str) -> str:
    return said % {"letter": letter}


def _weight(label: str, initial: int | None) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"placeholder": gettext("weight")})
    return forms.IntegerField(
        label=label, required=False, min_value=1, max_value=WEIGHT_MAX, initial=initial, widget=widget
    )


def _said(version: TemplateVersion) -> str:
    note = f": {version.note}" if version.note else ""
    number = gettext("version %(number)s") % {"number": version.number}
    return f"{number}, {gettext(version.get_state_display())}{note}"[:90]
