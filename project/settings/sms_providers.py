"""The SMS providers that the environment names, in order of preference."""

from typing import Any

from project.settings import environment
from project.settings.providers import Entries, entry


def sms_providers() -> Entries:
    """Alias → entry of `PROVIDERS`: those of Twilio and Amazon SNS that are named, in that order."""
    found: Entries = {}
    if account_sid := environment.text("TWILIO_ACCOUNT_SID"):
        options: dict[str, Any] = {
            "account_sid": account_sid,
            "auth_token": environment.text("TWILIO_AUTH_TOKEN"),
            "api_key_sid": environment.text("TWILIO_API_KEY_SID"),
            "api_key_secret": environment.text("TWILIO_API_KEY_SECRET"),
            "from_number": environment.text("TWILIO_FROM"),
            "messaging_service_sid": environment.text("TWILIO_MESSAGING_SERVICE_SID"),
        }
        if api_url := environment.url("TWILIO_API_URL", ("https",)):
            options["api_url"] = api_url
        found["twilio"] = entry("twilio.TwilioProvider", options)
    if region := environment.text("AWS_SNS_REGION"):
        # boto3 finds the key: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of the host.
        options = {
            "region": region,
            "sender_id": environment.text("AWS_SNS_SENDER_ID"),
            "max_price": environment.text("AWS_SNS_MAX_PRICE") or None,
        }
        found["sns"] = entry("sns.SnsProvider", options)
    return found
