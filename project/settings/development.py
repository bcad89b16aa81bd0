"""Development: debugging on, Django's `runserver` over ASGI, the browsable API."""

from project.settings import environment
from project.settings.base import *
from project.settings.base import ALLOWED_HOSTS, INSTALLED_APPS, REST_FRAMEWORK

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
