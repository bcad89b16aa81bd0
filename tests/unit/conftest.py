"""What several tests without a database need."""

import pytest
from pytest_django import Settings


@pytest.fixture
def no_region(settings: Settings) -> None:
    """Dates and numbers as each language writes them, and not as the project's country does."""
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "FORMAT_REGION": ""}
