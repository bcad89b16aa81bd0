"""Webhooks: what providers post, beside the least that any view would do with it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings

from notifications import clock
from notifications.models import Delivery, WebhookEvent
from notifications.services import apply_waiting
from notifications.tracking.webhooks.view import receive
from tests.performance.harness import Bench, Goal, Measured, rates, row, timed
from tests.performance.workload import Queue

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
BATCH = 1000

_key = ec.generate_private_key(ec.SECP256R1())
PUBLIC_KEY = base64.b64encode(_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@row(
    "webhook posts, one event each",
    beside="bare view: verify signature, insert one row",
    goals=(Goal("ratio", ">=", 0.7),),
)
def posts(bench: Bench) -> Measured:
    ids = _emails(bench.pick(200, 500))
    posted: list[HttpRequest] = []

    def before() -> None:
        WebhookEvent.objects.all().delete()
        posted[:] = [signed([delivered(each)]) for each in ids]

    with _sendgrid():
        measured = rates(lambda: _post(posted), lambda: _bare(posted), items=len(ids), runs=bench.runs, before=before)
    assert WebhookEvent.objects.count() == len(ids)
    return measured


@row(
    "webhook events in batches of 1,000",
    beside="bulk_create of the rows",
    goals=(Goal("ratio", ">=", 0.4),),
)
def batches(bench: Bench) -> Measured:
    ids, number = _emails(BATCH), bench.pick(3, 10)
    posted: list[HttpRequest] = []
    rows: list[list[WebhookEvent]] = []

    def before() -> None:
        WebhookEvent.objects.all().delete()
        told = [[delivered(each) for each in ids] for _ in range(number)]
        posted[:] = map(signed, told)
        rows[:] = [[_row(each) for each in batch] for batch in told]

    def peer() -> None:
        for batch in rows:
            WebhookEvent.objects.bulk_create(batch)

    with _sendgrid():
        measured = rates(lambda: _post(posted), peer, items=BATCH * number, runs=bench.runs, before=before)
        before()
        _post(posted)
        seconds = timed(apply_waiting)
    assert WebhookEvent.objects.filter(applied_at__isnull=False).count() == BATCH * number
    assert Delivery.objects.filter(pk__in=ids, status="delivered").count() == BATCH
    return measured.with_values(applied_per_second=BATCH * number / seconds)


def delivered(delivery_id: UUID) -> dict[str, Any]:
    """An event as SendGrid tells it."""
    return {
        "email": "ada@example.org",
        "timestamp": int(time.time()),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": "delivered",
        "category": ["bench.null"],
        "sg_event_id": uuid4().hex,
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        "response": "250 2.0.0 OK 1461095248 m143si2210036ioe.159 - gsmtp",
        "delivery_id": str(delivery_id),
    }


def signed(events: Sequence[dict[str, Any]]) -> HttpRequest:
    """A post of events, signed now."""
    body, now = json.dumps(events).encode(), str(int(time.time()))
    signature = _key.sign(now.encode() + body, ec.ECDSA(SHA256()))
    headers = {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: now}
    return RequestFactory().post("/", body, content_type="application/json", headers=headers)


def _post(posted: Sequence[HttpRequest]) -> None:
    for each in posted:
        assert receive(each, "sendgrid").status_code == 200


def _bare(posted: Sequence[HttpRequest]) -> None:
    key = load_der_public_key(base64.b64decode(PUBLIC_KEY))
    assert isinstance(key, ec.EllipticCurvePublicKey)
    for each in posted:
        assert _bare_view(each, key).status_code == 200


def _bare_view(request: HttpRequest, key: ec.EllipticCurvePublicKey) -> HttpResponse:
    signature = base64.b64decode(request.headers[SIGNATURE])
    key.verify(signature, request.headers[TIMESTAMP].encode() + request.body, ec.ECDSA(SHA256()))
    for told in json.loads(request.body):
        _row(told).save(force_insert=True)
    return HttpResponse()


def _row(told: dict[str, Any]) -> WebhookEvent:
    now = clock.now()
    return WebhookEvent(
        alias="sendgrid",
        event_id=told["sg_event_id"],
        delivery_id=UUID(told["delivery_id"]),
        provider_id=told["sg_message_id"],
        kind=told["event"],
        at=datetime.fromtimestamp(told["timestamp"], UTC),
        data={"detail": told["response"]},
        received_at=now,
        due_at=now,
    )


def _emails(number: int) -> list[UUID]:
    """Deliveries that a provider has taken."""
    Queue(number)
    Delivery.objects.update(status="sent", due_at=None, provider="sendgrid")
    return list(Delivery.objects.values_list("pk", flat=True))


@contextmanager
def _sendgrid() -> Iterator[None]:
    given: dict[str, Any] = settings.NOTIFICATIONS
    options = {"api_key": "key", "webhook_public_key": PUBLIC_KEY}
    provider = {"BACKEND": "notifications.providers.sendgrid.SendGridProvider", "OPTIONS": options}
    providers = {**given["PROVIDERS"], "sendgrid": provider}
    with override_settings(NOTIFICATIONS={**given, "PROVIDERS": providers}):
        yield
