"""The linker's SQL. Every statement is set-based: a batch costs the same number of round trips whatever its size."""

from services.linker.tables import KEY_OF_PROPOSAL, announcement, dataset, freed, held, investigation, revisit
from shared.postgres.bulk import DO_NOTHING, insert, insertable, update

GRAPH_LOCK, RELAY_LOCK, ADOPTION_LOCK, OPENING_LOCK, CHILDREN_LOCK, LOOKS_LOCK = (
    (0x6C696E6B << 8) + n for n in (1, 2, 3, 4, 5, 6)
)
"""Keys of advisory locks, all held until the transaction ends.

Graph: whoever adds an edge that could close a circle, so that the second of two sees the first.
Relay: whoever settles holdings, so that messages of one dataset leave in order.
Adoption: shared by commits into a placeholder, exclusive for announcements, so that a stray sees its investigation or
is seen by it.
Opening: whoever opens an investigation or learns of one, after the adoption lock and before any other.
Children: shared by commits of datasets with inputs, exclusive for a change that concerns children, so that a child sees
what became of its input or is seen by it; after the adoption lock.
Looks: whoever looks once more at what waits, so that two replicas do not tell the same.
"""

LOCK = "select pg_advisory_xact_lock($1)"
LOCK_SHARED = "select pg_advisory_xact_lock_shared($1)"
TRY_LOCK = "select pg_try_advisory_xact_lock($1)"

MOST_BYTES = 64 * 1024 * 1024
"""Most that a lot of the relay may hold in memory, its last record not counted."""

_COLUMNS = """dataset_id, path, kind, inputs, proposal, sample, start, complete, named, revision, inherits, made_at,
    recollected_at, committed, rejected"""

CATALOGUED = f"""
select {_COLUMNS} from dataset where (committed or rejected is not null) and dataset_id = any($1::uuid[])
"""  # noqa: S608  # made of constants

NEAR = """
select asked.path as asked, near.path as found from unnest($1::text[]) as asked (path)
cross join lateral (
    select path from dataset
    where committed and lower(replace(dataset.path, ' ', '')) = lower(replace(asked.path, ' ', ''))
    order by path limit $2
) near
"""
"""Lateral, as ANCESTRY. What is looked for is what `near.key_of` makes of a path."""

AWAIT = insert(
    dataset,
    ["dataset_id", "path"],
    values={"committed": "false"},
    order_by="new.dataset_id",
    then=f"{update(dataset, ['dataset_id'])} returning {_COLUMNS}",
)
"""Locks the row of every missing input, there or not, in the order of ids: its commit waits for us, or we for it."""

_INPUTS_OF_ANCESTOR = """
    lateral (
        select path, inputs from dataset where dataset_id = ancestor.id
        union all
        select path, inputs from held where dataset_id = ancestor.id and state <> 'refused'
    ) as edge
"""

ANCESTRY = f"""
with recursive ancestor (id) as (
    select unnest($1::uuid[])
    union
    select parent from ancestor, {_INPUTS_OF_ANCESTOR}, unnest(edge.inputs) as parent
)
select ancestor.id as child, edge.path, edge.inputs from ancestor, {_INPUTS_OF_ANCESTOR}
where edge.inputs <> '{{}}' limit $2
"""  # noqa: S608  # made of constants
"""Lateral, so that each step looks its edges up by index, however large the tables are."""

AWAITED_OF = """
select source, sum(awaited) as awaited from held
where state = 'waiting' and source = any($1::text[]) group by source
"""
"""How many inputs the submissions of some sources wait for."""

AWAITED = "select exists (select from held where state = 'waiting' and missing && $1::uuid[])"
"""Whether somebody waits for one of these."""

BRING_LINKS = """
update dataset set inputs = array(select unnest(dataset.inputs) union select unnest(brought.inputs::uuid[]))
from unnest($1::uuid[], $2::text[]) as brought (id, inputs) where dataset.dataset_id = brought.id
"""

_IS_THERE = "(d.committed and (d.complete or not held.awaits_completion))"

_STILL_MISSING = f"""
    from unnest(held.missing) with ordinality as m (id, place) join dataset as d on d.dataset_id = m.id
    where {_IS_THERE} is not true
"""  # made of constants
"""Of the inputs that were missing on arrival: the rows of all of them are there since then."""

_COMPLETE = f"""not exists (
    select from unnest(array_reverse(held.missing)) as m (id)
    where (select {_IS_THERE} from dataset as d where d.dataset_id = m.id) is not true
)"""  # noqa: S608  # made of constants
"""That nothing is missing any more. Looked up one by one from the last, which mostly comes last, so few are."""

_WHOSE = """
    coalesce(held.receipt, held.receipt_id) as its_receipt, coalesce(held.content, '') as its_content,
    coalesce(held.source, convert_from(header_values[array_position(header_names, 'ce_producer')], 'UTF8'), '')
        as its_source
"""
"""A version that knew submissions by their receipt alone wrote that into `receipt_id`, and none of the others."""

