"""Every process starts without what only some providers need."""

import json
import subprocess
import sys

import pytest

from tests.services.databases import process_environment

SDKS = (
    "firebase_admin", "pywebpush", "boto3", "botocore", "twilio", "sendgrid", "daphne", "autobahn", "twisted",
    "icalendar", "reportlab", "phonenumbers", "regex", "babel",
)  # fmt: skip
LOADED = "import json, sys, django; django.setup(); print(json.dumps(sorted(sys.modules)))"


def loaded_by_setup(settings: str) -> set[str]:
    """The modules that `django.setup()` loads in a process of its own."""
    environment = process_environment(DJANGO_SETTINGS_MODULE=settings, SECRET_KEY="s", BASE_URL="https://example.org")
    done = subprocess.run([sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("settings", ["project.settings.test", "project.settings.production"])
def test_django_setup_loads_no_sdk_of_a_provider(settings: str) -> None:
    loaded = loaded_by_setup(settings)
    assert "notifications.services" in loaded
    assert loaded.isdisjoint(SDKS), f"loaded at start-up: {sorted(loaded & set(SDKS))}"
