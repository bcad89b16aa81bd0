"""How long something lasted, in the words of each language (T4)."""

from datetime import timedelta

import pytest
from django.utils import translation

from notifications.templating.durations import in_words


@pytest.mark.parametrize(
    ("language", "length", "words"),
    [
        ("en", timedelta(), "0 minutes"),
        ("en", timedelta(seconds=59), "0 minutes"),
        ("en", timedelta(seconds=-5), "0 minutes"),
        ("en", timedelta(minutes=1, seconds=59), "1 minute"),
        ("en", timedelta(minutes=37, seconds=21), "37 minutes"),
        ("en", timedelta(hours=2, minutes=5), "2 hours and 5 minutes"),
        ("en", timedelta(days=1, hours=3, minutes=59), "1 day and 3 hours"),
        ("en", timedelta(days=2, minutes=5), "2 days"),
        ("hi", timedelta(minutes=37), "37 मिनट"),
        ("hi", timedelta(hours=2, minutes=5), "2 घंटे और 5 मिनट"),
        ("es", timedelta(hours=1, minutes=5), "1 hora y 5 minutos"),
        ("es-mx", timedelta(minutes=1), "1 minuto"),
        ("ar", timedelta(minutes=2), "دقيقتان"),
        ("ar", timedelta(hours=2, minutes=5), "ساعتان و5 دقائق"),
        ("ar", timedelta(minutes=5), "5 دقائق"),
        ("ar", timedelta(minutes=37), "37 دقيقة"),
        ("xx", timedelta(minutes=37), "37 minutes"),
    ],
)
def test_a_duration_is_told_in_the_readers_words(language: str, length: timedelta, words: str) -> None:
    with translation.override(language):
        assert in_words(length) == words
