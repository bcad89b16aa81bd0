"""What a new worker does before it takes work: import and make once what its first email would otherwise wait for."""

import logging
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.urls import reverse

from notifications import clock
from project.clinic.calendar import calendar_entry
from project.clinic.models import Appointment, Doctor, Patient
from project.clinic.sheet import sheet
from project.clinic.treatments import TREATMENTS

logger = logging.getLogger(__name__)


def warm_up(**kwargs: Any) -> None:
    """Receives Django Q's `post_spawn`. A failure is logged: what is wrong will show in the message that needs it."""
    try:
        path = reverse("clinic:appointments")  # reads all addresses of the project
        sample = _sample(clock.now())
        calendar_entry(sample, email="sample@example.org", name="Sample", path=path)
        sheet(sample, ZoneInfo("UTC"))
    except Exception:
        logger.exception("A worker could not warm up")


def _sample(now: datetime) -> Appointment:
    user = get_user_model()(username="sample")
    treatment = TREATMENTS[0]
    return Appointment(
        pk=0,
        patient=Patient(user=user),
        doctor=Doctor(user=user),
        treatment=treatment.name,
        place=treatment.place,
        minutes=treatment.minutes,
        starts_at=now,
    )
