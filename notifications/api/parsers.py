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
    default_code = "too_large"


class SmallJSONParser(JSONParser):
    """DRF's parser reads whatever is sent, and a deeply nested body ends it with a RecursionError."""

    max_bytes = MAX_BYTES

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body's value. Raises `ParseError` or `BodyTooLarge`."""
        body = stream.read(self.max_bytes + 1)
        if len(body) > self.max_bytes:
            raise BodyTooLarge(f"The body is too large; at most {self.max_bytes} bytes are allowed.")
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
