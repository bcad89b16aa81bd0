"""JSON bodies, of a size that somebody means."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

MAX_BYTES = 16_384


class BodyTooLarge(APIException):
    """413."""

    status_code = 413
    default_detail = f"The body is too large; at most {MAX_BYTES} bytes are allowed."
    default_code = "too_large"


class SmallJSONParser(JSONParser):
    """DRF's parser reads whatever is sent, and a deeply nested body ends it with a RecursionError."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's value. Raises `ParseError` or `BodyTooLarge`."""
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise BodyTooLarge
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
