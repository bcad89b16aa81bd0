"""What an email costs before it is sent: its texts rendered, its styles inlined, its MIME built."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from css_inline import CSSInliner
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Engine

from notifications import conf
from notifications.messages import EmailMessage
from notifications.models import Delivery, Notification
from notifications.pipeline.render import as_person, render
from notifications.providers.smtp.mime import compose
from notifications.templating import texts
from tests.performance.harness import Bench, Goal, Measured, rates, row
from tests.performance.notifications import Moved
from tests.performance.workload import people


@row(
    "email rendered, inlined and built",
    beside="the same templates by Django, css-inline, EmailMultiAlternatives",
    goals=(Goal("ratio", ">=", 1.5),),
)
def built(bench: Bench) -> Measured:
    count = bench.pick(200, 1_000)
    mails = [_mail(user, number) for number, user in enumerate(people(count))]
    texts.refresh()

    def ours() -> None:
        for delivery, instance in mails:
            message = render(delivery, instance)
            if not isinstance(message, EmailMessage):
                raise TypeError(f"The channel email made a {type(message).__name__}.")
            compose(message)

    def bare() -> None:
        for delivery, instance in mails:
            _by_django(delivery, instance)

    _check_alike(*mails[0])
    return rates(ours, bare, items=count, runs=bench.runs)


def _mail(user: Any, number: int) -> tuple[Delivery, Moved]:
    """Each about a time of its own: no two have the same dates."""
    at = datetime(2030, 3, 4, tzinfo=UTC) + timedelta(minutes=7 * number)
    instance = Moved(starts_at=at.isoformat(), moved_from=(at - timedelta(days=400)).isoformat())
    notification = Notification(recipient=user, type=instance.key, category=instance.category)
    return Delivery(notification=notification, channel="email", address=user.email), instance


def _by_django(delivery: Delivery, instance: Moved) -> EmailMultiAlternatives:
    user = delivery.notification.recipient
    with as_person(user) as language:
        values = {
            "recipient_name": user.get_full_name(),
            "link": conf.get().BASE_URL + instance.link(user),
            "site_url": conf.get().BASE_URL,
            "LANGUAGE_CODE": language,
            "LANGUAGE_BIDI": False,
            **instance.context(user),
        }
        subject, text = (_template(each).render(Context(values, autoescape=False)) for each in ("subject.txt", "txt"))
        html = _inliner().inline(_template("html").render(Context(values)))
    email = EmailMultiAlternatives(subject.strip(), text, settings.DEFAULT_FROM_EMAIL, [delivery.address])
    email.attach_alternative(html, "text/html")
    email.message().as_bytes()
    return email


def _template(part: str) -> Any:
    return Engine.get_default().get_template(f"notifications/{Moved.key}/email.{part}")


@cache
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _check_alike(delivery: Delivery, instance: Moved) -> None:
    """The two say the same, or the figure says nothing."""
    message, bare = render(delivery, instance), _by_django(delivery, instance)
    ours = message.html if isinstance(message, EmailMessage) else ""
    words = [each.split("Unsubscribe")[0].split() for each in (ours, str(bare.alternatives[0][0]))]
    if words[0][:200] != words[1][:200] or len(ours) < 5_000:
        raise ValueError("The two emails differ.")
