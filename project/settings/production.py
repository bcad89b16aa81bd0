"""Production: everything secret or particular from the environment, HTTPS only, JSON logs."""

from urllib.parse import urlsplit

from project.settings import environment
from project.settings.base import *
from project.settings.base import ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, LOGGING, NOTIFICATIONS
from project.settings.email_providers import *  # Django's own mail, such as for a new password, takes the mail server
from project.settings.email_providers import email_providers
from project.settings.providers import served
from project.settings.push_providers import push_providers
from project.settings.sms_providers import sms_providers

SECRET_KEY = environment.required("SECRET_KEY", "a random text of 50 characters or more that is kept secret")

environment.required("BASE_URL", "the address where people reach this site, such as https://notify.example.com")
BASE_URL = environment.url("BASE_URL", ("https", "http"))
_site = urlsplit(BASE_URL)
ALLOWED_HOSTS = ALLOWED_HOSTS or [_site.hostname or ""]
CSRF_TRUSTED_ORIGINS = CSRF_TRUSTED_ORIGINS or [f"{_site.scheme}://{_site.netloc}"]

SECURE_SSL_REDIRECT = environment.flag("SECURE_SSL_REDIRECT", True)
# Probes come from inside and speak plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = environment.integer("SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag("SECURE_HSTS_INCLUDE_SUBDOMAINS", False)
SECURE_HSTS_PRELOAD = environment.flag("SECURE_HSTS_PRELOAD", False)
# Whether HSTS covers the domain's other sites is for the domain's owner to say, so neither is a fault.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if environment.flag("BEHIND_PROXY", False):
    # Only right where a proxy sets the header itself on every request.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
X_FRAME_OPTIONS = "DENY"

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}

DEFAULT_FROM_EMAIL = environment.text("DEFAULT_FROM_EMAIL", f"no-reply@{_site.hostname}")

NOTIFICATIONS = served(
    {**NOTIFICATIONS, "BASE_URL": BASE_URL},
    {"email": email_providers(), "sms": sms_providers(), "push": push_providers()},
)

LOGGING = {**LOGGING, "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}}}
