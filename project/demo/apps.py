"""The app."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demonstration: data to start with, and pages that show every channel at work."""

    name = "project.demo"
    label = "demo"
