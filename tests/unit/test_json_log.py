"""A log record becomes one JSON object on one line."""

import json
import logging
import sys

from project.json_log import JSONFormatter


def test_extra_fields_stand_beside_the_standard_ones() -> None:
    record = logging.getLogger("notifications").makeRecord(
        "notifications", logging.INFO, "f", 1, "sent %s\nnow", ("लेटर",), None, extra={"delivery": 7}
    )
    record.created = 0.25
    line = JSONFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.250+00:00",
        "level": "INFO",
        "logger": "notifications",
        "message": "sent लेटर\nnow",
        "delivery": 7,
    }


def test_an_exception_brings_its_traceback() -> None:
    try:
        raise KeyError("letter")
    except KeyError:
        record = logging.LogRecord("n", logging.ERROR, "f", 1, "failed", (), sys.exc_info())
    assert "KeyError: 'letter'" in json.loads(JSONFormatter().format(record))["traceback"]
