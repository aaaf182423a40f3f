"""A row of a projection is written as it is: its fields are the columns of its table, in their order."""

from typing import Any

import pytest

from services.search.projections.activity.note import ActivityRow
from services.search.projections.datasets.note import ContextRow, DatasetRow, FindingSetRow
from services.search.projections.investigations.note import InvestigationRow
from services.search.projections.positions.note import PositionRow
from services.search.projections.rejections.note import RejectionRow
from services.search.projections.revisions.note import RevisionRow
from services.search.projections.samples.note import SampleRow
from services.search.tables import TABLES
from shared.events.declarations import ParcelStatusRow
from shared.postgres.bulk import insertable

ROWS: dict[str, Any] = {
    "activity": ActivityRow,
    "context": ContextRow,
    "dataset": DatasetRow,
    "finding_set": FindingSetRow,
    "investigation": InvestigationRow,
    "parcel_status": ParcelStatusRow,
    "position": PositionRow,
    "rejection": RejectionRow,
    "revision": RevisionRow,
    "sample": SampleRow,
}


@pytest.mark.parametrize("name", ROWS)
def test_the_fields_of_a_row_are_the_columns_of_its_table(name: str) -> None:
    table = next(table for table in TABLES if table.name == name)

    assert list(ROWS[name]._fields) == insertable(table)
