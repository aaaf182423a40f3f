"""The connections that services may open fit into what PostgreSQL takes."""

import services
from deploy.embedded.postgres import SETTINGS
from shared.host.service import FEW_CONNECTIONS
from shared.postgres.settings import DatabaseSettings

NEVER_ASKED = {"catalog_writer"}
"""Services that answer nothing from their tables over HTTP."""
OF_POSTGRESQL_ITSELF = 100
RESERVED = 3
"""For superusers (`superuser_reserved_connections`)."""


def of_one_replica_each() -> int:
    return sum(map(connections_of, services.NAMES))


def connections_of(name: str) -> int:
    service = services.load(name)
    if service.schema is None:
        return 0
    settings = DatabaseSettings().model_copy(update=FEW_CONNECTIONS if service.few_connections else {})
    questions = settings.quick_questions + settings.costly_questions
    return settings.connections + (0 if name in NEVER_ASKED else questions)


def test_two_replicas_of_all_fit_into_a_postgresql_as_it_comes() -> None:
    assert 2 * of_one_replica_each() <= OF_POSTGRESQL_ITSELF - RESERVED


def test_as_many_replicas_as_there_are_partitions_fit_into_the_embedded_server() -> None:
    assert 4 * of_one_replica_each() <= int(SETTINGS["max_connections"]) - RESERVED
