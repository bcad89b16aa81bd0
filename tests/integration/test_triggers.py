"""Triggers on domain models and signals (D1)."""

import pytest
from django.db import transaction
from django.dispatch import Signal

from notifications import clock
from notifications.exceptions import RegistrationError
from notifications.models import Notification
from notifications.services import notify
from notifications.signals import trigger_failed
from notifications.triggers import Change, on_change, on_create, on_delete, on_signal
from tests.app.models import Visit
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db(transaction=True)

heard: list[tuple[str, object]] = []
crash: list[bool] = []
arrived = Signal()


@on_create(Visit)
def created(visit):
    heard.append(("created", visit.pk))
    if visit.note == "notify":
        notify(Note(text="created"), to=visit.visitor)
    if crash:
        Visit.objects.extra(where=["no_such_column = 1"]).count()


@on_change(Visit, "starts_at")
def moved(visit, change):
    heard.append(("moved", change))


@on_change(Visit, "state", to="cancelled")
def cancelled(visit):
    heard.append(("cancelled", visit.pk))


@on_change(Visit, "state", from_="planned")
def no_longer_planned(visit):
    heard.append(("no longer planned", visit.state))


@on_change(Visit, "visitor")
def handed_over(visit, change):
    heard.append(("handed over", (change.old, change.new)))


@on_delete(Visit)
def deleted(visit):
    heard.append(("deleted", visit.note))


@on_signal(arrived)
def came(sender, **kwargs):
    heard.append(("came", kwargs))


@pytest.fixture(autouse=True)
def _clean():
    heard.clear()
    crash.clear()


@pytest.fixture
def visit(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now(), note="n")
    heard.clear()
    return visit


def test_a_new_object_is_told_once(person):
    visit = Visit.objects.create(visitor=person, starts_at=clock.now())
    visit.save()
    assert heard == [("created", visit.pk)]


def test_a_change_is_told_with_the_old_and_the_new_value(visit):
    old, new = visit.starts_at, clock.now()
    visit.starts_at = new
    visit.save()
    assert heard == [("moved", Change("starts_at", old, new))]


def test_a_change_to_a_value_and_from_a_value(visit):
    visit.state = "cancelled"
    visit.save()
    assert sorted(heard) == [("cancelled", visit.pk), ("no longer planned", "cancelled")]
    heard.clear()
    visit.state = "done"
    visit.save()
    assert heard == []


def test_saving_the_same_again_is_no_change(visit):
    visit.save()
    Visit.objects.get().save()
    assert heard == []


def test_what_is_not_written_is_no_change(visit):
    visit.state = "cancelled"
    visit.save(update_fields=["note"])
    assert heard == []
    visit.save(update_fields=["state"])
    assert len(heard) == 2


def test_compared_is_with_the_database_not_with_a_stale_copy(visit):
    stale = Visit.objects.get()
    visit.state = "cancelled"
    visit.save()
    heard.clear()
    stale.state = "cancelled"
    stale.save()
    assert heard == []


def test_a_foreign_key_is_told_by_its_ids(visit, make_person):
    other = make_person()
    before = visit.visitor_id
    visit.visitor = other
    visit.save()
    assert heard == [("handed over", (before, other.pk))]


def test_a_deleted_object_is_told_with_its_values(visit):
    visit.delete()
    assert heard == [("deleted", "n")]
    Visit.objects.create(visitor=visit.visitor, starts_at=clock.now(), note="m")
    Visit.objects.all().delete()
    assert heard[-1] == ("deleted", "m")


def test_a_signal_is_told_with_its_arguments():
    arrived.send(None, where="desk")
    assert heard == [("came", {"where": "desk"})]


def test_a_trigger_runs_in_the_transaction_of_the_save_also_without_an_outer_one(person):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Visit.objects.create(visitor=person, starts_at=clock.now(), note="notify")
        raise ZeroDivisionError
    assert not Notification.objects.exists()
    crash.append(True)  # the trigger raises after it has notified: with TRIGGER_ERRORS "raise" the save fails, whole
    with pytest.raises(Exception, match="no_such_column"):
        Visit.objects.create(visitor=person, starts_at=clock.now(), note="notify")
    assert not (Visit.objects.exists() or Notification.objects.exists())


def test_a_trigger_that_raises_does_not_harm_the_save_and_is_reported(person, settings):
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "TRIGGER_ERRORS": "log"}
    crash.append(True)
    reported = []

    def report(sender, **kwargs):
        reported.append((kwargs["trigger"].split(".")[-1], type(kwargs["error"]).__name__))

    trigger_failed.connect(report)
    try:
        Visit.objects.create(visitor=person, starts_at=clock.now(), note="notify")
    finally:
        trigger_failed.disconnect(report)
    assert reported[0][0] == "created"
    assert Visit.objects.count() == 1
    assert not Notification.objects.exists()  # what the trigger had begun is undone


def test_fixtures_trigger_nothing(visit):
    from django.core import serializers

    text = serializers.serialize("json", [visit])
    visit.delete()
    heard.clear()
    for each in serializers.deserialize("json", text):
        each.save()
    assert heard == []


def test_a_field_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(
        RegistrationError, match=r"Visit has no field 'start'\. Known: id, note, starts_at, state, visitor"
    ):
        on_change(Visit, "start")


def test_a_trigger_needs_a_model():
    with pytest.raises(RegistrationError, match="needs a model class, not 'Visit'"):
        on_create("Visit")(lambda visit: None)  # type: ignore[arg-type]
