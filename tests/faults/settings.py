"""Settings of the processes that fault tests start: those of the tests, with what the test that starts them says."""

from __future__ import annotations

import json
import os

from project.settings.test import *  # noqa: F403 - as settings do
from project.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.app"]
NOTIFICATIONS = json.loads(os.environ["FAULTS_NOTIFICATIONS"])
