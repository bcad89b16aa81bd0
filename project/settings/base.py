"""What development, production and tests have in common. What varies comes from the environment."""

from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from project.accounts import roles
from project.settings import backends, environment
from project.settings.database import database

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = BASE_DIR / environment.text("VAR_DIR", "var")
"""Where the embedded databases live."""

DEBUG = False
SECRET_KEY_FALLBACKS = environment.items("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = environment.items("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = environment.items("CSRF_TRUSTED_ORIGINS")
BASE_URL = environment.url("BASE_URL", ("https", "http"), "http://localhost:8000")
REDIS_URL = environment.url("REDIS_URL", ("redis", "rediss"))

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "django_q",
    "notifications.apps.NotifyConfig",
    "project.accounts",
    "project.clinic",
    "project.pharmacy",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "project.accounts.middleware.PersonLocaleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
ASGI_APPLICATION = "project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASE_URL = environment.text("DATABASE_URL", f"sqlite:///{VAR_DIR / 'notifications.sqlite3'}")
DATABASES = {"default": database(DATABASE_URL, BASE_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
Q_CLUSTER = backends.q_cluster(REDIS_URL)
CHANNEL_LAYERS = backends.channel_layers(REDIS_URL, VAR_DIR)
CACHES = backends.caches(REDIS_URL)

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("hi", _("Hindi")), ("es", _("Spanish")), ("ar", _("Arabic"))]
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "project" / "locale"]
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

NOTIFICATIONS: dict[str, Any] = {
    "BASE_URL": BASE_URL,
    "PHONE_REGION": environment.text("PHONE_REGION"),
    "FORMAT_REGION": environment.text("FORMAT_REGION", "IN"),
    "OPERATORS": roles.OPERATOR,
    "INBOX_STAFF": roles.DESK,
    "CHANNELS": {
        "email": {"BACKEND": "notifications.channels.email.EmailChannel", "PROVIDERS": ["sandbox"]},
        "sms": {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["sandbox"]},
        "push": {"BACKEND": "notifications.channels.push.PushChannel", "PROVIDERS": ["sandbox"]},
        "in_app": {"BACKEND": "notifications.channels.in_app.InAppChannel"},
    },
    "PROVIDERS": {
        "sandbox": {"BACKEND": "notifications.providers.sandbox.SandboxProvider", "OPTIONS": {}},
    },
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
        "json": {"()": "project.json_log.JSONFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": environment.text("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        # Without Django's own handlers, which would say everything twice.
        "django": {"handlers": []},
        # Django Q tells of every task; only what goes wrong is news.
        "django-q": {"level": "WARNING"},
    },
}
