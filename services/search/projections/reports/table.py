"""The table of reports."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from services.search.projections.projection import Projection
from services.search.projections.reports.note import REPORTS, ReportRow
from services.search.projections.schema import METADATA, TIME

REPORT = Table(
    "report",
    METADATA,
    Column("event_id", Text, primary_key=True, comment="follows from all of the event"),
    Column("dataset_number", BigInteger, nullable=False),
    Column("about", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text),
    Column("at", TIME, nullable=False),
    Index("report_by_dataset", "dataset_number", "at", "event_id"),
    comment="what became of the files of datasets",
)

SAVE = Projection(
    REPORTS,
    f"""
insert into report ({", ".join(ReportRow._fields)})
select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
on conflict do nothing
""",  # noqa: S608  # its own column names
)
