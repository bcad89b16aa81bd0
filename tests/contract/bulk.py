"""What every provider must do that sends several emails in one request. A subclass says how its server is read."""

import dataclasses
import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.core.checks import Error

from notifications.exceptions import PermanentError, ProviderError, TemporaryError
from notifications.messages import Attachment, EmailMessage, Message, Receipt, SmsMessage
from notifications.providers.bulk import BulkEspProvider
from notifications.testing.providers import ENDINGS, RETRY_AFTER, Scenario
from tests.contract.http_server import HttpServer

MakeBulk = Callable[..., BulkEspProvider]
MakeMails = Callable[..., list[EmailMessage]]
SENDER = "mail@clinic.example"
NAMES = (
    "Ada", "Grace Hopper", 'Ada "Countess", Lövelace', "Søren Kierkegård the Younger of Copenhagen, Doctor Subtilis",
    "李小龍", "Zoë 🎈", "O'Brien & Sons", "-slot0-", "slotx %name% $1 \\1", "a" * 200,
)  # fmt: skip
SPURIOUS = (
    "{{name}}",
    "{{subject}}",
    "{{{html}}}",
    "{{#each}}",
    "{{",
    "<b>Bob</b>",
    "-slot0-",
    "%slot0% -slotx1-",
    "$1 \\1 \r",
)
ATTACHMENT = Attachment(name="a.pdf", content_type="application/pdf", content=b"%PDF")


