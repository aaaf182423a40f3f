"""Whose fault an error is: a table of all that PostgreSQL and its client can say."""

import asyncio
import inspect
import ssl
from collections.abc import Iterator
from typing import cast

import aiokafka.errors
import asyncpg
import pytest
from asyncpg import exceptions as postgres
from asyncpg.exceptions import _base

from shared.foundation.errors import Fatal
from shared.runtime.backoff import Stopping
from shared.runtime.error_kinds import RACING_STATES, Defect, ErrorKind, error_kind, may_be_race

THE_EVENTS = {
    "21": "one row twice in a statement",
    "22": "a value",
    "23": "a law of a table",
    "54": "too large",
}
FOR_GOOD = {
    "0P": "a role",
    "28": "credentials",
    "3D": "a database",
    "3F": "a schema",
    "42": "a statement and its tables",
}
EXCEPTIONS = {
    "2200H": ErrorKind.TRANSIENT,
    "42P03": ErrorKind.TRANSIENT,
    "42P04": ErrorKind.TRANSIENT,
    "42P05": ErrorKind.TRANSIENT,
    "42P06": ErrorKind.TRANSIENT,
    "42P07": ErrorKind.TRANSIENT,
    "42710": ErrorKind.TRANSIENT,
    "42723": ErrorKind.TRANSIENT,
}


def every_class() -> Iterator[type[Exception]]:
    """All errors that asyncpg knows, with those that its client makes; warnings are none."""
    for module in (postgres, _base):
        for kind in vars(module).values():
            if inspect.isclass(kind) and issubclass(kind, Exception) and not issubclass(kind, Warning):
                yield kind


def expected(state: str) -> ErrorKind:
    if state in EXCEPTIONS:
        return EXCEPTIONS[state]
    if state[:2] in THE_EVENTS:
        return ErrorKind.EVENT
    return ErrorKind.FATAL if state[:2] in FOR_GOOD else ErrorKind.TRANSIENT


def test_of_all_that_postgres_can_say_only_words_about_data_blame_an_event() -> None:
    states = [kind for kind in every_class() if issubclass(kind, asyncpg.PostgresError)]
    assert len(states) > 200
    found = {kind.sqlstate or "": error_kind(kind("said")) for kind in states}
    assert found == {state: expected(state) for state in found}


def test_what_its_client_says_of_a_connection_blames_nobody() -> None:
    own = {kind for kind in every_class() if not issubclass(kind, asyncpg.PostgresError)}
    faults = {kind.__name__: error_kind(kind("said")) for kind in own}
    assert faults.pop("ClientConfigurationError") is ErrorKind.FATAL
    assert faults.pop("DataError") is ErrorKind.EVENT  # it could not encode a parameter
    assert {"InterfaceError", "InternalClientError", "ProtocolError", "OutdatedSchemaCacheError"} <= faults.keys()
    assert set(faults.values()) == {ErrorKind.TRANSIENT}


@pytest.mark.parametrize("state", ["ABC12", "99999", "XX999", "58ZZZ", ""])
def test_a_state_that_nobody_knows_is_transient(state: str) -> None:
    error = asyncpg.PostgresError.new({"C": state, "M": "of a later PostgreSQL"})
    assert error_kind(error) is ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    ("state", "fault"), [("22ZZZ", ErrorKind.EVENT), ("42ZZZ", ErrorKind.FATAL), ("57ZZZ", ErrorKind.TRANSIENT)]
)
def test_a_new_state_of_a_known_class_is_judged_by_its_class(state: str, fault: ErrorKind) -> None:
    assert error_kind(asyncpg.PostgresError.new({"C": state, "M": "of a later PostgreSQL"})) is fault


def test_kafkas_errors_are_transient_but_those_of_credentials_and_versions() -> None:
    kinds = [kind for kind in vars(aiokafka.errors).values() if inspect.isclass(kind) and issubclass(kind, Exception)]
    for_good = {kind.__name__ for kind in kinds if error_kind(kind()) is ErrorKind.FATAL}
    assert for_good == {
        "ClusterAuthorizationFailedError",
        "GroupAuthorizationFailedError",
        "SaslAuthenticationFailed",
        "TopicAuthorizationFailedError",
        "UnsupportedVersionError",
    }
    assert not any(error_kind(kind()) is ErrorKind.EVENT for kind in kinds)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (Fatal("no schema"), ErrorKind.FATAL),
        (Stopping(), ErrorKind.FATAL),
        (Defect(), ErrorKind.EVENT),
        (ConnectionResetError("gone"), ErrorKind.TRANSIENT),
        (TimeoutError(), ErrorKind.TRANSIENT),
        (asyncio.InvalidStateError(), ErrorKind.TRANSIENT),
        (asyncio.IncompleteReadError(b"", 4), ErrorKind.TRANSIENT),
        (ssl.SSLError("broken"), ErrorKind.TRANSIENT),
        (OSError(28, "no space left"), ErrorKind.TRANSIENT),
        (MemoryError(), ErrorKind.TRANSIENT),
        (EOFError(), ErrorKind.TRANSIENT),
        (BufferError(), ErrorKind.TRANSIENT),
        (Exception("of a library that nobody thought of"), ErrorKind.TRANSIENT),
        (KeyError("name"), ErrorKind.EVENT),
        (TypeError("no str"), ErrorKind.EVENT),
        (ZeroDivisionError(), ErrorKind.EVENT),
        (RecursionError(), ErrorKind.EVENT),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "a lone surrogate"), ErrorKind.EVENT),
    ],
    ids=lambda said: type(said).__name__ if isinstance(said, Exception) else said.value,
)
def test_other_errors(error: Exception, fault: ErrorKind) -> None:
    assert error_kind(error) is fault


async def test_an_error_of_code_that_comes_out_of_a_library_of_the_world_is_transient() -> None:
    """As when a connection is lost in the middle of an answer: what the client then trips over is not in the event."""
    with pytest.raises(AttributeError) as caught:
        await asyncpg.connection.connect(dsn=cast(str, object()))
    assert error_kind(caught.value) is ErrorKind.TRANSIENT


def test_laws_between_rows_may_be_broken_by_a_race_and_laws_of_one_row_may_not() -> None:
    assert {"23503", "23505"} <= RACING_STATES
    assert may_be_race(asyncpg.ForeignKeyViolationError("no parent yet"))
    assert not may_be_race(asyncpg.NotNullViolationError("no name"))
    assert not may_be_race(asyncpg.CheckViolationError("negative"))
    assert not may_be_race(KeyError("23505"))
