"""Fault: two people start a test at once, and processes come and go while it runs (T5).

"Same input, 10,000 recipients: each recipient's variant is stable across processes and restarts, shares within 1 % of
the weights."
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications.exceptions import HeldOut, TemplateStateError
from notifications.models import Experiment, TemplateChange, TemplateVersion, VersionState
from notifications.services import templates as staff
from notifications.services.templates import experiments
from notifications.templating import texts
from tests.faults import sites
from tests.faults.app import notifications as types
from tests.faults.app.notifications import ByText
from tests.faults.crew import ROOT
from tests.faults.short_times import SMS
from tests.faults.sites import Site

PEOPLE = 10_000
WEIGHTS = {"hold-out": 10, "A": 55, "B": 35}
IN_ANOTHER_PROCESS = "import django; django.setup(); from tests.faults import test_experiments as t; t.tell()"


def versions() -> tuple[TemplateVersion, TemplateVersion]:
    found = []
    for label in "AB":
        draft = staff.begin(ByText.key, "sms", by=None, parts={"sms.txt": f"{label}: {{{{ text }}}}"})
        found.append(staff.submit(draft, by=None))
        if label == "A":
            staff.discard(draft, by=None)
    first, second = found
    return TemplateVersion.objects.get(pk=first.pk), second


def planned(name: str) -> Experiment:
    a, b = TemplateVersion.objects.order_by("number")
    variants = [("A", a, WEIGHTS["A"]), ("B", b, WEIGHTS["B"])]
    return experiments.create(
        a.template, name=name, metric="acted", variants=variants, holdout=(WEIGHTS["hold-out"], "published"), by=None
    )


def chosen(pks: list[int]) -> dict[str, Any]:
    """Recipient → the variant that a worker of this process would send them, and the text."""
    texts.refresh()
    found = {}
    for pk in pks:
        try:
            choice = texts.choose(ByText.key, "sms", "en", pk)
        except HeldOut as held_out:
            found[str(pk)] = [held_out.variant, ""]
        else:
            found[str(pk)] = [choice.variant, choice.wording.render({"text": "hello"})["sms.txt"]]
    return found


def tell() -> None:
    """What another process runs: it prints what it would send to whom, the last user first."""
    types.declare()
    pks = get_user_model()._default_manager.order_by("-pk").values_list("pk", flat=True)
    sys.stdout.write(json.dumps(chosen(list(pks))))


def in_another_process(here: Site, seed: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        cwd=ROOT, env=here.environment(PYTHONHASHSEED=seed), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def phones(any_site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site with text messages that take answers: nothing else of them can be counted."""
    any_site.configure(CHANNELS={"sms": {"BACKEND": SMS, "PROVIDERS": ["counted"]}})
    monkeypatch.setattr(ByText, "answers", {"yes": ("Y",)})
    return any_site


@pytest.mark.slow
def test_each_of_10000_recipients_has_one_variant_in_all_processes_and_shares_are_as_weighted(phones: Site) -> None:
    sites.people(PEOPLE)
    pks = list(get_user_model()._default_manager.order_by("pk").values_list("pk", flat=True))
    versions()
    experiment = experiments.start(planned("words"), by=None)
    here = chosen(pks)
    assert in_another_process(phones, "1") == here
    assert in_another_process(phones, "2") == here, "after a restart, with another hash seed"
    assert chosen(pks[::-1]) == here
    labels = {each.pk: each.label for each in experiment.variants.all()}
    counted = Counter(labels[variant] for variant, _ in here.values())
    for label, weight in WEIGHTS.items():
        assert abs(counted[label] / PEOPLE - weight / sum(WEIGHTS.values())) <= 0.01, counted
    words = {(labels[variant], text.strip()) for variant, text in here.values()}
    assert words == {("A", "A: hello"), ("B", "B: hello"), ("hold-out", "hello")}


@pytest.mark.parametrize("same", [True, False], ids=["one test", "two tests"])
def test_when_two_people_start_at_once_one_does_and_the_other_is_told(phones: Site, same: bool) -> None:
    versions()
    first = planned("first")
    plans = [first, first if same else planned("second")]
    lock, said = threading.Lock(), []

    def start() -> str:
        with lock:
            plan = plans.pop()
        try:
            experiments.start(plan, by=None)
        except TemplateStateError as error:
            said.append(str(error))
            return error.code
        return "started"

    assert sorted(sites.in_threads(2, start)) == ["running", "started"]
    assert len(said) == 1
    assert "is running on faults.by_text sms since" in said[0]
    assert Experiment.objects.filter(state=Experiment.State.RUNNING).count() == 1
    assert TemplateChange.objects.filter(action=TemplateChange.Action.EXPERIMENT_STARTED).count() == 1


def test_when_two_people_promote_at_once_one_does_and_the_other_is_told(phones: Site) -> None:
    a, b = versions()
    experiment = experiments.start(planned("words"), by=None)
    winners = [experiment.variants.get(label=label) for label in "AB"]
    lock, said = threading.Lock(), []

    def promote() -> str:
        with lock:
            winner = winners.pop()
        try:
            publication = experiments.promote(experiment, winner, by=None)
        except TemplateStateError as error:
            said.append(str(error))
            return ""
        assert publication.version == winner.version
        return str(winner.label)

    done = sites.in_threads(2, promote)
    assert sorted(map(bool, done)) == [False, True]
    assert len(said) == 1
    assert said[0].endswith("was promoted already.")
    experiment.refresh_from_db()
    published = TemplateVersion.objects.get(state=VersionState.PUBLISHED)
    assert experiment.winner is not None
    assert (experiment.winner.label, experiment.winner.version) == ("".join(done), published)
    assert published in (a, b)
