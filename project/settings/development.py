"""Development: debugging on, Django's `runserver` over ASGI, the browsable API."""

from project.settings import environment
from project.settings.base import *
from project.settings.base import ALLOWED_HOSTS, INSTALLED_APPS, NOTIFICATIONS, REST_FRAMEWORK
from project.settings.providers import served
from project.settings.push_providers import push_providers

DEBUG = environment.flag("DEBUG", True)
SECRET_KEY = environment.text("SECRET_KEY", "development-only-key-never-used-where-people-can-reach-it")
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]

# First: its `runserver` replaces that of staticfiles. The demonstration lets its visitor in without a password.
INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "project.demo"]

REST_FRAMEWORK = {
    **REST_FRAMEWORK,
    "DEFAULT_RENDERER_CLASSES": [
        *REST_FRAMEWORK["DEFAULT_RENDERER_CLASSES"],
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
}

# Browsers are reached where there is a key, as in the demonstration; all else is captured.
if "webpush" in (_push := push_providers()):
    _sandbox = NOTIFICATIONS["PROVIDERS"]["sandbox"]
    NOTIFICATIONS = served(NOTIFICATIONS, {"push": {"webpush": _push["webpush"], "sandbox": _sandbox}})
