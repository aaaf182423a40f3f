"""Facts are ordered by their content, and a rejection is identified by the submission that was refused.

Existing rejections, and the answers of receipts that name them, get the ids that a rebuild would give
them. Reports keep their ids: if their topic is read again without a rebuild, they are noted a second time.
"""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from shared.events.rejection import Origin
from shared.events.rejection_message import identified

revision = "search_0010"
down_revision = "search_0009"

LOT = 5000
REJECTIONS = """
select rejection_id, stage, topic, partition, record_offset, timestamp_ms, receipt_id from rejection
where rejection_id > :after order by rejection_id limit :lot
"""


def upgrade() -> None:
    op.add_column(
        "investigation", sa.Column("dataset_id", sa.Uuid(), comment="which said so; absent of what the linker said")
    )
    op.add_column("investigation", sa.Column("revision", sa.Integer(), comment="likewise"))
    op.add_column(
        "logbook_entry",
        sa.Column("said", sa.Uuid(), comment="which event said so; absent if noted by a version that did not keep it"),
    )
    op.execute("comment on column receipt.word is 'the last word of a rank stands'")
    op.execute("comment on column report.event_id is 'follows from all of the event'")
    rename_rejections()


def rename_rejections() -> None:
    op.execute("create table renamed (old uuid, new uuid)")
    _note_new_ids()
    op.execute("update rejection set rejection_id = new from renamed where rejection_id = old")
    op.execute(
        "update receipt set answer = replace(answer, old::text, new::text) from renamed"
        " where rank = 2 and answer::json ->> 'rejection_id' = old::text"
    )
    op.execute("drop table renamed")


def _note_new_ids() -> None:
    """Lot by lot: a facility may have many rejections."""
    connection = op.get_bind()
    after = UUID(int=0)
    while rows := connection.execute(sa.text(REJECTIONS), {"after": after, "lot": LOT}).all():
        renamed = []
        for old, stage, topic, partition, offset, timestamp_ms, receipt_id in rows:
            origin = Origin(topic=topic, partition=partition, offset=offset, timestamp_ms=timestamp_ms)
            renamed.append({"old": old, "new": identified(stage, origin, receipt_id)})
        connection.execute(sa.text("insert into renamed values (:old, :new)"), renamed)
        after = rows[-1][0]
