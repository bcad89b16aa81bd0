"""Doctors, patients and appointments."""
