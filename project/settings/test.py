"""Tests: the structure of the others, each run with files of its own, Redis only where a test asks for it."""

import os

# Set in the environment, so that the processes a test starts find the same files; before base reads it.
os.environ.setdefault("VAR_DIR", f"var/test-{os.getpid()}")

from project.settings import backends, environment
from project.settings.base import *
from project.settings.base import ALLOWED_HOSTS, DATABASES, INSTALLED_APPS, NOTIFICATIONS, REDIS_URL, VAR_DIR

SECRET_KEY = "tests-only-key-that-protects-nothing-at-all-anywhere"  # noqa: S105 - protects nothing
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
INSTALLED_APPS = [*INSTALLED_APPS, "project.demo"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Workers of pytest-xdist, and what they start, keep apart.
VAR_DIR = VAR_DIR / os.environ.get("PYTEST_XDIST_WORKER", "")
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(parents=True, exist_ok=True)
    # A file: threads and processes share no database in memory.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}

REDIS_URL = REDIS_URL if environment.flag("TESTS_USE_REDIS", False) else ""
Q_CLUSTER = backends.q_cluster(REDIS_URL)
CHANNEL_LAYERS = backends.channel_layers(REDIS_URL, VAR_DIR)
CACHES = backends.caches(REDIS_URL)

# An error in a trigger fails the test that caused it.
NOTIFICATIONS = {**NOTIFICATIONS, "TRIGGER_ERRORS": "raise"}

# A sibling app of the tests' own.
INSTALLED_APPS = [*INSTALLED_APPS, "tests.app"]