SUBMISSIONS = f"""
select receipt_id, {_WHOSE}, dataset_id, path, state, since, deadline, code, message, findings, submitted,
    (select count(*) {_STILL_MISSING}) as waits_for_count,
    array(select d.path {_STILL_MISSING} order by place %s) as waits_for
from held
"""  # noqa: S608  # made of constants

HELD_OF = f"""{SUBMISSIONS % ""}
where receipt_id = any($1::text[]) or (dataset_id = any($2::uuid[]) and state <> 'refused') order by seq
"""

PENDING = f"{SUBMISSIONS % 'limit $2'} where state <> 'refused' order by seq limit $1"

HOLD = insert(
    held,
    [column for column in insertable(held) if column not in ("awaited", "looks")],
    values={"awaited": "cardinality(new.missing::uuid[])"},
    then=DO_NOTHING,
)

_SLOT = """
select investigation_id, facility_id, number, proposal, beamline, start, "end", title, placeholder, proposal_name,
    actual_starts, actual_ends
from investigation
"""

SLOTS = f"""
{_SLOT} where investigation_id = any($1::uuid[]) or number = any($2::bigint[])
union
{_SLOT} join unnest($3::text[], $4::text[]) as home (key_of_proposal, of_beamline)
    on {KEY_OF_PROPOSAL} = key_of_proposal and beamline = of_beamline
"""

PAST = """
select "partition", "offset", timestamp_ms from announcement
join unnest($1::int[], $2::bigint[], $3::bigint[]) as asked ("partition", "offset", timestamp_ms)
    using ("partition", "offset", timestamp_ms)
"""

LEARN = insert(announcement, then=DO_NOTHING)

NUMBERS = "select nextval('investigation_number') from generate_series(1, $1)"

LACKING_SLOTS = insert(investigation, then=DO_NOTHING)
KEEP_SLOTS = insert(
    investigation,
    then=update(
        investigation,
        [name for name in insertable(investigation) if name not in ("investigation_id", "facility_id", "number")],
    ),
)

STRAYS = """
select distinct on (dataset_id) dataset_id, revision, placeholder_id as investigation_id, true as in_placeholder, facts,
    inherits
from dataset join unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as near (placeholder_id, since, until)
    using (placeholder_id)
where start >= coalesce(since, '-infinity') and start <= coalesce(until, 'infinity')
order by dataset_id
"""

RESIDENTS = """
select dataset_id, revision, investigation_id, placeholder_id is not null as in_placeholder, facts, inherits
from dataset where investigation_id = any($1::uuid[]) and investigation_id is not null and named is null
order by dataset_id
"""

_FACTS = (
    *("revision", "kind", "inputs", "proposal", "sample", "start", "complete", "investigation_id", "placeholder_id"),
    *("named", "facts", "inherits", "made_at", "recollected_at", "submission"),
)
COMMITTED = insert(
    dataset,
    ["dataset_id", "path", *_FACTS],
    values={"committed": "true"},
    order_by="new.dataset_id",
    then=update(
        dataset,
        _FACTS,
        values={"committed": "true", "rejected": "null", "rejected_ms": "null"},
        where="dataset.revision < excluded.revision",
    ),
)
"""In the order of ids, as AWAIT. An older revision than the known one locks its row and changes nothing."""

STIR = """
insert into revisit (dataset_id, cause)
select distinct on (child.dataset_id) child.dataset_id, stirred.cause
from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
    as stirred (id, cause, recollected_at, start)
join dataset child on child.inputs @> array[stirred.id] and child.inputs <> '{}' and child.committed
where case when stirred.recollected_at is not null
    then child.made_at is null or child.made_at < stirred.recollected_at or child.start < stirred.start
    else child.inherits or child.sample is null
end
order by child.dataset_id, stirred.cause
on conflict (dataset_id) do update set cause = excluded.cause
"""
"""Only after COMMITTED, as a statement of its own: then it sees the children of the same batch."""

REVISIT = insert(revisit, then=update(revisit))

REVISITS = """
with due as (
    delete from revisit
    where dataset_id in (select dataset_id from revisit order by dataset_id limit $1 for update skip locked)
    returning dataset_id, cause
)
select dataset_id, revision, investigation_id, placeholder_id is not null as in_placeholder, facts, inherits, cause
from due join dataset using (dataset_id) where facts is not null order by dataset_id
"""

LOSE = insert(
    dataset,
    ["dataset_id", "path", "rejected", "rejected_ms"],
    values={"committed": "false"},
    where="""not exists (select from held where held.dataset_id = new.dataset_id and state = 'waiting')
    and not exists (
        select from dataset as again where again.dataset_id = new.dataset_id and again.readmitted_ms > new.rejected_ms
    )""",
    order_by="new.dataset_id",
    then=update(
        dataset,
        ["rejected", "rejected_ms"],
        where="""not dataset.committed and (dataset.rejected is null or
        (excluded.rejected_ms, excluded.rejected collate "C")
            > (coalesce(dataset.rejected_ms, 0), dataset.rejected collate "C"))
returning dataset_id""",
    ),
)
"""In the order of ids, as AWAIT. An update that is rejected is no loss where the dataset is catalogued or waits, and
neither is a rejection of the past, told again after what was submitted later was rejected or has gone on.
"""

