"""A rebuild is compared table by table: a new table must be in the comparison, or be left out for a reason."""

from services.search.tables import TABLES
from tests.builders.read_model import LEFT_OUT, SNAPSHOT


def test_a_snapshot_of_the_read_model_has_every_table() -> None:
    assert sorted([*SNAPSHOT, *LEFT_OUT]) == sorted(table.name for table in TABLES)
