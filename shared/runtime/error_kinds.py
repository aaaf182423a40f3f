"""Classifies errors: try again, give up, or reject the event.

Unknown errors are transient. A rejection is final, so an event is only rejected for an error of a kind that follows
from data, and only if an error occurs again when it is tried alone on a fresh connection (`shared.stages.stage`).
"""

from collections.abc import Mapping
from enum import Enum
from traceback import walk_tb

import asyncpg
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

from shared.events.codes import Poison
from shared.foundation.errors import BeamcatError, Fatal
from shared.runtime.backoff import Stopping


class ErrorKind(Enum):
    """The cause of an error, and so the reaction to it."""

    TRANSIENT = "transient"
    """Kafka or PostgreSQL is away, busy or in an unexpected state: try again."""
    FATAL = "fatal"
    """No retry can fix it: for example wrong credentials or a missing migration."""
    EVENT = "event"
    """An event of the batch causes it, or our code that processes the event."""


class Defect(BeamcatError):
    """Our code failed at an event. The cause is the original error."""


FATAL_ERRORS = (
    Fatal,
    Stopping,
    asyncpg.ClientConfigurationError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

KIND_OF_STATE: Mapping[str, ErrorKind] = {
    "0P": ErrorKind.FATAL,  # the role does not exist
    "21": ErrorKind.EVENT,  # a statement has the same row twice
    "22": ErrorKind.EVENT,  # a value that PostgreSQL does not accept
    "2200H": ErrorKind.TRANSIENT,  # a sequence is exhausted, for any event
    "23": ErrorKind.EVENT,  # a row violates a constraint of its table
    "28": ErrorKind.FATAL,  # wrong credentials
    "3D": ErrorKind.FATAL,  # no such database
    "3F": ErrorKind.FATAL,  # no such schema
    "42": ErrorKind.FATAL,  # a statement that does not fit the schema: a migration is missing
    "42P03": ErrorKind.TRANSIENT,  # 42P03 to 42723: another process has created this name meanwhile
    "42P04": ErrorKind.TRANSIENT,
    "42P05": ErrorKind.TRANSIENT,
    "42P06": ErrorKind.TRANSIENT,
    "42P07": ErrorKind.TRANSIENT,
    "42710": ErrorKind.TRANSIENT,
    "42723": ErrorKind.TRANSIENT,
    "54": ErrorKind.EVENT,  # larger or more complex than PostgreSQL can store
}
"""The kind by SQLSTATE, or by its first two digits, which are its class. Other states are transient."""

RACING_STATES = frozenset({"23001", "23503", "23505", "23P01"})
"""Constraints between two rows. Another transaction may violate them temporarily."""

ERRORS_OF_CODE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""Python's errors for code that cannot process a value."""

OUTSIDE = frozenset({"aiokafka", "asyncio", "asyncpg", "ssl"})
"""Packages that communicate with other processes. An error raised in one of them does not follow from an event."""


def error_kind(error: BaseException) -> ErrorKind:
    """The kind of an error. Unknown errors are transient."""
    if isinstance(error, FATAL_ERRORS):
        return ErrorKind.FATAL
    if isinstance(error, Defect | Poison):
        return ErrorKind.EVENT
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return KIND_OF_STATE.get(state, KIND_OF_STATE.get(state[:2], ErrorKind.TRANSIENT))
    if isinstance(error, asyncpg.InterfaceError):
        # with ValueError: the client cannot encode a value for its column
        return ErrorKind.EVENT if isinstance(error, ValueError) else ErrorKind.TRANSIENT
    if isinstance(error, KafkaError) or not isinstance(error, ERRORS_OF_CODE):
        return ErrorKind.TRANSIENT
    return ErrorKind.TRANSIENT if _came_from_outside(error) else ErrorKind.EVENT


def may_be_race(error: BaseException) -> bool:
    """Whether a retry may succeed soon, although the error is of a kind that follows from data."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in RACING_STATES


def breaks_connection(error: BaseException) -> bool:
    """Whether PostgreSQL's client may have lost the state of its connection."""
    if isinstance(error, ERRORS_OF_CODE):
        return _came_from_outside(error)
    return isinstance(error, asyncpg.InternalClientError | asyncpg.InterfaceError)


def _came_from_outside(error: BaseException) -> bool:
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.partition(".")[0] in OUTSIDE for module in modules)
