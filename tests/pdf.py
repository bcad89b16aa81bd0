"""Reads what reportlab has written with a PDF's own fonts."""

import re
import zlib
from base64 import a85decode

ESCAPED = re.compile(rb"\\([0-7]{3}|.)")


def pages(pdf: bytes) -> list[list[str]]:
    """The lines of each page, in the order in which they were written."""
    streams = re.findall(rb"stream\r?\n(.*?)~>\s*endstream", pdf, re.DOTALL)
    return [_lines(zlib.decompress(a85decode(each))) for each in streams]


def _lines(stream: bytes) -> list[str]:
    return [ESCAPED.sub(_letter, each).decode("cp1252") for each in re.findall(rb"\(((?:[^\\()]|\\.)*)\) Tj", stream)]


def _letter(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)]) if match[1].isdigit() else match[1]
