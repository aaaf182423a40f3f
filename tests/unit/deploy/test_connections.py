"""The connections that services may open fit into what PostgreSQL takes."""

from deploy.embedded.postgres import SETTINGS
from shared.runtime.settings import Settings

STAGES_THAT_ARE_ASKED = 3
"""linker, sample_tracking, search; nobody asks the catalog_writer."""
OF_POSTGRESQL_ITSELF = 100
RESERVED = 3
"""For superusers (`superuser_reserved_connections`)."""


def of_one_replica_each() -> int:
    settings = Settings()
    questions = settings.database_quick_questions + settings.database_costly_questions
    return settings.database_connections * (1 + STAGES_THAT_ARE_ASKED) + questions * STAGES_THAT_ARE_ASKED


def test_three_replicas_of_all_fit_into_a_postgresql_as_it_comes() -> None:
    assert 3 * of_one_replica_each() <= OF_POSTGRESQL_ITSELF - RESERVED


def test_as_many_replicas_as_there_are_partitions_fit_into_the_embedded_server() -> None:
    assert 4 * of_one_replica_each() <= int(SETTINGS["max_connections"]) - RESERVED
