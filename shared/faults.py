"""What an error means: wait and try again, give up, or blame the event."""

from enum import Enum

import asyncpg
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)
from asyncpg import exceptions as postgres

from shared.backoff import Stopping
from shared.fatal import Fatal


class Fault(Enum):
    """Whose fault an error is, and so what to do about it."""

    TRANSIENT = "transient"
    """Kafka or PostgreSQL is away or busy: the same again will do."""
    FATAL = "fatal"
    """No retry can mend it: wrong credentials, a missing migration, a halted stage."""
    EVENT = "event"
    """An event of the batch, or our own code over it."""


FATAL_ERRORS = (
    Fatal,
    Stopping,
    postgres.InvalidAuthorizationSpecificationError,
    postgres.InsufficientPrivilegeError,
    postgres.InvalidCatalogNameError,
    postgres.InvalidSchemaNameError,
    postgres.UndefinedTableError,
    postgres.UndefinedColumnError,
    postgres.UndefinedFunctionError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedVersionError,
)

TRANSIENT_ERRORS = (
    KafkaError,
    OSError,
    TimeoutError,
    postgres.PostgresConnectionError,
    postgres.OperatorInterventionError,
    postgres.TransactionRollbackError,
    postgres.InsufficientResourcesError,
    postgres.PostgresSystemError,
    postgres.ObjectNotInPrerequisiteStateError,
    postgres.ReadOnlySQLTransactionError,
    postgres.IdleInTransactionSessionTimeoutError,
    postgres.TransactionTimeoutError,
)


def fault_of(error: BaseException) -> Fault:
    """Whose fault it is; what is not known to be transient or fatal is the event's, and is found by halving."""
    if isinstance(error, FATAL_ERRORS):
        return Fault.FATAL
    if isinstance(error, TRANSIENT_ERRORS):
        return Fault.TRANSIENT
    if isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError):
        return (
            Fault.TRANSIENT
        )  # the connection was closed under us; with ValueError it is a value that does not fit its column
    return Fault.EVENT
