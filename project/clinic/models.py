"""The clinic's models."""

from project.clinic.appointment import Appointment, AppointmentError, Status
from project.clinic.people import Doctor, Patient

__all__ = ["Appointment", "AppointmentError", "Doctor", "Patient", "Status"]
