"""Open and click tracking of our own (P9; FAULTS: click tracking as open redirect)."""

import re
import time
from html import unescape

import pytest
from django.core import signing
from django.test import Client

from notifications import links
from notifications.channels.tracked import with_pixel, with_tracked_links
from notifications.models import Delivery, Event, SandboxMessage, Status
from notifications.pipeline import dispatch
from notifications.services import notify
from tests.app.notifications import Everywhere

pytestmark = pytest.mark.django_db(transaction=True)
PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
TARGET = "http://localhost:8000/visits/"


@pytest.fixture(autouse=True)
def _tracking(settings):
    channels = settings.NOTIFICATIONS["CHANNELS"]
    email = {**channels["email"], "OPTIONS": {"track_opens": True, "track_clicks": True}}
    settings.NOTIFICATIONS = {**settings.NOTIFICATIONS, "CHANNELS": {**channels, "email": email}}


def html_for(person) -> str:
    notify(Everywhere(text="a"), to=person)
    dispatch.run("default", until=time.monotonic() + 20)
    return str(SandboxMessage.objects.get(channel="email").content["html"])


@pytest.fixture
def html(person) -> str:
    return html_for(person)


def path_of(html: str, kind: str) -> str:
    found = re.search(rf'="http://localhost:8000(/notifications/{kind}/[^"]+)"', html)
    assert found
    return unescape(found[1])


def events(kind: str) -> list[dict[str, object]]:
    return list(Event.objects.filter(kind=kind).values_list("data", flat=True))


def email() -> Delivery:
    return Delivery.objects.get(channel="email")


def test_a_click_is_recorded_once_and_leads_to_the_links_target(html):
    path = path_of(html, "c")
    for _ in range(2):
        response = Client().get(path, headers=PERSON)
        assert (response.status_code, response["Location"]) == (302, TARGET)
        assert response.cookies == {}
    assert events("clicked") == [{"channel": "email", "machine": False, "target": TARGET}]


def test_a_persons_click_shows_that_it_arrived_and_was_seen(html):
    Client().get(path_of(html, "c"), headers=PERSON)
    assert email().status == Status.DELIVERED
    assert email().notification.seen_at is not None


def test_a_loaded_picture_shows_that_it_arrived_and_no_more(html):
    response = Client().get(path_of(html, "o"), headers=PERSON)
    assert (response["Content-Type"], response["Cache-Control"][:8]) == ("image/gif", "max-age=")
    assert events("opened") == [{"channel": "email", "machine": False}]
    assert (email().status, email().notification.seen_at) == (Status.DELIVERED, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"User-Agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"},
        {"User-Agent": "curl/8.5"},
        {"User-Agent": ""},
        {**PERSON, "Sec-Purpose": "prefetch;prerender"},
        {**PERSON, "Purpose": "prefetch"},
    ],
)
def test_a_machine_is_told_apart_and_proves_nothing(html, headers):
    Client().get(path_of(html, "c"), headers=headers)
    assert events("clicked") == [{"channel": "email", "machine": True, "target": TARGET}]
    assert (email().status, email().notification.seen_at) == (Status.SENT, None)


def test_looking_ahead_records_nothing(html):
    response = Client().head(path_of(html, "c"), headers=PERSON)
    assert (response.status_code, response["Location"]) == (302, TARGET)
    assert events("clicked") == []


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "javascript:alert(1)"])
def test_it_is_no_open_redirect(html, target):
    forged = signing.Signer(key="another", salt="notifications.click").sign_object([email().pk.hex, target])
    stolen = path_of(html, "o").split("/")[-2]  # well signed, for another purpose
    for token in (forged, stolen, "x", target.replace("/", "")):
        assert Client().get(f"/notifications/c/{token}/", headers=PERSON).status_code == 404
    assert events("clicked") == []


def test_a_forged_picture_is_a_picture_and_records_nothing(html):
    assert Client().get("/notifications/o/forged/", headers=PERSON).status_code == 200
    assert events("opened") == []


def test_links_of_a_message_that_is_gone_still_lead_on(html):
    path = path_of(html, "c")
    email().notification.delete()
    assert Client().get(path, headers=PERSON)["Location"] == TARGET


def test_a_sensitive_type_is_not_tracked(person, monkeypatch):
    monkeypatch.setattr(Everywhere, "sensitive", True)
    html = html_for(person)
    assert f'href="{TARGET}"' in html
    assert "/notifications/c/" not in html
    assert "/notifications/o/" not in html


def test_the_plain_text_keeps_its_links(html):
    assert "/notifications/" not in SandboxMessage.objects.get(channel="email").content["text"]


def test_only_web_links_are_led_through_and_the_unsubscribe_link_stays():
    page = (
        '<body><a class="x" href="https://a.example/?a=1&amp;b=2">a</a> <a href=\'mailto:b@c.example\'>b</a> '
        '<a href="https://u.example/">c</a></body>'
    )
    led = with_tracked_links(page, lambda target: f"https://t.example/?{target}&", leave="https://u.example/")
    assert 'href="https://t.example/?https://a.example/?a=1&amp;b=2&amp;"' in led
    assert "mailto:b@c.example" in led
    assert 'href="https://u.example/"' in led
    assert with_pixel(page, "https://p.example/?a&b").endswith(
        '<img src="https://p.example/?a&amp;b" width="1" height="1" alt="" style="display:block;border:0"></body>'
    )


def test_a_link_names_no_person(person):
    token = links.click_url(Delivery().pk, TARGET)
    assert person.email not in token
    assert links.read_click(token.split("/")[-2]) is not None
