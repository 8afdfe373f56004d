"""What went wrong with a warehouse, from the client's own errors."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)

from services.backbone.errors import WarehouseFailed

UNKNOWN_DATABASE = 81

TEMPORARY = frozenset(
    {
        32,  # ATTEMPT_TO_READ_AFTER_EOF: a connection between servers broke
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED: a server that is being stopped
        241,  # MEMORY_LIMIT_EXCEEDED: of all queries together
        242,  # TABLE_IS_READ_ONLY: Keeper is away
        252,  # TOO_MANY_PARTS
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        289,  # REPLICA_IS_NOT_IN_QUORUM
        319,  # UNKNOWN_STATUS_OF_INSERT
        369,  # ALL_REPLICAS_ARE_STALE
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
        1000,  # POCO_EXCEPTION: of the server's own network
    }
)
"""ClickHouse's numbers of what passes by itself."""


@contextmanager
def failures(*, quote: bool = True) -> Iterator[None]:
    """Map the client's errors; ``quote`` says whether their text may be repeated.

    The text of a failed insert quotes the record, which must not reach a log.
    """
    try:
        yield
    except ClickHouseError as error:
        number = getattr(error, "code", None)
        if number is None and isinstance(error, OperationalError):
            raise _broken(error) from None
        reason = str(error) if quote else getattr(error, "name", None) or "insert failed"
        raise WarehouseFailed(number, reason, temporary=number in TEMPORARY) from None
    except (HTTPError, http.client.HTTPException, OSError) as error:
        raise _broken(error) from None


def _broken(error: Exception) -> WarehouseFailed:
    causes = tuple(_causes(error))
    if _any(causes, NewConnectionError, ConnectTimeoutError, ConnectionRefusedError):
        reason = "the warehouse cannot be reached"
    elif _any(causes, ReadTimeoutError, TimeoutError):
        reason = "the warehouse did not answer in time"
    else:
        reason = "the connection to the warehouse broke off"
    return WarehouseFailed(None, reason, temporary=True)


def _any(causes: tuple[BaseException, ...], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it came from, and what that came from."""
    while error is not None:
        yield error
        if isinstance(error, MaxRetryError) and error.reason is not None:
            yield error.reason
        error = error.__cause__ or error.__context__
