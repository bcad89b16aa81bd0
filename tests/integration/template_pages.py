"""What the tests of the texts' pages have in common: people, and a form that is filled in."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import Group, Permission
from django.test import Client

from notifications.models import TemplateVersion
from notifications.services import notify
from notifications.services import templates as services
from notifications.testing import deliver_all, outbox
from project.accounts import roles
from project.accounts.models import User
from tests.app.notifications import Note

LIST = "/admin/notify/template/"
NOTE = f"{LIST}tests.note/sms/default/"
EMAIL = f"{LIST}tests.everywhere/email/default/"


def staff(client: Client, *codenames: str, **values: Any) -> User:
    """Somebody with these permissions of the app; signed in."""
    user = User.objects.create_user(f"staff-{uuid4()}", is_staff=True, time_zone="Asia/Kolkata", **values)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="notify", codename__in=codenames))
    client.force_login(user)
    return user


def kavita(client: Client) -> User:
    """Of the role that the project has for editors; signed in."""
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
    """A version of the note that readers get."""
    version = services.publish(services.begin(Note.key, "sms", parts={"sms.txt": text}, by=None), by=None).version
    assert version is not None
    return version


def sent(person: Any) -> str:
    """The text of a note that is sent now."""
    notify(Note(text="Hello."), to=person)
    deliver_all()
    text: str = outbox("sms", to=person.phone)[-1].content["text"]
    return text
