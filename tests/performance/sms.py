"""What it takes to know what a text message costs, beside writing the text."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.template import Context, Engine

from notifications.channels.base import Content, Part
from notifications.channels.registry import get_channel
from notifications.channels.sms import SmsChannel
from notifications.models import Price
from notifications.pipeline import spending
from notifications.templating import texts
from tests.performance.harness import Bench, Goal, Measured, rates, row

TEMPLATE = (
    'Lotus House: {{ starts_at|date:"D j M" }} at {{ starts_at|date:"H:i T" }} with {{ doctor }}, {{ place }}.'
    "{% if reply_code %} Reply C {{ reply_code }} to confirm, X {{ reply_code }} to cancel.{% endif %} {{ link }}"
)
"""as the project's clinic reminds of an appointment"""
DOCTORS = ("Vaidya Meera Nair", "Dr. Arjun Pillai", "Dr. Jürgen Möller", "वैद्य मीरा नायर")
"""so that one in four texts is not in GSM-7, and the texts have one part, two and three"""


@row(
    "SMS text with segments and cost",
    beside="a bare render by Django",
    goals=(Goal("ratio", ">=", 0.7),),
)
def text_with_cost(bench: Bench) -> Measured:
    count = bench.pick(2_000, 10_000)
    template = Engine.get_default().from_string(TEMPLATE)
    compiled = texts.compile_part(TEMPLATE, Part(name="sms.txt"), "en", name="sms.txt")
    contexts = [_values(number) for number in range(count)]
    # A hundred numbers: a clinic's patients hear from it again and again.
    addresses = [f"+9198470{number % 100:05d}" for number in range(count)]
    channel, content = get_channel("sms"), Content(parts={}, language="en")
    if not isinstance(channel, SmsChannel):
        raise TypeError(f"The channel sms is {type(channel).__name__}.")
    Price.objects.create(provider="sandbox", country="IN", amount=Decimal("0.0042"))
    spending.forget()
    costs: list[Decimal | None] = []

    def ours() -> None:
        costs.clear()
        for address, values in zip(addresses, contexts, strict=True):
            _, segments = channel.fitted(compiled.render(values), content)
            costs.append(spending.cost("sandbox", channel.country(address), segments))

    def bare() -> None:
        for values in contexts:
            template.render(Context(values, autoescape=False))

    try:
        measured = rates(ours, bare, items=count, runs=bench.runs)
    finally:
        Price.objects.all().delete()
        spending.forget()
    if set(costs) != {parts * Decimal("0.0042") for parts in (1, 2, 3)}:
        raise ValueError(f"The texts were to have one part to three; their costs are {set(costs)}.")
    return measured.with_values(note="one in four in Devanagari")


def _values(number: int) -> dict[str, Any]:
    return {
        "starts_at": datetime(2030, 11, 23, 10, number % 60, tzinfo=UTC),
        "doctor": DOCTORS[number % len(DOCTORS)],
        "place": "Treatment room 2",
        "reply_code": str(10 + number % 90),
        "link": "https://clinic.example.org/appointments/17/",
    }
