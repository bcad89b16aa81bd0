"""Email through Amazon SES, by its API v2."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error

from notifications import conf
from notifications.exceptions import ConfigurationError, PermanentError, ProviderError, TemporaryError
from notifications.messages import EmailMessage, Message, Receipt
from notifications.providers import ses_bulk
from notifications.providers.bulk import BulkEspProvider
from notifications.providers.esp import DELIVERY_ID

TEMPORARY = frozenset(
    {
        # another provider may take over, and the operator set it right
        "AccountSuspendedException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "SendingPausedException",
    }
)
"""error codes of SES that call for another attempt whatever their HTTP status, beside those of all of AWS"""


@dataclass(kw_only=True)
class SesProvider(BulkEspProvider):
    """Sends with the given key, or with what boto3 finds: environment, shared files, the role of host or container.

    SES tells of bounces and complaints by events only, and tracks opens and clicks as its configuration set says. Our
    delivery id travels as message tag, for events, and in the header X-Metadata, for notifications.
    """

    extra: ClassVar[str] = "ses"
    webhook: ClassVar[str] = "notifications.tracking.webhooks.ses.SesWebhook"
    libraries: ClassVar[tuple[str, ...]] = ("anymail", "boto3")
    takes_international_names: ClassVar[bool] = False
    sends_mime: ClassVar[bool] = True
    batch_max: ClassVar[int] = ses_bulk.DESTINATIONS_MAX

    batch_size: int = 50
    """no more than the account may send in a second, or SES throttles the rest of the request"""
    region: str
    access_key_id: str = field(default="", repr=False)
    secret_access_key: str = field(default="", repr=False)
    session_token: str = field(default="", repr=False)
    endpoint_url: str = ""
    configuration_set: str = ""
    topic_arns: tuple[str, ...] = ()
    """the topics of SNS to which the configuration set publishes; empty: their posts are not taken"""
    sns_url: str = field(default="", repr=False)
    """stands in for SNS in tests, on loopback only"""

    def backend_path(self) -> str:
        return "anymail.backends.amazon_ses.EmailBackend"

    def backend_settings(self) -> dict[str, Any]:
        from notifications.providers.transport import aws

        client = {
            "region_name": self.region,
            "endpoint_url": self.endpoint_url,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }
        return {
            "session_params": {"botocore_session": aws.session(self.timeout_seconds, conf.get().CONCURRENCY)},
            "client_params": {name: value for name, value in client.items() if value},
            "configuration_set_name": self.configuration_set or None,
        }

    def open_backend(self) -> Any:
        from botocore.exceptions import BotoCoreError

        from notifications.providers.transport import aws

        backend = self.make_backend()
        try:
            backend.open()
        except (BotoCoreError, ValueError) as error:
            raise ConfigurationError(str(error)) from error
        aws.bound(backend.client)
        return backend

    def anymail_options(self, message: EmailMessage) -> dict[str, Any]:
        ours = {"Name": DELIVERY_ID, "Value": str(message.delivery_id)}
        extra = {**self.esp_extra, "EmailTags": [*self.esp_extra.get("EmailTags", []), ours]}
        return super().anymail_options(message) | {"esp_extra": extra}

    def form(self, message: EmailMessage) -> Hashable:
        form = super().form(message)
        return form if form is not None and ses_bulk.may_share(message, self.anymail_options(message)) else None

    def fit(self, messages: Sequence[EmailMessage]) -> list[Sequence[Message]]:
        return ses_bulk.fit([(each, self.anymail_options(each)) for each in messages], self.batch_size)

    def send_together(self, backend: Any, messages: Sequence[EmailMessage]) -> Sequence[Receipt | ProviderError]:
        from anymail.exceptions import AnymailAPIError
        from botocore.exceptions import BotoCoreError, ClientError

        if backend.send_defaults:
            raise PermanentError("Anymail's SEND_DEFAULTS are for emails sent alone.")
        options = [self.anymail_options(each) for each in messages]
        request = ses_bulk.request(messages, options, self.configuration_set)
        with self.asking(backend):
            try:
                answer = backend.client.send_bulk_email(**request)
            except (BotoCoreError, ClientError) as error:
                raise AnymailAPIError(str(error), backend=backend) from error
        return ses_bulk.results(messages, answer, self.alias)

    def answered(self, error: Any) -> ProviderError | None:
        from botocore.exceptions import ClientError

        from notifications.providers.transport import aws

        cause = error.__cause__
        if not isinstance(cause, ClientError):
            return None
        told = aws.answered("Amazon SES", cause, TEMPORARY)
        # An address that is not verified is a sender's, or a recipient's while the account is in SES's own sandbox.
        if told.code == "MessageRejected" and "not verified" in aws.text(cause):
            return TemporaryError(str(told), code=told.code)
        return told

    def check(self) -> list[CheckMessage]:
        found = [*super().check(), *self.check_url("['endpoint_url']", self.endpoint_url)]
        if not self.region:
            found.append(self._wrong("E001", "['region'] is empty", "Name the region of SES, such as eu-central-1."))
        if bool(self.access_key_id) != bool(self.secret_access_key):
            given = "access_key_id" if self.access_key_id else "secret_access_key"
            hint = "Give both access_key_id and secret_access_key, or neither to let boto3 find them."
            found.append(self._wrong("E002", f" has only {given}", hint))
        if self.receipts and not self.topic_arns:
            hint = "Have SES publish its events to a topic and name that, or leave receipts out."
            text = "['receipts'] without topic_arns: messages of unknown outcome are sent twice"
            found.append(self._wrong("E003", text, hint))
        return found

    def _wrong(self, number: str, text: str, hint: str) -> Error:
        return Error(f"{self.where}{text}.", hint=hint, id=f"notifications.ses.{number}")
