"""The SQL that writes the read model: one set-based statement a table, and each harmless when it is repeated."""
# ruff: noqa: S608  # what is put in are this package's own column names

from services.search.model import ActivityRow, ContextRow, DatasetRow, RejectionRow, ReportRow, RevisionRow, Waits

_BLOCKS = """
insert into {table} (parameter_id, tier, low, high, entries, ordinals)
select parameter_id, tier, low, high, entries::{type}[], ordinals::int[]
from unnest($1::int[], $2::smallint[], $3::{type}[], $4::{type}[], $5::text[], $6::text[])
  as block (parameter_id, tier, low, high, entries, ordinals)
"""
NUMBER_BLOCKS = _BLOCKS.format(table="number_block", type="float8")
TEXT_BLOCKS = _BLOCKS.format(table="text_block", type="text")

DATASETS = f"""
insert into dataset ({", ".join(DatasetRow._fields)})
select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bool[], $14::timestamptz[],
                     $15::timestamptz[], $16::bigint[], $17::bigint[], $18::bigint[],
                     $19::bigint[], $20::bigint[], $21::uuid[])
on conflict (dataset_id) do update set
  ordinal = excluded.ordinal, {", ".join(f"{name} = excluded.{name}" for name in DatasetRow._fields[1:])}
where (excluded.revision, excluded.committed_at) > (dataset.revision, dataset.committed_at)
returning dataset_id, new.ordinal, old.ordinal as replaced
"""

CONTEXTS = f"""
insert into context ({", ".join(ContextRow._fields)})
select * from unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
on conflict do nothing
"""

FINDING_SETS = """
insert into finding_set (finding_set, codes)
select finding_set, codes::text[] from unnest($1::bigint[], $2::text[]) as new (finding_set, codes)
on conflict do nothing
"""

REVISIONS = f"""
insert into revision ({", ".join(RevisionRow._fields)})
select * from unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bytea[])
on conflict (dataset_id, revision) do update set
  {", ".join(f"{name} = excluded.{name}" for name in RevisionRow._fields[2:])}
where excluded.committed_at > revision.committed_at
"""

WORDS = """
insert into dataset_words (ordinal, words)
select ordinal, array_to_tsvector(string_to_array(words, ' ')) from unnest($1::int[], $2::text[]) as t (ordinal, words)
"""
REPLACED = "insert into void (ordinal) select unnest($1::int[]) on conflict do nothing"
FORGET_WORDS = "delete from dataset_words where ordinal = any($1::int[])"

LINKS = "insert into link (child, parent, parent_path) select * from unnest($1::uuid[], $2::uuid[], $3::text[])"
FORGET_LINKS = "delete from link where child = any($1::uuid[])"

NAME_PARAMETERS = """
insert into parameter (name, many) select * from unnest($1::text[], $2::bool[]) on conflict do nothing
"""
PARAMETERS = """
select parameter_id, name, many
from parameter join unnest($1::text[], $2::bool[]) as wanted (name, many) using (name, many)
"""

_EQUAL = "(excluded.rank, excluded.word) = (known.rank, known.word)"
_TEXTS = '({0}.answer collate "C", coalesce({0}.path, \'\') collate "C")'
_NEWER = (
    "((excluded.rank, excluded.word) > (known.rank, known.word)"
    f" or ({_EQUAL} and {_TEXTS.format('excluded')} < {_TEXTS.format('known')}))"
)
RECEIPTS = f"""
insert into receipt as known (receipt_id, receipt, source, content, dataset_id, path, submitted_at, heard_at, rank,
  word, answer, {", ".join(Waits._fields)})
select receipt_id, receipt, source, content, dataset_id, path, submitted_at, heard_at, rank, word, answer,
  since, beamline, proposal, kind, waits_for::uuid[]
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::timestamptz[],
            $8::timestamptz[], $9::smallint[], $10::bigint[], $11::text[],
            $12::timestamptz[], $13::text[], $14::text[], $15::text[], $16::text[])
  as said (receipt_id, receipt, source, content, dataset_id, path, submitted_at, heard_at, rank, word, answer,
           {", ".join(Waits._fields)})
on conflict (receipt_id) do update set
  {
    ", ".join(
        f"{name} = case when {_NEWER} then excluded.{name} else known.{name} end"
        for name in ("path", "rank", "word", "answer", *Waits._fields)
    )
},
  submitted_at = least(excluded.submitted_at, known.submitted_at),
  heard_at = least(excluded.heard_at, known.heard_at)
where {_NEWER} or excluded.submitted_at < known.submitted_at or excluded.heard_at < known.heard_at
   or (known.submitted_at is null and excluded.submitted_at is not null)
"""

REJECTIONS = f"""
insert into rejection ({", ".join(RejectionRow._fields)})
select {", ".join(RejectionRow._fields[:-1])}, finding_codes::text[]
from unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::int[], $12::bigint[], $13::bigint[], $14::text[], $15::bytea[],
            $16::bytea[], $17::timestamptz[], $18::text[], $19::timestamptz[], $20::text[], $21::text[])
  as new ({", ".join(RejectionRow._fields)})
on conflict (rejection_id) do update set
  {", ".join(f"{name} = excluded.{name}" for name in RejectionRow._fields[1:])}
where (excluded.rejected_at, excluded.code collate "C", excluded.message collate "C")
    < (rejection.rejected_at, rejection.code collate "C", rejection.message collate "C")
"""

ACTIVITY = f"""
insert into activity as known ({", ".join(ActivityRow._fields)})
select * from unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::timestamptz[], $7::text[],
                     $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
                     $15::text[], $16::int[], $17::text[], $18::uuid[])
on conflict (activity_id) do update set
  {", ".join(f"{name} = excluded.{name}" for name in ActivityRow._fields[1:])}
where (excluded.timestamp_ms, excluded.topic collate "C", excluded.partition, excluded.record_offset)
    < (known.timestamp_ms, known.topic collate "C", known.partition, known.record_offset)
"""

NUMBERED = "select number from dataset where number = any($1::bigint[])"

REPORTS = f"""
insert into report ({", ".join(ReportRow._fields)})
select * from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
on conflict do nothing
"""

POSITIONS = """
insert into position (topic, partition, next_offset) select * from unnest($1::text[], $2::int[], $3::bigint[])
on conflict (topic, partition) do update set next_offset = greatest(position.next_offset, excluded.next_offset)
"""
