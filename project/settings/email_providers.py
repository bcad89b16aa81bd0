"""The email providers that the environment names, in order of preference."""

from typing import Any

from project.settings import environment
from project.settings.providers import Entries, entry

EMAIL_HOST = environment.text("EMAIL_HOST")
EMAIL_PORT = environment.integer("EMAIL_PORT", 587, minimum=1, maximum=65535)
EMAIL_HOST_USER = environment.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = environment.integer("EMAIL_TIMEOUT", 10, minimum=1)


def email_providers() -> Entries:
    """Alias → entry of `PROVIDERS`: those of SendGrid, Amazon SES and a mail server that are named, in that order."""
    found: Entries = {}
    if api_key := environment.text("SENDGRID_API_KEY"):
        options: dict[str, Any] = {
            "api_key": api_key,
            "webhook_public_key": environment.text("SENDGRID_WEBHOOK_PUBLIC_KEY"),
        }
        if api_url := environment.url("SENDGRID_API_URL", ("https",)):
            options["api_url"] = api_url
        found["sendgrid"] = entry("sendgrid.SendGridProvider", options)
    if region := environment.text("AWS_SES_REGION"):
        # boto3 finds the key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the host.
        options = {
            "region": region,
            "configuration_set": environment.text("AWS_SES_CONFIGURATION_SET"),
            "topic_arns": tuple(environment.items("AWS_SES_TOPIC_ARNS")),
        }
        found["ses"] = entry("ses.SesProvider", options)
    if EMAIL_HOST:
        options = {
            "host": EMAIL_HOST,
            "port": EMAIL_PORT,
            "username": EMAIL_HOST_USER,
            "password": EMAIL_HOST_PASSWORD,
            "use_tls": EMAIL_USE_TLS,
            "timeout_seconds": EMAIL_TIMEOUT,
        }
        found["smtp"] = entry("smtp.SmtpProvider", options)
    return found
