"""Templates in the admin: written, tried, published and rolled back by staff without code access (T1, T3, T4, T7)."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from notifications.models import TemplateChange, TemplateVersion
from notifications.services import notify
from notifications.services import templates as services
from notifications.testing import deliver_all, outbox
from project.accounts import roles
from project.accounts.models import User
from tests.app.notifications import Note

pytestmark = pytest.mark.django_db

LIST = "/admin/notify/template/"
NOTE = f"{LIST}tests.note/sms/default/"
SPANISH = f"{LIST}tests.note/sms/es/"
EMAIL = f"{LIST}tests.everywhere/email/default/"


def staff(client: Client, *codenames: str, **values: Any) -> User:
    user = User.objects.create_user(f"staff-{uuid4()}", is_staff=True, time_zone="Asia/Kolkata", **values)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notify", codename__in=codenames))
    client.force_login(user)
    return user


@pytest.fixture
def editor(client: Client) -> User:
    """Kavita, of the role that the project has for it; signed in."""
    user = User.objects.create_user(
        "kavita", first_name="Kavita", is_staff=True, phone="+447700900133", email="kavita@example.org"
    )
    user.groups.add(Group.objects.get(name=roles.EDITOR))
    client.force_login(user)
    return user


def shown(response: Any) -> str:
    """The text of a page, without its tags."""
    assert response.status_code in (200, 409), response
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def save(client: Client, page: str, do: str = "save", base: str | None = None, **parts: str) -> Any:
    """As the form does. `parts`: sms_txt → its source; the form is loaded first unless it is said from what."""
    if base is None:
        base = client.get(page).context["base"]
    fields = {f"part-{name.replace('_', '.')}": source for name, source in parts.items()}
    return client.post(page, {"base": base, "do": do, "note": "", **fields}, follow=True)


def published(text: str) -> TemplateVersion:
    return services.publish(services.begin("tests.note", "sms", parts={"sms.txt": text}, by=None), by=None).version


def sent(person: Any) -> str:
    notify(Note(text="Hello."), to=person)
    deliver_all()
    text: str = outbox("sms", to=person.phone)[-1].content["text"]
    return text


# From a draft to readers and back


def test_an_editor_writes_publishes_and_rolls_back_and_readers_get_each(
    client: Client, editor: User, person: Any
) -> None:
    before = sent(person)
    answer = save(client, NOTE, sms_txt="From staff: {{ text }}")
    assert "Version 1 is saved. Nobody gets it before it is published." in shown(answer)
    assert sent(person) == before
    asked = client.get(f"{NOTE}publish/")
    assert "From staff: {{ text }}" in asked.content.decode()
    answer = client.post(f"{NOTE}publish/", {"version": "1"}, follow=True)
    assert "Version 1 is published: what is sent from now on has it." in shown(answer)
    assert sent(person) == "From staff: Hello."
    assert "Roll back to the files" in shown(client.get(f"{NOTE}history/"))
    answer = client.post(f"{NOTE}step/", {"step": "roll-back", "from": "history"}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{NOTE}history/"
    assert "Rolled back. Readers get the files from now on." in shown(answer)
    assert sent(person) == before
    for page in (LIST, NOTE):
        assert re.search("olled back .* ago by kavita", shown(client.get(page)))
    actions = list(TemplateChange.objects.order_by("pk").values_list("action", "by__username"))
    assert actions == [("drafted", "kavita"), ("published", "kavita"), ("rolled_back", "kavita")]
