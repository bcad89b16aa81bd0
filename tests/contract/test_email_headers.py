"""The headers that the email channel gives reach each provider's server as they are."""

from contextlib import closing
from uuid import uuid4

from notifications.messages import EmailMessage
from notifications.providers.anymail import AnymailProvider
from notifications.providers.sendgrid import SendGridProvider
from notifications.providers.ses import SesProvider
from tests.contract.moto_server import moto_server
from tests.contract.postmark_server import TOKEN, PostmarkServer
from tests.contract.sendgrid_server import API_KEY, SendGridServer
from tests.contract.ses_server import KEY, REGION, SECRET, SENDER, SesServer

HEADERS = {
    "Message-ID": "<0190-7@clinic.example>",
    "Auto-Submitted": "auto-generated",
    "X-Notification-Id": "7",
    "Feedback-ID": "clinic.note:visits:transactional:notifications",
    "List-Unsubscribe": "<https://clinic.example/unsubscribe/1:a/>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
MESSAGE = EmailMessage(
    delivery_id=uuid4(), channel="email", to="ada+tag@bücher.example", from_email=f"Klinik für alle <{SENDER}>",
    reply_to='"Desk, north" <desk@clinic.example>', subject="Hi", text="Hello", html="<p>Hello</p>", headers=HEADERS,
)  # fmt: skip
TO = "ada+tag@xn--bcher-kva.example"


def test_sendgrid_gets_them() -> None:
    with closing(SendGridServer()) as server:
        provider = SendGridProvider(alias="sendgrid", api_key=API_KEY, api_url=f"{server.url}v3/", timeout_seconds=5)
        with closing(provider):
            provider.send(MESSAGE)
        [mail] = server.mails
    assert mail["headers"] == HEADERS
    assert mail["personalizations"][0]["to"] == [{"email": TO}]
    assert mail["from"] == {"name": "Klinik für alle", "email": SENDER}
    assert mail["reply_to_list"] == [{"name": "Desk, north", "email": "desk@clinic.example"}]


def test_postmark_gets_them() -> None:
    with closing(PostmarkServer()) as server:
        settings = {"server_token": TOKEN, "api_url": server.url}
        backend = "anymail.backends.postmark.EmailBackend"
        provider = AnymailProvider(alias="postmark", backend=backend, settings=settings, timeout_seconds=5)
        with closing(provider):
            provider.send(MESSAGE)
        [mail] = server.mails
    assert {each["Name"]: each["Value"] for each in mail["Headers"]} == HEADERS
    assert mail["To"] == TO
    assert mail["ReplyTo"] == '"Desk, north" <desk@clinic.example>'


def test_ses_gets_them() -> None:
    """Amazon gives the mail a Message-ID of its own on its way, and tells it."""
    with moto_server() as port, closing(SesServer(port)) as server:
        provider = SesProvider(
            alias="ses",
            region=REGION,
            access_key_id=KEY,
            secret_access_key=SECRET,
            endpoint_url=server.url,
            timeout_seconds=10,
        )
        with closing(provider):
            provider.send(MESSAGE)
        [mail] = server.mails()
    assert {name: mail[name] for name in HEADERS} == HEADERS
    assert mail["To"] == TO
    assert mail["From"].addresses[0].display_name == "Klinik für alle"
    assert mail["Reply-To"].addresses[0].display_name == "Desk, north"
