"""What an error means: wait and try again, give up, or blame the event.

What is not known is transient. To reject an event is final, so an error blames one only if it is of a kind that follows
from data, and if it is seen again when that event is tried alone on a fresh connection (`shared.stages.stage`).
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
    """Whose fault an error is, and so what to do about it."""

    TRANSIENT = "transient"
    """Kafka or PostgreSQL is away, busy or in a state that nobody foresaw: try the same again."""
    FATAL = "fatal"
    """No retry can mend it: wrong credentials, a missing migration."""
    EVENT = "event"
    """An event of the batch, or our own code over it."""


class Defect(BeamcatError):
    """Our own code failed over an event; the cause is what it raised."""


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
    "0P": ErrorKind.FATAL,  # a role that is not there
    "21": ErrorKind.EVENT,  # one row twice in a statement
    "22": ErrorKind.EVENT,  # a value that PostgreSQL does not take
    "2200H": ErrorKind.TRANSIENT,  # a sequence is used up, whatever the event says
    "23": ErrorKind.EVENT,  # a row that breaks a law of its table
    "28": ErrorKind.FATAL,  # wrong credentials
    "3D": ErrorKind.FATAL,  # no such database
    "3F": ErrorKind.FATAL,  # no such schema
    "42": ErrorKind.FATAL,  # a statement that does not fit the schema: a migration is missing
    "42P03": ErrorKind.TRANSIENT,  # 42P03 to 42723: something of this name is there by now, made by somebody else
    "42P04": ErrorKind.TRANSIENT,
    "42P05": ErrorKind.TRANSIENT,
    "42P06": ErrorKind.TRANSIENT,
    "42P07": ErrorKind.TRANSIENT,
    "42710": ErrorKind.TRANSIENT,
    "42723": ErrorKind.TRANSIENT,
    "54": ErrorKind.EVENT,  # larger or more complex than PostgreSQL can keep
}
"""By SQLSTATE, or by its first two digits, which name its class. A state that is not here is transient."""

RACING_STATES = frozenset({"23001", "23503", "23505", "23P01"})
"""Laws between two rows. Somebody else's transaction may have broken them for the moment."""

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
"""What Python raises when code does not fit the value that it works on."""

OUTSIDE = frozenset({"aiokafka", "asyncio", "asyncpg", "ssl"})
"""Packages that speak with the world. An error that comes out of one of them does not follow from an event."""


def error_kind(error: BaseException) -> ErrorKind:
    """Whose fault it is; what is not known is transient."""
    if isinstance(error, FATAL_ERRORS):
        return ErrorKind.FATAL
    if isinstance(error, Defect | Poison):
        return ErrorKind.EVENT
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return KIND_OF_STATE.get(state, KIND_OF_STATE.get(state[:2], ErrorKind.TRANSIENT))
    if isinstance(error, asyncpg.InterfaceError):
        # with ValueError: a value that the client cannot encode for its column
        return ErrorKind.EVENT if isinstance(error, ValueError) else ErrorKind.TRANSIENT
    if isinstance(error, KafkaError) or not isinstance(error, ERRORS_OF_CODE):
        return ErrorKind.TRANSIENT
    return ErrorKind.TRANSIENT if _came_from_outside(error) else ErrorKind.EVENT


def may_be_race(error: BaseException) -> bool:
    """Whether the same may succeed a moment later, though the error is of a kind that follows from data."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate in RACING_STATES


def breaks_connection(error: BaseException) -> bool:
    """Whether PostgreSQL's client may have lost count of what it asked over the connection."""
    if isinstance(error, ERRORS_OF_CODE):
        return _came_from_outside(error)
    return isinstance(error, asyncpg.InternalClientError | asyncpg.InterfaceError)


def _came_from_outside(error: BaseException) -> bool:
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(module.partition(".")[0] in OUTSIDE for module in modules)