def make_mails(names: Sequence[str] = NAMES, **values: Any) -> list[EmailMessage]:
    """One email a person; "person7end" stands in each of its parts, and values replace fields of all."""
    mails = []
    for number, name in enumerate(names):
        who = f"person{number}end"
        link = f"https://clinic.example/{who}/"
        shown = name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        fields: dict[str, Any] = {
            "delivery_id": uuid4(),
            "channel": "email",
            "to": f"{who}@bücher.example",
            "to_name": name.replace("\r", ""),
            "type": "clinic.note",
            "from_email": f"Klinik für alle <{SENDER}>",
            "reply_to": '"Desk, north" <desk@clinic.example>',
            "subject": f"{name.strip()}, an appointment for {who} — über alles",
            "text": f"Dear {name},\n\nyour link: {link}\n\nGrüße 🎈\n",
            "html": f'<p style="color: red">Dear {shown},</p>\n<a href="{link}">{who}</a><p>Grüße 🎈 > "quoted"</p>\n',
            "headers": {
                "Message-ID": f"<{who}@clinic.example>",
                "Auto-Submitted": "auto-generated",
                "X-Notification-Id": who,
                "List-Unsubscribe": f"<{link}unsubscribe/>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        }
        mails.append(EmailMessage(**(fields | values)))
    return mails


class BulkContract:
    """A subclass defines the fixtures `server` and `make_provider`, and reads what people get."""

    cannot: ClassVar[dict[Scenario, str]] = {}
    batch_max: ClassVar[int]

    def delivered(self, server: Any) -> list[dict[str, Any]]:
        """Each mail that people got, without what the server adds."""
        raise NotImplementedError

    @pytest.fixture
    def provider(self, make_provider: MakeBulk) -> BulkEspProvider:
        return make_provider()

    def test_all_travel_in_one_request_and_get_receipts(self, provider: BulkEspProvider, server: HttpServer) -> None:
        mails = make_mails()
        [batch] = provider.together(mails)
        receipts = provider.send_batch(batch)
        assert len(server.requests) == 1
        assert sorted(server.taken()) == sorted(each.delivery_id for each in mails)
        for mail, receipt in zip(batch, receipts, strict=True):
            assert isinstance(receipt, Receipt)
            assert (receipt.delivery_id, receipt.provider, receipt.state) == (mail.delivery_id, provider.alias, "sent")
            assert receipt.provider_id

    @pytest.mark.parametrize(
        "values", [{}, {"text": ""}, {"html": ""}, {"reply_to": ""}, {"type": ""}, {"headers": {}}]
    )
    def test_each_gets_what_sending_alone_would_have_sent(
        self, provider: BulkEspProvider, server: HttpServer, values: dict[str, Any]
    ) -> None:
        mails = make_mails(**values)
        _send(provider, *provider.together(mails))
        assert len(server.requests) == 1
        for mail in mails:
            provider.send(mail)
        sent = self.delivered(server)
        assert len(sent) == 2 * len(mails)
        assert sent[: len(mails)] == sent[len(mails) :]

    def test_nobody_sees_anything_of_another_person(self, provider: BulkEspProvider, server: HttpServer) -> None:
        names = [f"{name} {number}named" for number, name in enumerate(NAMES)]
        _send(provider, *provider.together(make_mails(names)))
        sent = [repr(each) for each in self.delivered(server)]
        assert len(sent) == len(names)
        for number, mail in enumerate(sent):
            assert f"person{number}end" in mail
            assert f"{number}named" in mail
            for other in set(range(len(names))) - {number}:
                assert f"person{other}end" not in mail
                assert f" {other}named" not in mail

    @pytest.mark.parametrize("spurious", SPURIOUS)
    def test_what_looks_like_a_placeholder_arrives_as_it_is(
        self, provider: BulkEspProvider, server: HttpServer, spurious: str
    ) -> None:
        mails = make_mails([*NAMES[:3], spurious, "Bob"])
        _send(provider, *provider.together(mails))
        assert len(server.requests) <= 2
        got = {each["to"][1]: each for each in self.delivered(server)}
        for mail in mails:
            mine = got[mail.to.replace("bücher", "xn--bcher-kva")]
            assert mine["subject"] == mail.subject
            assert mine["contents"] == {"text/plain": mail.text, "text/html": mail.html}

    def test_each_message_is_in_exactly_one_request_whatever_it_is(self, provider: BulkEspProvider) -> None:
        odd: list[Message] = [
            SmsMessage(delivery_id=uuid4(), channel="sms", to="+447700900123", text="Hi"),
            *make_mails(["x"], to="nobody"),
            *make_mails(["x"], to="адa@example.org"),
            *make_mails(["x"], to="a@example.org", subject="Hi\r\nBcc: evil@example.org"),
            *make_mails(["x"], to="b@example.org", from_email="a@example.org, b@example.org"),
            *make_mails(["x"], to="c@example.org", subject=""),
            *make_mails(["x"], to="d@example.org", text="", html=""),
            *make_mails(["x"], to="e@example.org", attachments=(ATTACHMENT,)),
            *make_mails(["x"], to="f@example.org", headers={"X-Long": "a" * 20_000}),
            *make_mails(["x"], to="g@example.org", html="<p>" + "a" * 5_000_000),
        ]
        plain: list[Message] = [*make_mails()]
        batches = provider.together([*odd[:5], *plain, *odd[5:]])
        ids = [each.delivery_id for batch in batches for each in batch]
        assert sorted(ids) == sorted(each.delivery_id for each in [*odd, *plain])
        alone = {batch[0].delivery_id for batch in batches if len(batch) == 1}
        assert alone == {each.delivery_id for each in odd}

    def test_only_what_has_sender_type_and_form_in_common_shares_a_request(self, provider: BulkEspProvider) -> None:
        kinds: list[dict[str, Any]] = [
            {},
            {"from_email": "Other <mail@clinic.example>"},
            {"reply_to": ""},
            {"type": "clinic.other"},
            {"html": ""},
            {"text": ""},
        ]
        groups = [make_mails(["Ada", "Bob"], **values) for values in kinds]
        batches = provider.together([*itertools.chain(*groups)])
        found = sorted(sorted(each.delivery_id for each in batch) for batch in batches)
        assert found == sorted(sorted(each.delivery_id for each in group) for group in groups)

    def test_one_address_is_in_a_request_once(self, provider: BulkEspProvider) -> None:
        twice = [*make_mails(["Ada", "Bob"]), *make_mails(["Ada", "Bob"])]
        twice[2] = dataclasses.replace(twice[2], to=twice[2].to.upper().replace("BÜCHER", "bücher"))
        batches = provider.together(twice)
        assert [len(each) for each in batches] == [2, 2]
        assert all(len({each.to.lower() for each in batch}) == 2 for batch in batches)

    def test_a_request_carries_no_more_than_the_batch_size(self, make_provider: MakeBulk) -> None:
        mails = make_mails(["Ada"] * 7)
        assert [len(each) for each in make_provider(batch_size=3).together(mails)] == [3, 3, 1]
        assert [len(each) for each in make_provider(batch_size=1).together(mails)] == [1] * 7
        assert make_provider().together([]) == []

    @pytest.mark.parametrize("scenario", ENDINGS)
    def test_a_fault_gives_its_typed_error_for_all_and_the_next_request_passes(
        self, make_provider: MakeBulk, server: HttpServer, scenario: Scenario
    ) -> None:
        if why := self.cannot.get(scenario):
            pytest.skip(f"{scenario.name}: {why}")
        provider = make_provider(timeout_seconds=0.8)
        mails = make_mails(["Ada", "Bob"])
        expected, is_taken = ENDINGS[scenario]
        if scenario == Scenario.BAD_ADDRESS:
            expected = PermanentError  # it is one person's, and no address may suffer for another's
        server.show(scenario)
        with pytest.raises(ProviderError) as raised:
            provider.send_batch(mails)
        assert type(raised.value) is expected
        assert "person0" not in str(raised.value)
        assert sorted(server.taken()) == (sorted(each.delivery_id for each in mails) if is_taken else [])
        server.show(Scenario.SUCCESS)
        _send(provider, make_mails(["Ada", "Bob"]))

    def test_the_wait_that_the_service_names_is_told(self, provider: BulkEspProvider, server: HttpServer) -> None:
        server.show(Scenario.RATE_LIMIT)
        with pytest.raises(TemporaryError) as raised:
            provider.send_batch(make_mails(["Ada", "Bob"]))
        assert raised.value.retry_after == RETRY_AFTER

    def test_what_is_no_email_is_refused(self, provider: BulkEspProvider, server: HttpServer) -> None:
        sms = SmsMessage(delivery_id=uuid4(), channel="sms", to="+447700900123", text="Hello")
        with pytest.raises(PermanentError, match="EmailMessage only"):
            provider.send_batch([*make_mails(["Ada"]), sms])
        assert server.requests == []

    def test_receivers_of_anymails_signals_see_each_email_alone(self, provider: BulkEspProvider) -> None:
        from anymail.signals import post_send, pre_send

        def look(**_: Any) -> None: ...

        for signal in (pre_send, post_send):
            signal.connect(look)
            try:
                assert [len(each) for each in provider.together(make_mails(["Ada", "Bob"]))] == [1, 1]
            finally:
                signal.disconnect(look)
        assert len(provider.together(make_mails(["Ada", "Bob"]))) == 1

    def test_without_anymail_each_goes_alone_and_sending_says_why(
        self, make_provider: MakeBulk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded = [name for name in sys.modules if name.startswith("anymail.")]
        for name in {"anymail", "anymail.signals", *loaded}:
            monkeypatch.setitem(sys.modules, name, None)
        provider, mails = make_provider(), make_mails(["Ada", "Bob"])
        assert [len(each) for each in provider.together(mails)] == [1, 1]
        with pytest.raises(TemporaryError, match="anymail"):
            provider.send_batch(mails)

    @pytest.mark.parametrize("size", [0, -1, 1_001, 2.5, "50", True, None])
    def test_a_batch_size_that_is_none_is_named_by_a_check(self, make_provider: MakeBulk, size: Any) -> None:
        where = "NOTIFICATIONS['PROVIDERS'][{!r}]['OPTIONS']"
        provider = make_provider(batch_size=size)
        assert provider.check() == [
            Error(
                f"{where.format(provider.alias)}['batch_size'] is {size!r}.",
                hint=f"Give a whole number from 1, which sends each email alone, to {self.batch_max:,}.",
                id="notifications.email.E003",
            )
        ]

    @pytest.mark.parametrize("end", ["first", "last"])
    def test_the_ends_of_the_range_of_batch_sizes_are_fine(self, make_provider: MakeBulk, end: str) -> None:
        assert make_provider(batch_size=1 if end == "first" else self.batch_max).check() == []


def _send(provider: BulkEspProvider, *batches: Sequence[Message]) -> None:
    """Send as the pipeline does, and see that all were taken."""
    for batch in batches:
        answers = provider.send_batch(batch) if len(batch) > 1 else [provider.send(batch[0])]
        assert all(isinstance(each, Receipt) for each in answers), answers
