"""The address that providers post to."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.models import WebhookEvent
from notifications.tracking.webhooks import view
from tests.integration.webhooks.sendgrid_posts import URL, event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("alias", ["nobody", "sandbox", "deaf", "a" * 500, "%00", "sendgrid%2f"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_where_nothing_can_be_verified_there_is_no_webhook(poster, alias, method):
    answer = getattr(poster, method)(f"/notifications/webhooks/{alias}/")
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options"])
def test_it_can_only_be_posted_to(poster, method):
    answer = getattr(poster, method)(URL)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("content_type", ["text/html", "application/x-www-form-urlencoded", "application/jsonx", "x"])
def test_another_content_type_is_refused_with_the_known_ones(poster, sendgrid, content_type):
    body = b"[]"
    answer = poster.post(URL, body, content_type=content_type, headers=sendgrid.headers(body))
    assert (answer.status_code, b"Known: application/json" in answer.content) == (415, True)


def test_a_body_that_is_too_large_is_refused_unread(poster, sendgrid, monkeypatch):
    monkeypatch.setattr(view, "BODY_MAX_BYTES", 1000)
    body = json.dumps([event("delivered", reason="a" * 1000)]).encode()
    assert sendgrid.post(poster, [], body=body).status_code == 413
    assert sendgrid.post(poster, [], body=b" " * 998 + b"[]").status_code == 200
    assert not WebhookEvent.objects.exists()


def test_a_batch_as_large_as_sendgrid_posts_it_is_taken(poster, sendgrid, email):
    events = [event("open", email, useragent="a" * 1500) for _ in range(1500)]
    assert len(json.dumps(events)) > 2_621_440  # what Django takes by itself
    assert sendgrid.post(poster, events).status_code == 200
    assert WebhookEvent.objects.count() == 1500


def test_a_post_costs_one_statement_and_leaves_no_cookie(poster, sendgrid, email):
    sendgrid.post(poster, [event("open", email)])  # the first one of a second also wakes a worker
    with CaptureQueriesContext(connection) as queries:
        answer = sendgrid.post(poster, [event("open", email) for _ in range(100)])
    assert (answer.status_code, answer.cookies, len(queries)) == (200, {}, 1)
