"""Each settings module loads in a process of its own, as it will in use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PRODUCTION = {
    "SECRET_KEY": "tests-only-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFG",
    "BASE_URL": "https://notify.example.com",
    "DATABASE_URL": "postgres://postgres@127.0.0.1/notify",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
}
VARIABLES = (
    *PRODUCTION,
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "SENDGRID_API_KEY",
    "AWS_SES_REGION",
    "EMAIL_HOST",
    "TWILIO_ACCOUNT_SID",
    "AWS_SNS_REGION",
    "FCM_CREDENTIALS_FILE",
    "FCM_PROJECT_ID",
    "VAPID_PRIVATE_KEY",
    "Q_CLUSTER_NAME",
    "DEBUG",
    "VAR_DIR",
)


def run(settings: str, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a settings module and no other variables that it reads."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment = {**kept, "DJANGO_SETTINGS_MODULE": f"project.settings.{settings}", **variables}
    return subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)


def value(settings: str, expression: str, **variables: str) -> object:
    """Evaluate an expression over the settings `s`, after `django.setup()`."""
    prelude = "import django, json; django.setup(); from django.conf import settings as s"
    code = f"{prelude}; print(json.dumps({expression}))"
    done = run(settings, "-c", code, **variables)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("missing", "said"), [("SECRET_KEY", "a random text"), ("BASE_URL", "the address where")])
def test_production_does_not_start_without_what_it_needs(missing: str, said: str) -> None:
    variables = {name: text for name, text in PRODUCTION.items() if name != missing}
    done = run("production", "manage.py", "check", **variables)
    assert done.returncode == 1
    assert f"{missing} is not set. Set it to {said}" in done.stderr


def test_production_passes_the_deployment_checks() -> None:
    done = run("production", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)
    assert done.returncode == 0, done.stderr


def test_production_takes_its_host_and_origin_from_the_base_url() -> None:
    seen = value("production", "[s.ALLOWED_HOSTS, s.CSRF_TRUSTED_ORIGINS, s.DEBUG]", **PRODUCTION)
    assert seen == [["notify.example.com"], ["https://notify.example.com"], False]


def test_production_ignores_debug() -> None:
    assert value("production", "s.DEBUG", **PRODUCTION, DEBUG="1") is False


EMAIL_PROVIDERS = {
    "SENDGRID_API_KEY": "SG.key",
    "SENDGRID_API_URL": "https://api.eu.sendgrid.com/v3/",
    "SENDGRID_WEBHOOK_PUBLIC_KEY": "",
    "AWS_SES_REGION": "eu-central-1",
    "AWS_SES_CONFIGURATION_SET": "north",
    "AWS_SES_TOPIC_ARNS": "arn:aws:sns:eu-central-1:123456789012:mail, arn:aws:sns:eu-central-1:123456789012:more",
    "EMAIL_HOST": "mail.example.com",
    "EMAIL_PORT": "2525",
}


def test_production_sends_email_with_what_the_environment_names_in_order_of_preference() -> None:
    expression = "[s.NOTIFICATIONS['CHANNELS']['email']['PROVIDERS'], s.NOTIFICATIONS['PROVIDERS'], s.EMAIL_HOST]"
    path = "notifications.providers"
    sandbox = {"BACKEND": f"{path}.sandbox.SandboxProvider", "OPTIONS": {}}
    assert value("production", expression, **PRODUCTION) == [["sandbox"], {"sandbox": sandbox}, ""]
    assert value("production", expression, **PRODUCTION, **EMAIL_PROVIDERS) == [
        ["sendgrid", "ses", "smtp"],
        {
            "sandbox": sandbox,
            "sendgrid": {
                "BACKEND": f"{path}.sendgrid.SendGridProvider",
                "OPTIONS": {
                    "api_key": "SG.key",
                    "api_url": "https://api.eu.sendgrid.com/v3",
                    "webhook_public_key": "",
                },
            },
            "ses": {
                "BACKEND": f"{path}.ses.SesProvider",
                "OPTIONS": {
                    "region": "eu-central-1",
                    "configuration_set": "north",
                    "topic_arns": [f"arn:aws:sns:eu-central-1:123456789012:{name}" for name in ("mail", "more")],
                },
            },
            "smtp": {
                "BACKEND": f"{path}.smtp.SmtpProvider",
                "OPTIONS": {
                    "host": "mail.example.com",
                    "port": 2525,
                    "username": "",
                    "password": "",
                    "use_tls": True,
                    "timeout_seconds": 10,
                },
            },
        },
        "mail.example.com",
    ]


def test_the_email_providers_of_production_pass_the_deployment_checks() -> None:
    done = run(
        "production", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, **EMAIL_PROVIDERS
    )
    assert done.returncode == 0, done.stderr


SMS_PROVIDERS = {
    "TWILIO_ACCOUNT_SID": "AC0123456789abcdef0123456789abcdef",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_API_KEY_SID": "SK0123456789abcdef0123456789abcdef",
    "TWILIO_API_KEY_SECRET": "secret",
    "TWILIO_FROM": "",
    "TWILIO_MESSAGING_SERVICE_SID": "MG0123456789abcdef0123456789abcdef",
    "TWILIO_API_URL": "https://api.dublin.ie1.twilio.com/",
    "AWS_SNS_REGION": "eu-central-1",
    "AWS_SNS_SENDER_ID": "Clinic",
    "AWS_SNS_MAX_PRICE": "0.10",
}


def test_production_sends_sms_with_what_the_environment_names_in_order_of_preference() -> None:
    expression = (
        "(lambda n: [n['CHANNELS']['email']['PROVIDERS'], n['CHANNELS']['sms']['PROVIDERS'],"
        " n['PROVIDERS'].get('twilio'), n['PROVIDERS'].get('sns')])(s.NOTIFICATIONS)"
    )
    assert value("production", expression, **PRODUCTION) == [["sandbox"], ["sandbox"], None, None]
    path = "notifications.providers"
    assert value("production", expression, **PRODUCTION, **SMS_PROVIDERS) == [
        ["sandbox"],
        ["twilio", "sns"],
        {
            "BACKEND": f"{path}.twilio.TwilioProvider",
            "OPTIONS": {
                "account_sid": "AC0123456789abcdef0123456789abcdef",
                "auth_token": "token",
                "api_key_sid": "SK0123456789abcdef0123456789abcdef",
                "api_key_secret": "secret",
                "from_number": "",
                "messaging_service_sid": "MG0123456789abcdef0123456789abcdef",
                "api_url": "https://api.dublin.ie1.twilio.com",
            },
        },
        {
            "BACKEND": f"{path}.sns.SnsProvider",
            "OPTIONS": {"region": "eu-central-1", "sender_id": "Clinic", "max_price": "0.10"},
        },
    ]


def test_the_sms_providers_of_production_pass_the_deployment_checks() -> None:
    done = run("production", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION, **SMS_PROVIDERS)
    assert done.returncode == 0, done.stderr


def test_a_sender_that_is_missing_fails_the_deployment_checks() -> None:
    variables = {**PRODUCTION, **SMS_PROVIDERS, "TWILIO_MESSAGING_SERVICE_SID": ""}
    done = run("production", "manage.py", "check", **variables)
    assert done.returncode == 1
    assert "(notifications.twilio.E004)" in done.stderr


PUSH_PROVIDERS = {
    "FCM_PROJECT_ID": "clinic-north",
    "VAPID_PRIVATE_KEY": "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
    "VAPID_SUBJECT": "mailto:push@clinic.example",
}


def test_production_sends_push_messages_with_what_the_environment_names() -> None:
    expression = (
        "(lambda n: [n['CHANNELS']['push']['PROVIDERS'], n['PROVIDERS'].get('fcm'), n['PROVIDERS'].get('webpush')])"
        "(s.NOTIFICATIONS)"
    )
    assert value("production", expression, **PRODUCTION) == [["sandbox"], None, None]
    path = "notifications.providers"
    file = "/etc/notifications/fcm.json"
    assert value("production", expression, **PRODUCTION, **PUSH_PROVIDERS, FCM_CREDENTIALS_FILE=file) == [
        ["fcm", "webpush"],
        {
            "BACKEND": f"{path}.fcm.FcmProvider",
            "OPTIONS": {"credentials_file": file, "project_id": "clinic-north"},
        },
        {
            "BACKEND": f"{path}.webpush.WebPushProvider",
            "OPTIONS": {
                "vapid_private_key": PUSH_PROVIDERS["VAPID_PRIVATE_KEY"],
                "vapid_subject": "mailto:push@clinic.example",
            },
        },
    ]


def test_the_push_providers_of_production_pass_the_deployment_checks() -> None:
    variables = {**PRODUCTION, **PUSH_PROVIDERS}
    done = run("production", "manage.py", "check", "--deploy", "--fail-level", "WARNING", **variables)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "check"),
    [
        ({"VAPID_SUBJECT": ""}, "notifications.webpush.E003"),
        ({"VAPID_PRIVATE_KEY": "short"}, "notifications.webpush.E002"),
        ({"FCM_CREDENTIALS_FILE": "/no/such/file.json"}, "notifications.fcm.E004"),
    ],
)
def test_a_mistake_in_a_push_provider_fails_the_deployment_checks(variables: dict[str, str], check: str) -> None:
    done = run("production", "manage.py", "check", **{**PRODUCTION, **PUSH_PROVIDERS, **variables})
    assert done.returncode == 1
    assert f"({check})" in done.stderr


def test_development_needs_nothing() -> None:
    done = run("development", "manage.py", "check", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("cluster", "workers", "redis"),
    [
        ("urgent", 3, ""),
        ("default", 4, ""),
        ("bulk", 5, ""),
        ("", 4, ""),
        ("urgent", 3, "redis://127.0.0.1:6379/1"),
    ],
)
def test_each_lane_is_a_cluster_with_its_own_workers_and_the_common_rules(
    cluster: str, workers: int, redis: str
) -> None:
    variables = {"WORKERS_URGENT": "3", "WORKERS_DEFAULT": "4", "WORKERS_BULK": "5", "REDIS_URL": redis}
    expression = (
        "(lambda c: [c.CLUSTER_NAME, c.PREFIX, c.WORKERS, c.QUEUE_LIMIT, c.TIMEOUT, c.RETRY, c.MAX_ATTEMPTS,"
        " c.ACK_FAILURES, c.CATCH_UP, c.SAVE_LIMIT, c.ORM, c.REDIS])(__import__('django_q.conf').conf.Conf)"
    )
    seen = value("development", expression, Q_CLUSTER_NAME=cluster, **variables)
    broker = [None, f"{redis}?socket_connect_timeout=1&socket_timeout=5"] if redis else ["default", {}]
    common = [120, 180, 1, True, False, -1]
    assert seen == [cluster or "default", "default", workers, workers, *common, *broker]


def test_starting_up_imports_no_server_and_no_provider_library() -> None:
    heavy = "('daphne', 'twisted', 'boto3', 'firebase_admin', 'pywebpush', 'twilio', 'sendgrid', 'anymail')"
    expression = f"sorted(set({heavy}) & set(__import__('sys').modules))"
    assert value("production", expression, **PRODUCTION, **EMAIL_PROVIDERS, **SMS_PROVIDERS) == []


def test_sqlite_lets_readers_and_a_writer_work_side_by_side(tmp_path: Path) -> None:
    expression = (
        "(lambda c: [c.settings_dict['OPTIONS']['transaction_mode'],"
        " *[c.cursor().execute(f'PRAGMA {name}').fetchone()[0] for name in"
        " ('journal_mode', 'synchronous', 'busy_timeout')]])(__import__('django.db').db.connection)"
    )
    seen = value("development", expression, DATABASE_URL=f"sqlite:///{tmp_path}/n.sqlite3")
    assert seen == ["IMMEDIATE", "wal", 1, 20_000]
