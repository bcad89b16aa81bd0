"""The admin: the story of each notification, retry and cancel, and what nobody may touch."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from notifications import clock
from notifications.models import (
    ContactPoint,
    Delivery,
    Heartbeat,
    Kind,
    Notification,
    SandboxFault,
    SandboxMessage,
    Status,
)
from notifications.services import mark_all_read, notify
from notifications.testing import deliver_all
from project.accounts.models import User
from tests.app.notifications import Everywhere, Inbox, Note, WithFallback

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/notification/"
DELIVERIES = "/admin/notify/delivery/"


@pytest.fixture
def operator(client: Client) -> User:
    """Staff who may see and send; signed in, in Kolkata."""
    return staff(client, "view_notification", "view_delivery", "view_sandboxmessage", "send_notification")


def staff(client: Client, *codenames: str) -> User:
    user = User.objects.create_user(f"staff-{uuid4()}", is_staff=True, time_zone="Asia/Kolkata")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notify", codename__in=codenames))
    client.force_login(user)
    return user


def page(notification: Notification) -> str:
    return f"{LIST}{notification.pk}/change/"


def shown(response: Any) -> str:
    """The text of a page, without its tags."""
    assert response.status_code == 200, response
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def failed(person: Any) -> Notification:
    """A notification whose text message was refused, and so went by email."""
    SandboxFault.objects.create(channel="sms", fault="refuse")
    (notification,) = notify(WithFallback(text="hello"), to=person)
    deliver_all()
    return notification


# The list


def test_the_list_shows_each_notification_with_the_states_of_its_deliveries(
    client: Client, operator: User, person: Any
) -> None:
    failed(person)
    text = shown(client.get(LIST))
    for part in (
        "tests. with_ fallback",
        person.username,
        "normal",
        "sms failed",
        "in_app delivered",
        "email delivered",
    ):
        assert part in text
    assert "1 notification " in text


def test_times_are_those_of_the_reader(client: Client, operator: User, person: Any) -> None:
    (notification,) = notify(Inbox(text="x"), to=person)
    local = notification.created_at + timedelta(hours=5, minutes=30)
    assert f"{local:%Y-%m-%d %H:%M:%S}" in shown(client.get(LIST))


# The page of one


def test_the_page_tells_the_whole_story(client: Client, operator: User, person: Any) -> None:
    notification = failed(person)
    text = shown(client.get(page(notification)))
    for part in (
        f"tests.with_fallback to {person.username}",
        "{ &quot;text&quot;: &quot;hello&quot; }",
        "the provider refused it for good",
        "PermanentError: The sandbox was told to refuse the message.",
        "fallback 1",
        f"Created for {person.username}",
        f"sms To {person.phone}",
        "sms Failed at sandbox (attempt 1, ",
        "Fell back to the next channel after sms",
        "email Accepted by the provider at sandbox (attempt 1, ",
        "Timeline, in the time of Asia/Kolkata",
    ):
        assert part in text, text
    story = text[text.index("Timeline") :]
    assert story.index("Created for") < story.index("Failed at") < story.index("Fell back") < story.index("Accepted")


def test_the_story_shows_the_recipients_clock_where_it_differs(
    client: Client, operator: User, make_person: Callable[..., Any]
) -> None:
    (far,) = notify(Inbox(text="x"), to=make_person(time_zone="America/New_York"))
    (near,) = notify(Inbox(text="x"), to=make_person(time_zone="Asia/Colombo"))  # another name, the same clock
    assert "for the recipient, in America/New_York" in shown(client.get(page(far)))
    assert "for the recipient" not in shown(client.get(page(near)))


def test_what_the_mark_covers_is_shown_as_read(client: Client, operator: User, person: Any) -> None:
    (notification,) = notify(Inbox(text="x"), to=person)
    assert re.search(r"Read at: -", shown(client.get(page(notification))))
    mark_all_read(person)
    assert not re.search(r"Read at: -", shown(client.get(page(notification))))


def test_a_type_that_is_gone_and_a_subject_that_is_gone_still_have_a_page(
    client: Client, operator: User, person: Any
) -> None:
    (notification,) = notify(Note(text="x"), to=person, subject=person.contact_points.get())
    Notification.objects.update(type="tests.removed", subject_id="0")
    text = shown(client.get(page(notification)))
    assert "tests.removed" in text
    assert "contact point 0, which no longer exists" in text


def test_a_page_costs_a_fixed_number_of_queries(
    client: Client, operator: User, person: Any, django_assert_max_num_queries: Any
) -> None:
    notification = failed(person)
    client.get(page(notification))
    with django_assert_max_num_queries(15):
        client.get(page(notification))


def test_what_was_captured_is_linked(client: Client, operator: User, person: Any) -> None:
    html = client.get(page(failed(person))).content.decode()
    captured = SandboxMessage.objects.get()
    assert reverse("admin:notify_sandboxmessage_change", args=[captured.pk]) in html
    assert reverse("admin:notify_delivery_change", args=[captured.delivery_id]) in html


# Nobody may touch it


@pytest.mark.parametrize("model", [Notification, Delivery])
def test_rows_that_tell_what_happened_are_not_touched_even_by_a_superuser(
    admin_client: Client, person: Any, model: type[Any]
) -> None:
    notify(Note(text="x"), to=person)
    row = model.objects.get()
    name = f"admin:notify_{model._meta.model_name}"
    assert admin_client.get(reverse(f"{name}_add")).status_code == 403
    assert admin_client.post(reverse(f"{name}_change", args=[row.pk]), {"status": "sent"}).status_code == 403
    assert admin_client.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    listed = admin_client.get(reverse(f"{name}_changelist")).content.decode()
    assert "delete_selected" not in listed
    assert 'name="_save"' not in admin_client.get(reverse(f"{name}_change", args=[row.pk])).content.decode()
    assert model.objects.get() == row


def test_without_the_permission_to_view_there_is_nothing(client: Client, person: Any) -> None:
    staff(client, "view_heartbeat")
    (notification,) = notify(Inbox(text="x"), to=person)
    for address in (LIST, DELIVERIES, page(notification)):
        assert client.get(address).status_code == 403


# Retry and cancel


def act(client: Client, action: str, *rows: Any, address: str = LIST, **more: str) -> HttpResponse:
    chosen = {"action": action, "_selected_action": [str(each.pk) for each in rows], **more}
    response = client.post(address, chosen, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def test_retry_first_asks_and_says_how_many_and_which_not(client: Client, operator: User, person: Any) -> None:
    notification = failed(person)
    text = shown(act(client, "retry", notification))
    assert "1 delivery will be sent again. Left alone: 2, as each is delivered; 1, as it is skipped." in text
    assert "the provider refused it for good" in text
    assert Delivery.objects.get(channel="sms").status == Status.FAILED


def test_retry_sends_again_and_keeps_who_asked(client: Client, operator: User, person: Any) -> None:
    notification = failed(person)
    text = shown(act(client, "retry", notification, confirmed="1"))
    assert "1 delivery put back, to be sent again." in text
    assert Delivery.objects.get(channel="sms").status == Status.PENDING
    (event,) = notification.events.filter(kind=Kind.REPLAYED)
    assert event.data["by"] == str(operator)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(notification.pk))
    deliver_all()
    assert Delivery.objects.get(channel="sms").status == Status.DELIVERED


def test_a_single_delivery_is_retried_from_its_list(client: Client, operator: User, person: Any) -> None:
    failed(person)
    delivery = Delivery.objects.get(channel="sms")
    text = shown(act(client, "retry", delivery, address=DELIVERIES))
    assert "1 delivery will be sent again." in text
    assert "Left alone" not in text
    act(client, "retry", delivery, address=DELIVERIES, confirmed="1")
    delivery.refresh_from_db()
    assert delivery.status == Status.PENDING


def test_with_nothing_to_retry_there_is_nothing_to_confirm(client: Client, operator: User, person: Any) -> None:
    (notification,) = notify(Inbox(text="x"), to=person)
    html = act(client, "retry", notification).content.decode()
    assert "0 deliveries will be sent again. Left alone: 1, as it is delivered." in html
    assert "Send again" not in html


def test_cancel_says_what_it_could_still_stop(client: Client, operator: User, person: Any) -> None:
    (waiting,) = notify(Everywhere(text="x"), to=person, at=clock.now() + timedelta(hours=1))
    (sent,) = notify(Note(text="x"), to=person)
    (flying,) = notify(Note(text="y"), to=person)
    Delivery.objects.filter(notification=sent).update(status=Status.SENT, due_at=None)
    Delivery.objects.filter(notification=flying).update(started_at=clock.now())
    text = shown(act(client, "cancel", waiting, sent, flying))
    assert "What no worker has begun to send is cancelled." in text
    assert not Delivery.objects.filter(status=Status.CANCELLED).exists()
    text = shown(act(client, "cancel", waiting, sent, flying, confirmed="1"))
    assert "4 deliveries cancelled." in text
    assert "1 delivery in flight: may still arrive, and is not sent again." in text
    assert "1 delivery already sent." in text
    assert set(waiting.deliveries.values_list("status", flat=True)) == {Status.CANCELLED}


def test_cancelling_what_is_over_says_so(client: Client, operator: User, person: Any) -> None:
    (notification,) = notify(Note(text="x"), to=person)
    Delivery.objects.update(status=Status.FAILED, due_at=None)
    assert "Nothing was left to cancel." in shown(act(client, "cancel", notification, confirmed="1"))


def test_the_page_of_one_offers_what_can_be_done_and_is_returned_to(
    client: Client, operator: User, person: Any
) -> None:
    (waiting,) = notify(Note(text="x"), to=person)
    html = client.get(page(waiting)).content.decode()
    assert 'value="cancel"' in html
    assert 'value="retry"' not in html
    response: Any = act(client, "cancel", waiting, confirmed="1", from_page="1")
    assert response.redirect_chain == [(page(waiting), 302)]
    assert "1 delivery cancelled." in shown(response)
    assert 'value="cancel"' not in response.content.decode()


def test_who_may_only_look_can_neither_retry_nor_cancel(client: Client, person: Any) -> None:
    staff(client, "view_notification", "view_delivery")
    notification = failed(person)
    (waiting,) = notify(Note(text="x"), to=person)
    assert 'name="action"' not in client.get(LIST).content.decode()
    assert 'value="retry"' not in client.get(page(notification)).content.decode()
    for action in ("retry", "cancel"):
        act(client, action, notification, waiting, confirmed="1")
    assert notification.deliveries.get(channel="sms").status == Status.FAILED
    assert waiting.deliveries.get().status == Status.PENDING


def test_too_many_at_once_are_refused(
    client: Client, operator: User, person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.admin.actions.LIMIT", 2)
    chosen = [notify(Note(text=str(index)), to=person)[0] for index in range(3)]
    text = shown(act(client, "cancel", *chosen, confirmed="1"))
    assert "At most 2 at a time. Nothing was changed." in text
    assert not Delivery.objects.filter(status=Status.CANCELLED).exists()


def test_an_action_needs_its_csrf_token(operator: User, person: Any) -> None:
    (notification,) = notify(Note(text="x"), to=person)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert act(strict, "cancel", notification, confirmed="1").status_code == 403


# Sandbox, contact points, heartbeats


def captured(**content: str) -> SandboxMessage:
    channel = "email" if "html" in content else "sms"
    return SandboxMessage.objects.create(
        delivery_id=uuid4(), provider="sandbox", channel=channel, to="asha@example.org", content=content
    )


def test_a_captured_email_is_shown_in_a_frame_that_can_do_nothing(admin_client: Client) -> None:
    message = captured(subject="Hi <b>", html="<p>Hello</p><script>alert(1)</script>", text="Hello")
    html = admin_client.get(reverse("admin:notify_sandboxmessage_change", args=[message.pk])).content.decode()
    address = reverse("admin:notify_sandboxmessage_html", args=[message.pk])
    assert f'<iframe class="notify-frame" sandbox="" src="{address}"' in html
    assert "alert(1)" not in html
    assert "Hi &lt;b&gt;" in html
    frame = admin_client.get(address)
    assert frame.content.decode() == message.content["html"]
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    policy = frame["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; ")
    assert "script-src" not in policy


def test_a_captured_email_needs_its_permission(client: Client) -> None:
    message = captured(subject="Hi", html="<p>Hello</p>", text="Hello")
    address = reverse("admin:notify_sandboxmessage_html", args=[message.pk])
    assert client.get(address).status_code == 302
    staff(client, "view_notification")
    assert client.get(address).status_code == 403


def test_a_captured_text_message_is_escaped(admin_client: Client) -> None:
    message = captured(text="<script>alert(1)</script>")
    address = reverse("admin:notify_sandboxmessage_change", args=[message.pk])
    html = admin_client.get(address).content.decode()
    assert "notify-bubble-sms" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert admin_client.get(reverse("admin:notify_sandboxmessage_html", args=[message.pk])).status_code == 404
    assert "asha@example.org" in shown(admin_client.get("/admin/notify/sandboxmessage/?q=asha@example.org"))


def test_a_fault_is_scripted_for_known_providers_and_channels(admin_client: Client) -> None:
    address = reverse("admin:notify_sandboxfault_add")
    values = {"provider": "sandbox", "channel": "sms", "fault": "delay", "seconds": "2", "times": "3"}
    refused = admin_client.post(address, {**values, "channel": "fax", "provider": "acme"})
    assert set(refused.context["adminform"].form.errors) == {"channel", "provider"}
    assert admin_client.post(address, values).status_code == 302
    assert admin_client.post(address, {**values, "channel": ""}).status_code == 302
    assert sorted(SandboxFault.objects.values_list("channel", "times")) == [("", 3), ("sms", 3)]


def test_a_contact_point_is_added_and_found_by_its_person(admin_client: Client, person: Any) -> None:
    address = reverse("admin:notify_contactpoint_add")
    values = {"user": person.pk, "channel": "sms", "address": "+447700900555", "label": "Work"}
    assert set(admin_client.post(address, {**values, "channel": "in_app"}).context["adminform"].form.errors) == {
        "channel"
    }
    assert admin_client.post(address, values).status_code == 302
    assert ContactPoint.objects.get(channel="sms").user == person
    for term in (person.username[:5], person.email, "+447700900555"):
        assert "+447700900555" in shown(admin_client.get("/admin/notify/contactpoint/", {"q": term}))
    assert "0 contact points" in shown(admin_client.get("/admin/notify/contactpoint/", {"q": "nobody"}))
    assert "1 contact point " in shown(admin_client.get("/admin/notify/contactpoint/?channel=sms"))


def test_heartbeats_say_who_is_alive(admin_client: Client) -> None:
    now = clock.now()
    Heartbeat.objects.create(lane="urgent", host="web1", pid=1, beat_at=now)
    Heartbeat.objects.create(lane="bulk", host="web1", pid=2, beat_at=now - timedelta(hours=1))
    text = shown(admin_client.get("/admin/notify/heartbeat/"))
    assert "urgent web1 alive" in text
    assert "bulk web1 no sign of life 1 hour ago" in text


# Content security policy


def test_our_pages_need_neither_inline_scripts_nor_inline_styles(admin_client: Client, person: Any) -> None:
    notification = failed(person)
    message = SandboxMessage.objects.get()
    pages = [
        client_page.content.decode()
        for client_page in (
            admin_client.get(LIST, {"status": "failed"}),
            admin_client.get(page(notification)),
            admin_client.get(DELIVERIES),
            admin_client.get(reverse("admin:notify_delivery_change", args=[message.delivery_id])),
            admin_client.get(reverse("admin:notify_sandboxmessage_change", args=[message.pk])),
            act(admin_client, "retry", notification),
            admin_client.get("/admin/notify/heartbeat/"),
        )
    ]
    for html in pages:
        assert "notifications/admin.css" in html
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", html)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", html)
