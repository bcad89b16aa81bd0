"""What people wrote, consents and questions in the admin: read by who may, changed by nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from notifications import clock
from notifications.models import Consent, InboundMessage, Meaning, Means, Question
from notifications.services import notify
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db

LISTS = ("inboundmessage", "consent", "question")


@pytest.fixture
def rows(person):
    """One of each."""
    (notification,) = notify(Note(text="a"), to=person)
    message = InboundMessage.objects.create(
        alias="twilio",
        provider_id="SM1",
        channel="sms",
        address=person.phone,
        text="<script>alert(1)</script> " * 10,
        meaning=Meaning.TEXT,
        user=person,
        notification=notification,
    )
    consent = Consent.objects.create(
        user=person, channel="sms", address=person.phone, given=False, means=Means.KEYWORD, wording="<b>STOP</b>"
    )
    expires_at = clock.now() + timedelta(days=1)
    question = Question.objects.create(
        notification=notification, channel="sms", address=person.phone, code="47", expires_at=expires_at
    )
    return {"inboundmessage": message, "consent": consent, "question": question}


@pytest.fixture
def staff(client, make_person):
    """A member of staff who may see some of them."""

    def sign_in(*models: str):
        user = make_person(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=[f"view_{each}" for each in models]))
        client.force_login(user)
        return client

    return sign_in


@pytest.mark.parametrize("name", LISTS)
def test_who_may_see_them_reads_list_and_page_and_can_change_nothing(staff, rows, person, name):
    client = staff(name)
    listed = client.get(reverse(f"admin:notify_{name}_changelist"))
    page = client.get(reverse(f"admin:notify_{name}_change", args=[rows[name].pk]))
    for answer in (listed, page):
        assert answer.status_code == 200
        assert person.phone in answer.content.decode()
        assert b"<script>alert(1)" not in answer.content
        assert b"<b>STOP</b>" not in answer.content
    assert client.get(reverse(f"admin:notify_{name}_add")).status_code == 403
    for action in ("change", "delete"):
        assert client.post(reverse(f"admin:notify_{name}_{action}", args=[rows[name].pk]), {}).status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_staff_without_the_permission_see_none(staff, rows, name):
    client = staff("webhookevent")
    assert client.get(reverse(f"admin:notify_{name}_changelist")).status_code == 403
    assert client.get(reverse(f"admin:notify_{name}_change", args=[rows[name].pk])).status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_they_are_found_by_what_they_are_about(staff, rows, person, name):
    client = staff(*LISTS)
    term = str(rows["question"].notification_id) if name == "question" else person.phone
    address = reverse(f"admin:notify_{name}_changelist")
    assert len(client.get(address, {"q": term}).context["cl"].result_list) == 1
    assert len(client.get(address, {"q": "+15005550001"}).context["cl"].result_list) == 0


def test_messages_are_chosen_by_their_meaning(staff, rows):
    address = reverse("admin:notify_inboundmessage_changelist")
    client = staff("inboundmessage")
    assert len(client.get(address, {"meaning": "text"}).context["cl"].result_list) == 1
    assert len(client.get(address, {"meaning": "stop"}).context["cl"].result_list) == 0
