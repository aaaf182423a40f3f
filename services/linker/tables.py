"""The linker's tables. The connection's search path names the schema."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import UUID

from services.linker.plan.slots import FIRST_OWN_NUMBER
from shared.events.identity import PROPOSAL_SEPARATORS

metadata = MetaData()

NO_IDS = text("'{}'")

KEY_OF_PROPOSAL = f"translate(proposal, '{PROPOSAL_SEPARATORS}', '')"
"""The same as `proposal_key`. An older version may have written the proposal with its separators."""

own_numbers = Sequence("investigation_number", start=FIRST_OWN_NUMBER, metadata=metadata)

investigation = Table(
    "investigation",
    metadata,
    Column("investigation_id", UUID, primary_key=True),
    Column("facility_id", Text, unique=True, comment="the user office's id; empty of what beamcat opened"),
    Column(
        "number",
        BigInteger,
        nullable=False,
        unique=True,
        server_default=own_numbers.next_value(),
        comment="by which ICAT clients know it: the user office's id where that is a number, else given here",
    ),
    Column("proposal", Text, nullable=False),
    Column("beamline", Text, nullable=False),
    Column("start", DateTime(timezone=True), nullable=False),
    Column("end", DateTime(timezone=True)),
    Column("title", Text),
    Column(
        "placeholder",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="opened for a dataset or by a beamline, or named by a dataset: the user office announced nothing",
    ),
    Column("proposal_name", Text, comment="how the user office writes the proposal"),
    Column(
        "actual_starts",
        ARRAY(DateTime(timezone=True)),
        nullable=False,
        server_default=NO_IDS,
        comment="to when it was rescheduled, the last time last",
    ),
    Column("actual_ends", ARRAY(DateTime(timezone=True)), nullable=False, server_default=NO_IDS),
    Index("investigation_by_key", text(KEY_OF_PROPOSAL), "beamline"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("dataset_id", UUID, primary_key=True),
    Column("path", Text, nullable=False),
    Column(
        "committed", Boolean, nullable=False, comment="false: awaited by somebody, and the row is what both sides lock"
    ),
    Column("revision", Integer, nullable=False, server_default=text("0")),
    Column("rejected", Text, comment="why it was rejected, while it is not committed and nothing of it is under way"),
    Column("rejected_ms", BigInteger, comment="when that was submitted"),
    Column("readmitted_ms", BigInteger, comment="when that was submitted which went on after a rejection"),
    Column("kind", Text),
    Column("inputs", ARRAY(UUID), nullable=False, server_default=NO_IDS),
    Column("investigation_id", UUID, comment="the one it lies in; empty of what was committed before it was kept"),
    Column("placeholder_id", UUID, comment="the same while that is a placeholder, until a real one draws it home"),
    Column("named", Text, comment="the investigation that its producer asked for"),
    Column("proposal", Text, comment="empty, as sample and start, of what was committed before they were kept"),
    Column("sample", Text),
    Column("start", DateTime(timezone=True)),
    Column("complete", Boolean, nullable=False, server_default=text("true")),
    Column(
        "facts", LargeBinary, comment="DatasetFacts as JSON, without files: what its move to another investigation says"
    ),
    Column(
        "inherits", Boolean, nullable=False, server_default=text("false"), comment="its sample is that of its inputs"
    ),
    Column("made_at", DateTime(timezone=True), comment="when that was committed which later revisions only added to"),
    Column("recollected_at", DateTime(timezone=True), comment="when it last took the place of another measurement"),
    Column("submission", Text, comment="the key of the one that made the revision"),
    Index(
        "dataset_child",
        "inputs",
        postgresql_using="gin",
        postgresql_where=text("inputs <> '{}'"),
    ),
    Index(
        "dataset_resident",
        "investigation_id",
        postgresql_where=text("investigation_id is not null and named is null"),
    ),
    Index(
        "dataset_near",
        func.lower(func.replace(text("path"), text("' '"), text("''"))),
        postgresql_using="hash",  # the path itself would make an index as large as the table
        postgresql_where=text("committed"),
    ),
    Index("dataset_stray", "placeholder_id", "start", postgresql_where=text("placeholder_id is not null")),
)

plan_version = Table(
    "plan_version",
    metadata,
    Column("only_row", Boolean, primary_key=True),
    Column("version", UUID, nullable=False, comment="random, so that it never comes back"),
    CheckConstraint("only_row", name="plan_version_one_row"),
    comment="another after each change of the table investigation: what was read of it is still true without one",
)

announcement = Table(
    "announcement",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("timestamp_ms", BigInteger, primary_key=True, autoincrement=False),
    comment="the records of investigation.events that were learned: read again they change nothing",
)

revisit = Table(
    "revisit",
    metadata,
    Column("dataset_id", UUID, primary_key=True, comment="to be looked at again, because an input changed"),
    Column("cause", Text, nullable=False, comment="the input and its revision"),
)

answered = Table(
    "answered",
    metadata,
    Column("submission", Text, primary_key=True, comment="its key"),
    comment="submissions of results with more than one answer: read again they bring no links",
)

freed = Table(
    "freed",
    metadata,
    Column("dataset_id", UUID, primary_key=True, comment="committed, and awaited by somebody"),
)

held = Table(
    "held",
    metadata,
    Column(
        "receipt_id",
        Text,
        primary_key=True,
        comment="the submission's key, which is no receipt's id; a version that knew submissions by"
        " their receipt alone wrote that",
    ),
    Column("source", Text, comment="whose submission it is; empty, as receipt and content, of that version's"),
    Column("receipt", Text, comment="the receipt's id"),
    Column("content", Text, comment="the fingerprint of its words"),
    Column("seq", BigInteger, Identity(always=True), nullable=False, comment="the order of arrival within one dataset"),
    Column("dataset_id", UUID, nullable=False),
    Column("path", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("inputs", ARRAY(UUID), nullable=False),
    Column("missing", ARRAY(UUID), nullable=False, comment="its inputs that are not committed yet"),
    Column(
        "awaited",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="how many inputs were missing on arrival",
    ),
    Column(
        "awaits_completion",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="an input that is committed but not complete does not end the waiting",
    ),
    Column(
        "ends_with_inputs",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="an input that is rejected ends the waiting",
    ),
    Column(
        "looks",
        Integer,
        nullable=False,
        server_default=text("0"),
        comment="how often something near its missing inputs was looked for while it waits",
    ),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("deadline", DateTime(timezone=True)),
    Column("code", Text, comment="of the refusal, as `message`"),
    Column("message", Text),
    Column("findings", Text, comment="likewise, as JSON"),
    Column("submitted", Text, comment="likewise: of which submission it was said first, as JSON"),
    Column("topic", Text, nullable=False, comment="from here on the record as it was read"),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("timestamp_ms", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary, comment="empty in a tombstone, as the headers"),
    Column("header_names", ARRAY(Text), nullable=False),
    Column("header_values", ARRAY(LargeBinary), nullable=False),
    CheckConstraint("state in ('waiting', 'released', 'expired', 'refused')", name="held_state"),
    Index("held_line", "dataset_id", "seq", postgresql_where=text("state <> 'refused'")),
    Index("held_oldest", "seq", postgresql_where=text("state <> 'refused'")),
    Index("held_due", "seq", postgresql_where=text("state in ('released', 'expired')")),
    Index("held_looks", "looks", "since", postgresql_where=text("state = 'waiting'")),
    Index("held_source", "source", postgresql_include=["awaited"], postgresql_where=text("state = 'waiting'")),
    Index("held_deadline", "deadline", postgresql_where=text("state = 'waiting'")),
    Index(
        "held_missing",
        "missing",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
        postgresql_where=text("state = 'waiting'"),
    ),
)
