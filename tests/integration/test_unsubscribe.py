"""Suppressions, and unsubscribing by link (P9, U6; FAULTS: a link forged, prefetched, for another address)."""

import time

import pytest
from django.test import Client

from notifications import clock, links
from notifications.exceptions import SuppressionError
from notifications.models import Cause, Delivery, Event, Reason, SandboxMessage, Status, Suppression
from notifications.pipeline import dispatch
from notifications.pipeline.starting import start
from notifications.pipeline.work import claim, prepare
from notifications.preferences.suppression import lift, suppress
from notifications.services import notify, resubscribe
from tests.app.notifications import Everywhere, Note, WithFallback

pytestmark = pytest.mark.django_db(transaction=True)
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


def work() -> int:
    return dispatch.run("default", until=time.monotonic() + 20)


@pytest.fixture
def link(person) -> str:
    """The path of the link in an email that the person got."""
    notify(Everywhere(text="a"), to=person)
    work()
    header = SandboxMessage.objects.get(channel="email").content["headers"]["List-Unsubscribe"]
    assert header.startswith("<http://localhost:8000/notifications/unsubscribe/")
    return str(header[len("<http://localhost:8000") : -1])


def email_again(person) -> tuple[str, str]:
    (notification,) = notify(Everywhere(text="b"), to=person)
    work()
    delivery = notification.deliveries.get(channel="email")
    return delivery.status, delivery.reason


def test_an_email_names_the_one_click_link(person, link):
    headers = SandboxMessage.objects.get(channel="email").content["headers"]
    assert headers["List-Unsubscribe-Post"] == ONE_CLICK
    assert person.email not in link
    assert str(person.pk) not in link.split("/")


def test_a_raw_post_as_a_mail_provider_sends_it_unsubscribes_without_cookie_or_redirect(person, link):
    client = Client(enforce_csrf_checks=True)
    response = client.post(link, ONE_CLICK, content_type=FORM)
    assert (response.status_code, response.cookies) == (200, {})
    assert email_again(person) == (Status.SKIPPED, Reason.UNSUBSCRIBED)
    assert Delivery.objects.filter(channel="sms", status=Status.SENT).count() == 2  # another channel is another matter
    assert Event.objects.filter(kind="unsubscribed").count() == 1


def test_the_link_may_be_posted_twice(person, link):
    assert [Client().post(link, ONE_CLICK, content_type=FORM).status_code for _ in range(2)] == [200, 200]
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_the_page_changes_nothing(person, link, method):
    assert getattr(Client(), method)(link).status_code in (200, 405)
    assert not Suppression.objects.exists()
    assert email_again(person) == (Status.SENT, "")


def test_the_page_hides_the_address_and_keeps_its_own_to_itself(person, link):
    response = Client().get(link)
    assert person.email not in response.text
    assert f"{person.email[0]}•••@example.org" in response.text
    assert (response["Referrer-Policy"], response["X-Robots-Tag"]) == ("no-referrer", "noindex")


def test_all_is_all_categories_and_undo_takes_it_back(person, link):
    assert "no more messages" in Client().post(link, {"scope": "all"}).text
    assert Suppression.objects.get().category == ""
    assert email_again(person) == (Status.SKIPPED, Reason.UNSUBSCRIBED)
    assert "again" in Client().post(link, {"scope": "undo"}).text
    assert email_again(person) == (Status.SENT, "")


def test_one_category_leaves_the_others(person, link):
    Client().post(link, {"scope": "category"})
    notify(WithFallback(text="of category general"), to=person)
    Delivery.objects.filter(status=Status.STANDBY, channel="email").update(
        status=Status.PENDING, due_at="2020-01-01T00:00Z"
    )
    work()
    assert Delivery.objects.get(channel="email", notification__category="general").status == Status.SENT


@pytest.mark.parametrize("change", [lambda path: path[:-3] + "xx/", lambda path: path.replace(":", "", 1)])
def test_a_forged_link_is_not_found_and_does_nothing(person, link, change):
    assert Client().post(change(link), ONE_CLICK, content_type=FORM).status_code == 404
    assert not Suppression.objects.exists()


def test_another_delivery_cannot_be_put_into_a_link(person, link):
    signature = link.rstrip("/").split(":")[-1]
    other = Delivery.objects.get(channel="sms")
    assert Client().post(f"/notifications/unsubscribe/{other.pk.hex}:{signature}/").status_code == 404


def test_an_unknown_scope_is_refused_with_the_known_ones(link):
    response = Client().post(link, {"scope": "everything"})
    assert (response.status_code, response.text) == (400, "Unknown scope 'everything'. Known: all, category, undo.")
    assert not Suppression.objects.exists()


def test_what_is_mandatory_has_no_link_and_says_so(person, monkeypatch):
    monkeypatch.setattr(Everywhere, "mandatory", True)
    notify(Everywhere(text="a"), to=person)
    work()
    assert "List-Unsubscribe" not in SandboxMessage.objects.get(channel="email").content["headers"]
    path = links.unsubscribe_url(Delivery.objects.get(channel="email").pk)
    assert "cannot be switched off" in Client().post(path, ONE_CLICK, content_type=FORM).text
    assert not Suppression.objects.exists()
    suppress("email", person.email, Cause.UNSUBSCRIBED, category="visits")
    assert email_again(person) == (Status.SENT, "")


def test_a_bounce_or_complaint_stops_also_what_is_mandatory(person, monkeypatch):
    monkeypatch.setattr(Everywhere, "mandatory", True)
    suppress("email", person.email.upper() + " ", Cause.HARD_BOUNCE, detail="550 no such user")
    assert email_again(person) == (Status.SKIPPED, Reason.SUPPRESSED)


def test_what_is_claimed_already_is_stopped_by_the_next_look(person):
    notify(Note(text="a"), to=person)
    works = claim("default", 10)
    suppress("sms", person.phone, Cause.MANUAL)
    prepare(works)
    assert works[0].message is None
    assert works[0].outcome is not None
    assert works[0].outcome.settlement.reason == Reason.SUPPRESSED


def test_what_is_about_to_be_sent_is_stopped_too(person):
    notify(Note(text="a"), to=person)
    works = claim("default", 10)
    prepare(works)
    suppress("sms", person.phone, Cause.MANUAL)
    assert start(works) == []
    Delivery.objects.update(due_at=clock.now())
    work()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.reason) == (Status.SKIPPED, Reason.SUPPRESSED)
    assert not SandboxMessage.objects.exists()


def test_a_suppressed_channel_brings_the_fallback(person):
    suppress("sms", person.phone, Cause.MANUAL)
    (notification,) = notify(WithFallback(text="a"), to=person)
    work()
    assert notification.deliveries.get(channel="email").status == Status.SENT


def test_staff_lift_with_a_reason_once(person):
    suppress("email", person.email, Cause.HARD_BOUNCE)
    suppression = Suppression.objects.get()
    with pytest.raises(SuppressionError, match="needs a reason"):
        lift(suppression, by="ann", reason=" ")
    lift(suppression, by="ann", reason="the mailbox is back")
    with pytest.raises(SuppressionError, match="was lifted before"):
        lift(suppression, by="ann", reason="again")
    assert email_again(person) == (Status.SENT, "")
    assert suppress("email", person.email, Cause.HARD_BOUNCE)  # it may bounce again


def test_a_person_cannot_lift_what_is_not_the_persons_own(person, link):
    suppress("email", person.email, Cause.COMPLAINT)
    assert resubscribe(Delivery.objects.get(channel="email")) == 0
    assert Suppression.objects.active().count() == 1
