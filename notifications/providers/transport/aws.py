"""boto3 clients with bounded connections. This module imports botocore: import it where a client is made."""

from __future__ import annotations

from typing import Any

from botocore.awsrequest import (
    AWSHTTPConnection,
    AWSHTTPConnectionPool,
    AWSHTTPSConnection,
    AWSHTTPSConnectionPool,
)

from notifications.providers.transport.http import Bounded


class _Connection(Bounded, AWSHTTPConnection):  # type: ignore[misc]
    pass


class _SecureConnection(Bounded, AWSHTTPSConnection):  # type: ignore[misc]
    pass


class _Pool(AWSHTTPConnectionPool):  # type: ignore[misc]
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):  # type: ignore[misc]
    ConnectionCls = _SecureConnection


def config(timeout_seconds: float, connections: int) -> dict[str, Any]:
    """Options of `botocore.config.Config`: one attempt, since botocore also repeats what may have been sent."""
    return {
        "connect_timeout": timeout_seconds,
        "read_timeout": timeout_seconds,
        "retries": {"mode": "standard", "total_max_attempts": 1},
        "max_pool_connections": connections,
    }


def bound(client: Any) -> None:
    """Let a client keep bounded connections: its calls then need an `attempt`.

    botocore has no public way to its connections. These private names are used here only, and the contract tests of
    SES fail when they change.
    """
    session = client._endpoint.http_session
    session._pool_classes_by_scheme = session._manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