GIVE_UP = """
update held set state = 'expired', code = lost.code, message = lost.message, findings = lost.findings
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as lost (id, code, message, findings)
where state = 'waiting' and ends_with_inputs and missing && $1::uuid[] and lost.id = any(missing)
"""
"""Only after LOSE, as a statement of its own, as FREED after COMMITTED."""

ANSWER = """
insert into answered (submission)
select submission from unnest($1::text[]) as new (submission)
union
select dataset.submission from unnest($2::uuid[], $3::int[]) as new (dataset_id, revision)
join dataset using (dataset_id) where dataset.submission is not null and dataset.revision < new.revision
order by submission
on conflict do nothing
"""
"""Only before COMMITTED, which writes over the submission of the revision before."""

ANSWERED = "select submission from answered where submission = any($1::text[])"

READMIT = """
update dataset set rejected = null, rejected_ms = null, readmitted_ms = greatest(readmitted_ms, again.submitted_ms)
from unnest($1::uuid[], $2::bigint[]) as again (id, submitted_ms) where dataset_id = again.id
"""

STILL_NEWEST = """
select dataset_id from dataset
join unnest($1::uuid[], $2::int[]) as seen (dataset_id, revision) using (dataset_id, revision)
"""

FREED = insert(
    freed,
    where="exists (select from held where state = 'waiting' and missing @> array[new.dataset_id])",
    order_by="new.dataset_id",
    then=update(freed, ["dataset_id"]),
)
"""Those of some committed datasets that somebody waits for: what waits is released by the relay, lot by lot.

Only after COMMITTED, as a statement of its own: then it sees what the rows' lock made us wait for. One that the relay
is at work on is noted again after it.
"""

FREEING = "select dataset_id from freed order by dataset_id limit $1 for update skip locked"

RELEASE = f"""
update held set state = 'released' where ctid = any(array(
    select ctid from held where state = 'waiting' and missing && $1::uuid[] and {_COMPLETE} limit $2 for update
))
"""  # noqa: S608  # made of constants
"""Some of what waited for these. `missing` stays as it is: to write thousands of ids anew for each that comes is
quadratic."""

ALL_FREED = "delete from freed where dataset_id = any($1::uuid[])"

OVERLOOKED = f"update held set state = 'released' where state = 'waiting' and {_COMPLETE}"  # noqa: S608  # likewise
"""What a replica of an older version, which writes `missing` anew, did not release."""

DUE = f"""
select held.*, {_WHOSE} from held join (
    select seq, sum(octet_length(value)) over (order by seq) - octet_length(value) as bytes_before from (
        select seq, value from held where state in ('released', 'expired') and not exists (
            select from held earlier
            where earlier.dataset_id = held.dataset_id and earlier.seq < held.seq and earlier.state = 'waiting'
        ) order by seq limit $1
    ) as oldest
) as lot using (seq)
where state in ('released', 'expired') and bytes_before < {MOST_BYTES} order by seq for update of held
"""  # noqa: S608  # made of constants
"""As many, and about as many bytes, as a lot may hold in memory."""

LOOK = f"""
select held.*, {_WHOSE}, array(select id {_STILL_MISSING} order by place) as still_missing
from unnest($1::timestamptz[]) with ordinality as look (since, n)
join held on held.looks = look.n - 1 and held.since <= look.since
where state = 'waiting' and not exists (
    select from held earlier
    where earlier.dataset_id = held.dataset_id and earlier.seq < held.seq and earlier.state = 'waiting'
) order by seq limit $2
"""  # noqa: S608  # made of constants

LOOKED = """
update held set looks = case when receipt_id = any($2::text[]) then $3 else looks + 1 end
where receipt_id = any($1::text[])
"""
FORGET = "delete from held where receipt_id = any($1::text[])"

ENTOMB = """
update held set state = 'refused', code = tomb.code, message = tomb.message, findings = tomb.findings,
    submitted = tomb.submitted, inputs = '{}', missing = '{}', deadline = null, value = null, header_names = '{}',
    header_values = '{}'
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    as tomb (receipt_id, code, message, findings, submitted)
where held.receipt_id = tomb.receipt_id
"""

EXPIRE = f"""
update held set state = 'expired', missing = array(select id {_STILL_MISSING} order by place)
where ctid = any(array(
    select ctid from held where state = 'waiting' and deadline <= $1 order by deadline limit $2 for update skip locked
))
"""  # noqa: S608  # made of constants

WAITING = "select count(*), min(since) from held where state = 'waiting'"
