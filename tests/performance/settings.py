"""Settings of what is measured: those of the project, with channels and providers that cost nothing of their own."""

from project.settings import environment
from project.settings.base import *  # noqa: F403 - as the project's own settings do
from project.settings.base import INSTALLED_APPS, LOGGING, NOTIFICATIONS, Q_CLUSTER

SECRET_KEY = "measures-only-key-that-protects-nothing-at-all"
ALLOWED_HOSTS = ["127.0.0.1"]

INSTALLED_APPS = [*INSTALLED_APPS, "tests.performance"]

_CHANNEL = "tests.performance.channel.BareChannel"
NOTIFICATIONS = {
    **NOTIFICATIONS,
    "CHANNELS": {
        **NOTIFICATIONS["CHANNELS"],
        "null": {"BACKEND": _CHANNEL, "PROVIDERS": ["null"]},
        "http": {"BACKEND": _CHANNEL, "PROVIDERS": ["http"]},
        "probe": {"BACKEND": _CHANNEL, "PROVIDERS": ["probe"]},
    },
    "PROVIDERS": {
        **NOTIFICATIONS["PROVIDERS"],
        "null": {"BACKEND": "tests.performance.providers.NullProvider"},
        "http": {
            "BACKEND": "tests.performance.providers.HttpProvider",
            "OPTIONS": {"url": environment.text("BENCH_PROVIDER_URL")},
        },
        "probe": {
            "BACKEND": "tests.performance.providers.ProbeProvider",
            "OPTIONS": {"file": environment.text("BENCH_PROBE_FILE")},
        },
    },
}

LOGGING = {**LOGGING, "root": {**LOGGING["root"], "level": "WARNING"}}

if environment.text("BENCH_CLUSTER") == "noop":  # Django Q at its fastest, for one task a message
    _LANES = {"default": {}, **Q_CLUSTER["ALT_CLUSTERS"]}
    Q_CLUSTER = {**Q_CLUSTER, "cluster_name": "noop", "ALT_CLUSTERS": _LANES}
    Q_CLUSTER |= {"workers": 1, "queue_limit": 100, "bulk": 50, "poll": 0.02}

# For the cost of start-up: the same with this app ("app"), or without it ("bare"), and nothing that builds on it.
_BUILT_ON_IT = ("project.clinic", "project.demo", "tests.performance")
if _apps := environment.text("BENCH_APPS"):
    INSTALLED_APPS = [each for each in INSTALLED_APPS if each not in _BUILT_ON_IT]
    if _apps == "bare":
        INSTALLED_APPS.remove("notifications.apps.NotifyConfig")
