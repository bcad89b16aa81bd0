"""The pharmacy's models."""

from project.pharmacy.prescription import Prescription, PrescriptionError, PrescriptionItem, Status

__all__ = ["Prescription", "PrescriptionError", "PrescriptionItem", "Status"]
