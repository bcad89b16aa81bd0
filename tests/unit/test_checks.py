"""Every mistake in the settings and in the types has its check; each test compares the whole message."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, fields
from typing import Any

import pytest
from django.core.checks import CheckMessage, Error, Warning, run_checks
from django.db.backends.dummy.base import DatabaseWrapper as DummyDatabase
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from pytest_django import Settings

from notifications.channels.sms import SmsChannel
from notifications.checks import shape
from notifications.checks.database import check_database
from notifications.conf import Settings as NotificationSettings
from notifications.messages import Message, Receipt
from notifications.providers.base import Provider
from notifications.testing.registration import registered
from notifications.types import NotificationType

SMS = {"BACKEND": "notifications.channels.sms.SmsChannel", "PROVIDERS": ["sandbox"]}
IN_APP = {"BACKEND": "notifications.channels.in_app.InAppChannel"}
SANDBOX = {"BACKEND": "notifications.providers.sandbox.SandboxProvider"}
THIS = "tests.unit.test_checks"
TOPICS = "a dict: group → topic, of up to 200 letters, digits and -_.~%"


@dataclass(kw_only=True)
class Keyed(Provider):
    """A provider with an option that has no default, and a check of its own."""

    channels = ("email",)
    api_key: str

    def send(self, message: Message) -> Receipt:
        return Receipt(delivery_id=message.delivery_id)

    def check(self) -> list[CheckMessage]:
        return [] if self.api_key else [Error("The api_key is empty.", id="keyed.E001")]


@dataclass(kw_only=True)
class Choosy(SmsChannel):
    """A channel that refuses a value of its option."""

    encoding: str = "gsm7"

    def __post_init__(self) -> None:
        if self.encoding != "gsm7":
            raise ValueError(f"unknown encoding {self.encoding}")


def found(settings: Settings, **changes: Any) -> list[CheckMessage]:
    """The messages with NOTIFICATIONS changed."""
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, **changes}
    return run_checks(tags=["notifications"])


def with_channel(settings: Settings, entry: Any, **providers: Any) -> list[CheckMessage]:
    """The messages with one more channel, which no type uses, and these providers."""
    channels = {**settings.NOTIFICATIONS["CHANNELS"], "extra": entry}
    return found(settings, CHANNELS=channels, PROVIDERS={**settings.NOTIFICATIONS["PROVIDERS"], **providers})


def with_provider(settings: Settings, entry: Any) -> list[CheckMessage]:
    return found(settings, PROVIDERS={**settings.NOTIFICATIONS["PROVIDERS"], "extra": entry})


def test_the_projects_own_settings_and_types_are_right(settings: Settings) -> None:
    assert found(settings) == []


def test_no_settings_at_all_are_right(settings: Settings) -> None:
    del settings.NOTIFICATIONS
    assert run_checks(tags=["notifications"]) == []


def test_every_number_has_a_range_which_its_default_is_in() -> None:
    numbers = {each.name for each in fields(NotificationSettings) if each.type in ("int", "float")}
    assert numbers == set(shape.WHOLE) | set(shape.SECONDS)
    defaults = NotificationSettings()
    assert [each.name for each in fields(defaults) if shape._valid(each.name, getattr(defaults, each.name))] == []


def test_e001_the_setting_is_a_dict(settings: Settings) -> None:
    settings.NOTIFICATIONS = ["email"]
    assert run_checks(tags=["notifications"]) == [
        Error("NOTIFICATIONS is a list.", hint="It must be a dict.", id="notify.E001")
    ]


def test_e002_unknown_names(settings: Settings) -> None:
    known = ", ".join(sorted(each.name for each in fields(NotificationSettings)))
    assert found(settings, CHANELS={}) == [
        Error("Unknown name 'CHANELS' in NOTIFICATIONS.", hint=f"Known: {known}.", id="notify.E002")
    ]


@pytest.mark.parametrize(
    ("name", "value", "valid"),
    [
        ("BATCH_SIZE", 0, "a whole number from 1 to 1000"),
        ("BATCH_SIZE", 1001, "a whole number from 1 to 1000"),
        ("BATCH_SIZE", 1.5, "a whole number from 1 to 1000"),
        ("MAX_ATTEMPTS", True, "a whole number from 1 to 1000"),
        ("LEASE_SECONDS", 0, "a number of seconds from 1 to 3600"),
        ("LEASE_SECONDS", float("nan"), "a number of seconds from 1 to 3600"),
        ("LEASE_SECONDS", "60", "a number of seconds from 1 to 3600"),
        ("LINGER_SECONDS", -1, "a number of seconds from 0 to 600"),
        ("FROM_EMAIL", None, "a text"),
        ("OPERATORS", ["night shift"], "a text"),
        ("INBOX_STAFF", None, "a text"),
        ("POLL_AFTER_SECONDS", 10, "a number of seconds from 60 to 86400"),
        ("BASE_URL", "example.com", "where people reach this site, such as https://notify.example.com"),
        ("BASE_URL", "http://[", "where people reach this site, such as https://notify.example.com"),
        ("TRIGGER_ERRORS", "ignore", "'log' or 'raise'"),
        ("PHONE_REGION", "UK", "a code of ISO 3166 in capitals, such as 'US', or '' for numbers with + only"),
        ("PHONE_REGION", "us", "a code of ISO 3166 in capitals, such as 'US', or '' for numbers with + only"),
        (
            "FORMAT_REGION",
            "UK",
            "a code of ISO 3166 in capitals, such as 'US', or '' for each language's own way of writing",
        ),
        ("TEMPLATES_NEED_REVIEW", "no", "True or False"),
        ("CURRENCY", "usd", "a currency by its three capital letters of ISO 4217, such as 'USD' or 'INR'"),
        ("CURRENCY", None, "a currency by its three capital letters of ISO 4217, such as 'USD' or 'INR'"),
        ("PHONE_REGION", None, "a code of ISO 3166 in capitals, such as 'US', or '' for numbers with + only"),
        ("PUSH_TOPICS", ["doctors"], TOPICS),
        ("PUSH_TOPICS", {"doctors": "/topics/doctors"}, TOPICS),
        ("PUSH_TOPICS", {"doctors": ""}, TOPICS),
        ("PUSH_TOPICS", {"doctors": ["doctors"]}, TOPICS),
        ("PUSH_TOPICS", {7: "doctors"}, TOPICS),
        (
            "LANES",
            {"urgent": "urgent", "default": "default"},
            "a dict with exactly the keys urgent, default, bulk and the name of a cluster each",
        ),
        (
            "LANES",
            {"urgent": "a", "default": "b", "bulk": 3},
            "a dict with exactly the keys urgent, default, bulk and the name of a cluster each",
        ),
    ],
)
def test_e003_values_out_of_range(settings: Settings, name: str, value: Any, valid: str) -> None:
    assert found(settings, **{name: value}) == [
        Error(f"NOTIFICATIONS['{name}'] is {value!r}.", hint=f"Valid: {valid}.", id="notify.E003")
    ]


def test_e003_a_topic_has_up_to_200_characters(settings: Settings) -> None:
    assert found(settings, PUSH_TOPICS={"doctors": "d" * 200, "nurses": "nurses-1.2_~%"}) == []
    assert [each.hint for each in found(settings, PUSH_TOPICS={"doctors": "d" * 201})] == [f"Valid: {TOPICS}."]


FORM = "CHANNELS is a dict: name → {'BACKEND', 'OPTIONS', 'PROVIDERS'}."


@pytest.mark.parametrize(
    ("channels", "text", "hint"),
    [
        (["sms"], "NOTIFICATIONS['CHANNELS'] is a list.", FORM),
        ({"sms": "sandbox"}, "NOTIFICATIONS['CHANNELS']['sms'] is a str.", FORM),
        (
            {"s" * 21: SMS},
            f"NOTIFICATIONS['CHANNELS']['{'s' * 21}']: the name is wrong.",
            "A name is a text of 1 to 20 characters.",
        ),
        (
            {"sms": {**SMS, "PROVIDER": "x"}},
            "NOTIFICATIONS['CHANNELS']['sms'] has an unknown key 'PROVIDER'.",
            "Known: BACKEND, OPTIONS, PROVIDERS.",
        ),
        (
            {"sms": {"PROVIDERS": ["sandbox"]}},
            "NOTIFICATIONS['CHANNELS']['sms'] has no 'BACKEND'.",
            "It is the dotted path of a class.",
        ),
        (
            {"sms": {**SMS, "OPTIONS": ["x"]}},
            "NOTIFICATIONS['CHANNELS']['sms']['OPTIONS'] is a list.",
            "It is a dict: option → value.",
        ),
        (
            {"sms": {**SMS, "PROVIDERS": "sandbox"}},
            "NOTIFICATIONS['CHANNELS']['sms']['PROVIDERS'] is 'sandbox'.",
            "It is a list of names of PROVIDERS, in order of preference.",
        ),
    ],
)
def test_e004_the_shape_of_channels(settings: Settings, channels: Any, text: str, hint: str) -> None:
    assert found(settings, CHANNELS=channels) == [Error(text, hint=hint, id="notify.E004")]


def test_e004_the_shape_of_providers(settings: Settings) -> None:
    assert found(settings, PROVIDERS={"sandbox": {**SANDBOX, "PROVIDERS": []}}) == [
        Error(
            "NOTIFICATIONS['PROVIDERS']['sandbox'] has an unknown key 'PROVIDERS'.",
            hint="Known: BACKEND, OPTIONS.",
            id="notify.E004",
        )
    ]


def test_e005_a_class_that_cannot_be_imported(settings: Settings) -> None:
    assert with_channel(settings, {"BACKEND": "notifications.channels.fax.FaxChannel"}) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['extra']: 'notifications.channels.fax.FaxChannel' cannot be imported: "
            "ModuleNotFoundError: No module named 'notifications.channels.fax'.",
            hint="It is the dotted path of a subclass of notifications.channels.base.Channel.",
            id="notify.E005",
        )
    ]


def test_e006_a_class_of_another_kind(settings: Settings) -> None:
    assert with_provider(settings, {"BACKEND": SMS["BACKEND"]}) == [
        Error(
            "NOTIFICATIONS['PROVIDERS']['extra']: 'notifications.channels.sms.SmsChannel' is not a Provider.",
            hint="It is the dotted path of a subclass of notifications.providers.base.Provider.",
            id="notify.E006",
        )
    ]


def test_e007_an_unknown_option(settings: Settings) -> None:
    assert with_channel(settings, {**SMS, "OPTIONS": {"user_feild": "mobile"}}) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['extra']: unknown option 'user_feild'.",
            hint="Known: allowed_countries, denied_countries, max_parts, require_verified, senders, shorten, smart, "
            "user_field.",
            id="notify.E007",
        )
    ]


def test_e008_a_missing_option(settings: Settings) -> None:
    assert with_provider(settings, {"BACKEND": f"{THIS}.Keyed"}) == [
        Error(
            "NOTIFICATIONS['PROVIDERS']['extra']: the option 'api_key' is missing.",
            hint="Known: api_key, reconcile_seconds, timeout_seconds.",
            id="notify.E008",
        )
    ]


def test_e009_a_value_that_the_class_refuses(settings: Settings) -> None:
    entry = {"BACKEND": f"{THIS}.Choosy", "PROVIDERS": ["sandbox"], "OPTIONS": {"encoding": "ucs2"}}
    assert with_channel(settings, entry) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['extra'] cannot be made: ValueError: unknown encoding ucs2.",
            hint=f"See {THIS}.Choosy.",
            id="notify.E009",
        )
    ]


def test_a_providers_own_checks_are_run(settings: Settings) -> None:
    entry = {"BACKEND": f"{THIS}.Keyed", "OPTIONS": {"api_key": ""}}
    assert with_provider(settings, entry) == [Error("The api_key is empty.", id="keyed.E001")]


def test_e010_a_channel_that_leaves_the_app_without_a_provider(settings: Settings) -> None:
    channels = {**settings.NOTIFICATIONS["CHANNELS"], "sms": {"BACKEND": SMS["BACKEND"]}}
    assert found(settings, CHANNELS=channels) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['sms'] leaves the app and has no provider.",
            hint="Serve it: sandbox.",
            id="notify.E010",
        )
    ]


def test_e011_an_unknown_provider(settings: Settings) -> None:
    channels = {**settings.NOTIFICATIONS["CHANNELS"], "sms": {**SMS, "PROVIDERS": ["sandbox", "sandbx"]}}
    assert found(settings, CHANNELS=channels) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['sms']: unknown provider 'sandbx'.",
            hint="Known: sandbox.",
            id="notify.E011",
        )
    ]


def test_e012_a_provider_of_other_channels(settings: Settings) -> None:
    keyed = {"BACKEND": f"{THIS}.Keyed", "OPTIONS": {"api_key": "secret"}}
    assert with_channel(settings, {**SMS, "PROVIDERS": ["keyed"]}, keyed=keyed) == [
        Error(
            "NOTIFICATIONS['CHANNELS']['extra']: the provider 'keyed' does not serve this channel.",
            hint="It serves email. Serve 'extra': none.",
            id="notify.E012",
        )
    ]


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            {
                "BACKEND": "notifications.providers.sendgrid.SendGridProvider",
                "OPTIONS": {"api_key": "k", "webhook_public_key": "k"},
            },
            "The option webhook_public_key of provider 'extra' is no P-256 key. "
            "Give the verification key as SendGrid's settings show it.",
        ),
        (
            {
                "BACKEND": "notifications.providers.ses.SesProvider",
                "OPTIONS": {"region": "eu-central-1", "topic_arns": "arn:aws:sns:eu-central-1:123456789012:mail"},
            },
            "The option topic_arns of provider 'extra' is a list of ARNs such as "
            "arn:aws:sns:eu-central-1:123456789012:mail.",
        ),
        (
            {
                "BACKEND": "notifications.providers.ses.SesProvider",
                "OPTIONS": {"region": "eu-central-1", "topic_arns": ["mail"]},
            },
            "The option topic_arns of provider 'extra' is a list of ARNs such as "
            "arn:aws:sns:eu-central-1:123456789012:mail.",
        ),
        (
            {
                "BACKEND": "notifications.providers.ses.SesProvider",
                "OPTIONS": {"region": "eu-central-1", "sns_url": "https://sns.example"},
            },
            "The option sns_url of provider 'extra' is for tests: http://127.0.0.1:<port>, or nothing.",
        ),
    ],
)
def test_e013_a_webhook_that_could_verify_nothing(settings: Settings, entry: dict[str, Any], text: str) -> None:
    kind = "sendgrid.SendGridWebhook" if "SendGrid" in entry["BACKEND"] else "ses.SesWebhook"
    assert with_provider(settings, entry) == [
        Error(
            f"The webhook of NOTIFICATIONS['PROVIDERS']['extra'] cannot be made: ConfigurationError: {text}",
            hint=f"See notifications.tracking.webhooks.{kind}.",
            id="notify.E013",
        )
    ]


# Types


def declared(name: str, **configuration: Any) -> type[NotificationType]:
    """A type with one payload field and an example, unless the configuration says otherwise."""
    body = {"key": f"tests.{name}", "__annotations__": {"text": str}, "__module__": THIS, "__qualname__": "Declared"}
    return type("Declared", (NotificationType,), {**body, "example": {"text": "x"}, **configuration})


SMS_TEXT = {"sms.txt": "{{ text }}"}


def test_e020_a_type_with_an_unknown_channel(settings: Settings) -> None:
    with registered(declared("fax", channels=("sms", "fax")), SMS_TEXT):
        assert found(settings) == [
            Error(
                "Unknown channel 'fax'.",
                hint="Known: email, in_app, push, sms.",
                obj=f"{THIS}.Declared",
                id="notify.E020",
            )
        ]


def test_e021_a_fallback_that_is_never_sent(settings: Settings) -> None:
    inbox = {"in_app.title.txt": "x", "in_app.txt": "x"}
    with registered(declared("quiet", channels=("in_app",), fallback=("sms",)), SMS_TEXT | inbox):
        assert found(settings) == [
            Error(
                "Its fallback is never sent: none of its channels leaves the app, so none can fail.",
                hint="Set fallback_after, or name the fallback in channels.",
                obj=f"{THIS}.Declared",
                id="notify.E021",
            )
        ]


def test_e022_a_template_with_a_mistake(settings: Settings) -> None:
    with registered(declared("broken", channels=("sms",)), {"sms.txt": "{% iff text %}"}):
        (error,) = found(settings)
    assert error == Error(
        error.msg,
        hint="It is one of: notifications/tests.broken/en/sms.txt, notifications/tests.broken/sms.txt.",
        obj=f"{THIS}.Declared",
        id="notify.E022",
    )
    assert error.msg.startswith(
        "Its template sms.txt cannot be loaded: notifications/tests.broken/sms.txt, line 1, column 1: "
        "Unknown tag 'iff'."
    )


EXAMPLE = "Previews and tests use it. Write example = {…} with a value for each payload field."


def test_w020_a_type_without_example(settings: Settings) -> None:
    with registered(declared("bare", channels=("sms",), example={}), SMS_TEXT):
        assert found(settings) == [
            Warning("It has no example.", hint=EXAMPLE, obj=f"{THIS}.Declared", id="notify.W020")
        ]


def test_w020_an_example_that_does_not_fit(settings: Settings) -> None:
    with registered(declared("old", channels=("sms",), example={"txt": "x"}), SMS_TEXT):
        assert found(settings) == [
            Warning(
                "Its example does not fit its payload: tests.old: unknown payload field txt. Its payload: text.",
                hint=EXAMPLE,
                obj=f"{THIS}.Declared",
                id="notify.W020",
            )
        ]


def test_w021_a_missing_template_of_a_channel_or_a_fallback(settings: Settings) -> None:
    with registered(declared("mute", channels=("sms",), fallback=("email",)), {"email.html": "x"}):
        assert found(settings) == [
            Warning(
                f"Its template {part} for channel '{channel}' is missing.",
                hint=f"Write one of: notifications/tests.mute/en/{part}, notifications/tests.mute/{part}.",
                obj=f"{THIS}.Declared",
                id="notify.W021",
            )
            for channel, part in (("sms", "sms.txt"), ("email", "email.subject.txt"))
        ]


def test_w021_parts_that_stand_in_two_languages_make_no_message(settings: Settings) -> None:
    with registered(declared("torn", channels=("in_app",)), {"en/in_app.title.txt": "x", "in_app.txt": "x"}):
        (warning,) = found(settings)
    assert (warning.id, warning.msg) == (
        "notify.W021",
        "Its template in_app.title.txt for channel 'in_app' is missing.",
    )


# Database


def sqlite(**entry: Any) -> SQLite:
    return SQLite({"ENGINE": "django.db.backends.sqlite3", "NAME": "x.sqlite3", "OPTIONS": {}, **entry}, "main")


GOOD = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous=normal;"}


def test_sqlite_with_wal_and_immediate_transactions_is_right() -> None:
    assert check_database(sqlite(OPTIONS=GOOD)) == []


def test_e030_another_database() -> None:
    assert check_database(DummyDatabase({}, "main")) == [
        Error(
            "The database 'main' is unknown, which the queue cannot use.",
            hint="Valid: postgresql, sqlite.",
            id="notify.E030",
        )
    ]


def test_e031_an_old_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 37, 2))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.37.2")
    assert check_database(sqlite(OPTIONS=GOOD)) == [
        Error(
            "SQLite is 3.37.2, which lacks JSON operators that the queue needs.",
            hint="Use SQLite 3.38.0 or later, or PostgreSQL.",
            id="notify.E031",
        )
    ]


W030 = Warning(
    "The database 'main' is SQLite without WAL: whoever reads blocks whoever writes.",
    hint='Set OPTIONS["init_command"] to "PRAGMA journal_mode=wal;".',
    id="notify.W030",
)
W031 = Warning(
    "The database 'main' is SQLite with deferred transactions: one that comes to write fails with "
    "“database is locked” if another wrote meanwhile.",
    hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE".',
    id="notify.W031",
)


def test_w030_and_w031_sqlite_as_django_sets_it_up() -> None:
    assert check_database(sqlite()) == [W030, W031]
    assert check_database(sqlite(OPTIONS={**GOOD, "transaction_mode": "DEFERRED"})) == [W031]
    assert check_database(sqlite(OPTIONS={**GOOD, "init_command": "PRAGMA synchronous=normal;"})) == [W030]
    assert check_database(sqlite(NAME=":memory:")) == [W031]


# Django Q and Django Channels


def test_e040_a_lane_without_a_cluster(settings: Settings) -> None:
    lanes = {"urgent": "urgnt", "default": "default", "bulk": "bulk"}
    assert found(settings, LANES=lanes) == [
        Error(
            "NOTIFICATIONS['LANES']['urgent'] is 'urgnt', which is no cluster of Q_CLUSTER.",
            hint="Known: bulk, default, urgent.",
            id="notify.E040",
        )
    ]


@pytest.mark.parametrize(("timeout", "retry"), [(120, 120), (None, 180)])
def test_e041_a_time_out_that_is_not_shorter_than_retry(settings: Settings, timeout: int | None, retry: int) -> None:
    bulk = {"timeout": timeout, "retry": retry}
    settings.Q_CLUSTER = {
        **settings.Q_CLUSTER,
        "ALT_CLUSTERS": {**settings.Q_CLUSTER["ALT_CLUSTERS"], "bulk": bulk},
    }
    assert found(settings) == [
        Error(
            f"Q_CLUSTER: cluster 'bulk' has timeout {timeout} and retry {retry}: "
            "a task that is still at work is handed out again.",
            hint="Set timeout, in seconds, and retry to more than that.",
            id="notify.E041",
        )
    ]


def test_e042_a_time_out_that_ends_workers_at_work(settings: Settings) -> None:
    assert found(settings, DRAIN_SECONDS=90) == [
        Error(
            f"Q_CLUSTER: cluster '{name}' has timeout 120: workers are killed at work.",
            hint="Set it to more than 120: DRAIN_SECONDS and the longest time-out of a provider.",
            id="notify.E042",
        )
        for name in ("bulk", "default", "urgent")
    ]


LAYERS = (
    "Valid for several processes: notifications.realtime.sqlite_layer.SQLiteChannelLayer on one machine, "
    "channels_redis.pubsub.RedisPubSubChannelLayer on many."
)


@pytest.mark.parametrize("layers", [{}, {"other": {}}, None])
def test_w040_no_channel_layer(settings: Settings, layers: Any) -> None:
    settings.CHANNEL_LAYERS = layers
    assert found(settings) == [
        Warning('CHANNEL_LAYERS has no "default": nothing is pushed to open pages.', hint=LAYERS, id="notify.W040")
    ]


def test_w041_a_channel_layer_that_reaches_no_other_process(settings: Settings) -> None:
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    assert found(settings) == [
        Warning(
            "The in-memory channel layer reaches pages of its own process only, and workers have none.",
            hint=LAYERS,
            id="notify.W041",
        )
    ]
