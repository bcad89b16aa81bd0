"""boto3 clients with bounded connections, and what AWS's errors mean.

This module imports botocore: import it where a client is made.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from requests.structures import CaseInsensitiveDict

from notifications.exceptions import ProviderError, TemporaryError
from notifications.providers.transport.answers import refusal, wait
from notifications.providers.transport.http import Bounded

TEMPORARY = frozenset(
    {
        # too much at once or in a day; nothing was taken
        "LimitExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # credentials and clock, also where they come with a 400
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "RequestExpired",
        "UnrecognizedClientException",
    }
)
"""error codes of any AWS service that call for another attempt whatever their HTTP status"""


# At DEBUG it writes down whole requests, with what they say and to whom.
logging.getLogger("botocore.endpoint").setLevel(logging.INFO)


class _Connection(Bounded, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(Bounded, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


def session(timeout_seconds: float, connections: int) -> Session:
    """For boto3's `Session(botocore_session=…)`: its clients make one attempt, since botocore repeats what may be sent.

    So do those that it makes itself, to ask for the credentials of a role: they would wait for minutes.
    """
    made = Session()
    made.set_default_client_config(
        Config(
            connect_timeout=timeout_seconds,
            read_timeout=timeout_seconds,
            retries={"mode": "standard", "total_max_attempts": 1},
            max_pool_connections=connections,
        )
    )
    return made


def bound(client: Any) -> None:
    """Let a client keep bounded connections: its calls then need an `attempt`.

    botocore has no public way to its connections. These private names are used here only, and the contract tests of
    SES fail when they change.
    """
    session = client._endpoint.http_session
    session._pool_classes_by_scheme = session._manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def text(error: ClientError) -> str:
    """What the service says of its error."""
    return str(error.response.get("Error", {}).get("Message", ""))


def answered(who: str, error: ClientError, temporary: Collection[str] = ()) -> ProviderError:
    """The error for an answer that is no success; `temporary` are more codes that call for another attempt."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    about = error.response.get("ResponseMetadata", {})
    headers = CaseInsensitiveDict(about.get("HTTPHeaders", {}))
    told = refusal(who, about.get("HTTPStatusCode", 0), f"{code} {text(error)}", headers, code=code)
    if code in TEMPORARY or code in temporary:
        return TemporaryError(str(told), code=code, retry_after=wait(headers))
    return told
