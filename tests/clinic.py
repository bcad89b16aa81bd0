"""Makes people and appointments of the clinic."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from notifications import clock
from notifications.models import ContactPoint
from project.accounts.models import User
from project.clinic.models import Appointment, Doctor, Patient

_numbers = itertools.count(1)


def make_user(**values: Any) -> User:
    """A user with a name and an address on every channel but push."""
    number = next(_numbers)
    defaults = {
        "username": f"user{number}",
        "email": f"user{number}@example.org",
        "phone": f"+4477008{number:05d}",
        "time_zone": "Asia/Kolkata",
    }
    return User.objects.create_user(**{**defaults, **values})


def make_doctor(**values: Any) -> Doctor:
    """A doctor."""
    user = values.pop("user", None) or make_user(first_name="Meera", last_name="Nair")
    return Doctor.objects.create(user=user, **{"title": "Vaidya", "speciality": "Panchakarma", **values})


def make_patient(*, device: str = "device", **values: Any) -> Patient:
    """A patient who can be reached on every channel; `device=""`: has no device. Values are the user's."""
    user = make_user(**{"first_name": "Asha", "last_name": "Menon", **values})
    if device:
        ContactPoint.objects.create(user=user, channel="push", address=f"{device}-{user.pk}")
    return Patient.objects.create(user=user)


def make_appointment(*, ahead: timedelta = timedelta(days=3), **values: Any) -> Appointment:
    """An appointment `ahead` of now, requested unless `status` says otherwise."""
    starts_at: datetime = values.pop("starts_at", None) or clock.now() + ahead
    defaults = {
        "patient": values.pop("patient", None) or make_patient(),
        "doctor": values.pop("doctor", None) or make_doctor(),
        "treatment": "Shirodhara",
        "place": "Treatment room 3",
        "minutes": 45,
    }
    return Appointment.objects.create(starts_at=starts_at, **{**defaults, **values})
