"""The people of the demonstration. Seeding again changes nothing of what is there."""

from typing import Any

from django.contrib.auth.models import Group

from notifications.models import Budget, ContactPoint, Period, Price
from project.accounts import roles
from project.accounts.models import User
from project.clinic.models import Doctor, Patient

PASSWORD = "demo"  # noqa: S105 - printed on the screen; this app exists in development only
CLINIC_ZONE = "Asia/Kolkata"

PRICES = {"GB": "0.0400", "IN": "0.0420", "US": "0.0079"}
"""country → US dollars for a segment of SMS, as the sandbox would charge it"""
BUDGET = "20"

PATIENTS = {
    "asha": {
        "first_name": "Asha",
        "last_name": "Menon",
        "email": "asha.menon@example.org",
        "phone": "+447700900111",
        "time_zone": "Asia/Kolkata",
    },
    "daniel": {
        "first_name": "Daniel",
        "last_name": "Reyes",
        "email": "daniel.reyes@example.org",
        "phone": "+12025550143",
        "time_zone": "America/New_York",
    },
}
DOCTORS = {
    "meera": ({"first_name": "Meera", "last_name": "Nair"}, {"title": "Vaidya", "speciality": "Panchakarma"}),
    "arjun": ({"first_name": "Arjun", "last_name": "Pillai"}, {"title": "Dr.", "speciality": "Consultation and diet"}),
}
STAFF: dict[str, dict[str, Any]] = {
    "desk": {"first_name": "Lakshmi", "last_name": "Das"},
    "editor": {"first_name": "Kavita", "last_name": "Joshi", "phone": "+447700900133"},
    "admin": {"first_name": "Ravi", "last_name": "Kumar", "is_superuser": True},
}
GROUPS: dict[str, tuple[str, ...]] = {
    "desk": (roles.DESK,),
    "editor": (roles.EDITOR,),
    "admin": (roles.OPERATOR, roles.DESK),  # hears of whatever there is to hear of
}


def seed() -> None:
    """Create the people who are missing, how to reach them, and what that costs."""
    for country, amount in PRICES.items():
        Price.objects.get_or_create(provider="sandbox", country=country, defaults={"amount": amount})
    Budget.objects.get_or_create(provider="sandbox", category="", period=Period.MONTH, defaults={"amount": BUDGET})
    for username, values in PATIENTS.items():
        user = _user(username, roles.PATIENT, **values)
        Patient.objects.get_or_create(user=user)
        ContactPoint.objects.get_or_create(
            user=user, channel="push", address=f"demo-phone-of-{username}", defaults={"label": "Phone"}
        )
    for username, (name, doctor) in DOCTORS.items():
        values = {"email": f"{username}@example.org", "time_zone": CLINIC_ZONE, **name}
        user = _user(username, roles.DOCTOR, is_staff=True, **values)
        Doctor.objects.get_or_create(user=user, defaults=doctor)
    for username, person in STAFF.items():
        known = {"email": f"{username}@example.org", "time_zone": CLINIC_ZONE, **person}
        _user(username, *GROUPS[username], is_staff=True, **known)


def _user(username: str, *groups: str, **values: Any) -> User:
    user, created = User.objects.get_or_create(username=username, defaults=values)
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.groups.add(*(Group.objects.get(name=each) for each in groups))
    return user
