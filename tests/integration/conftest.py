"""People to notify."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from notifications.models import ContactPoint

_numbers = itertools.count(1)


@pytest.fixture
def make_person(db: None) -> Callable[..., Any]:
    """Make a user with an email address, a phone and a device, except for what is given as empty."""

    def make(device: str = "device-token", **values: Any) -> Any:
        number = next(_numbers)
        values = {
            "username": f"person{number}",
            "email": f"person{number}@example.org",
            "phone": f"+447700{900100 + number % 800}",
            **values,
        }
        user = get_user_model()._default_manager.create_user(**values)
        if device:
            ContactPoint.objects.create(user=user, channel="push", address=f"{device}-{number}")
        return user

    return make


@pytest.fixture
def person(make_person: Callable[..., Any]) -> Any:
    """A user who can be reached on every channel."""
    return make_person()
