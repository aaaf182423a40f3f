"""The linker's questions and orders to PostgreSQL, between rows and the words of the domain."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from services.linker.held.limits import over_limit, waiting_sources
from services.linker.inputs.lineage import Node
from services.linker.inputs.near import MOST_NEAR, Near, near_each, places_of
from services.linker.inputs.relationships import CataloguedDataset
from services.linker.inputs.submissions import HeldSubmission, HeldSummary, LinkerView, State
from services.linker.known import Known
from services.linker.plan.announcements import Catalogued
from services.linker.plan.investigations import Home, Plan, Slot, home_of, open_for, own_number
from services.linker.plan.moves import Move, Placed, revisit
from services.linker.plan.revisits import InputChange, Revisit
from services.linker.storage import statements as sql
from shared.events.codes import Code, Refusal
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities, proposal_key
from shared.events.record import Record
from shared.events.rejection import Origin
from shared.events.sections import Finding
from shared.events.wire import Received, SubmissionId
from shared.foundation.arrays import array, quoted
from shared.postgres.bulk import write
from shared.postgres.database import Connection

FINDINGS = TypeAdapter(list[Finding])
MOST_EDGES = 100_000
"""Of the ancestry that is searched for circles in one batch."""


async def read_known(
    connection: Connection,
    identities: Identities,
    datasets: Sequence[DatasetFacts],
    submissions: Sequence[SubmissionId],
    *,
    include_inputs: bool = False,
) -> Known:
    """What is committed, held and announced around some datasets, in three queries.

    `include_inputs`: also what is held of their inputs.
    """
    own = {dataset.dataset_id for dataset in datasets}
    inputs = {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
    rows = await connection.fetch(sql.CATALOGUED, list(own | inputs))
    held = await connection.fetch(
        sql.HELD_OF, [each.key for each in submissions], list(own | inputs if include_inputs else own)
    )
    known = seen_in(rows, Known(held=[submission_of(row) for row in held]))
    return replace(known, plan=await _plan_of(connection, identities, map(known.addressed, datasets)))


def seen_in(rows: Iterable[asyncpg.Record], known: Known) -> Known:
    """The same, with what rows of datasets say by now."""
    catalogued, rejected = dict(known.catalogued), dict(known.rejected)
    for row in rows:
        rejected.pop(row["dataset_id"], None)
        if row["committed"]:
            catalogued[row["dataset_id"]] = catalogued_of(row)
        elif row["rejected"] is not None:
            rejected[row["dataset_id"]] = row["rejected"]
    return replace(known, catalogued=catalogued, rejected=rejected)


async def _plan_of(connection: Connection, identities: Identities, datasets: Iterable[DatasetFacts]) -> Plan:
    homes, names = set(), set()
    for dataset in datasets:
        homes.add(home_of(dataset))
        if dataset.investigation_id is not None:
            names.add(dataset.investigation_id)
    return Plan(await slots_of(connection, identities, homes, names))


async def with_openings(
    connection: Connection, identities: Identities, datasets: Sequence[DatasetFacts], known: Known
) -> Known:
    """The same, with an investigation for each dataset that the plan has no place for: opened now, and numbered.

    Nobody else opens one meanwhile, so two replicas do not open two for one.
    """
    addressed = [known.addressed(dataset) for dataset in datasets]
    if all(known.plan.of(dataset) for dataset in addressed):
        return known
    await connection.execute(sql.LOCK, sql.OPENING_LOCK)
    plan = await _plan_of(connection, identities, addressed)
    homeless = [dataset for dataset in addressed if plan.of(dataset) is None]
    numbers = await reserved_numbers(connection, len(homeless))
    await keep_slots(connection, open_for(homeless, plan, identities, numbers))
    return replace(known, plan=plan)


async def with_near(connection: Connection, known: Known, datasets: Iterable[DatasetFacts]) -> Known:
    """The same, with what may be meant by the inputs that are not catalogued."""
    return replace(known, near=await near_of(connection, known.unknown(datasets)))


async def near_of(connection: Connection, paths: Collection[str]) -> Near:
    """The catalogued paths that may be meant by some that are not."""
    if not paths:
        return {}
    places = {place for path in paths for place in places_of(path)}
    found = defaultdict(list)
    for row in await connection.fetch(sql.NEAR, list(places), MOST_NEAR):
        found[row["asked"]].append(row["found"])
    return near_each(paths, found)


async def reserved_numbers(connection: Connection, count: int) -> list[int]:
    """Numbers for new investigations, each given once."""
    return [row[0] for row in await connection.fetch(sql.NUMBERS, count)]


async def keep_slots(connection: Connection, slots: Iterable[Slot]) -> None:
    """The newest word on each investigation; a number, once given, stays."""
    rows = {slot.investigation_id: slot_row(slot) for slot in slots}
    await write(connection, sql.KEEP_SLOTS, list(rows.values()))


async def with_ancestry(connection: Connection, known: Known, datasets: Sequence[DatasetFacts]) -> Known:
    """The same, with all that the inputs of these datasets come from."""
    inputs = {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
    ancestry: dict[UUID, Node] = {}
    for row in await connection.fetch(sql.ANCESTRY, list(inputs), MOST_EDGES):
        before = ancestry.get(row["child"], Node(row["path"], frozenset()))
        ancestry[row["child"]] = replace(before, inputs=before.inputs | set(row["inputs"]))
    return replace(known, ancestry=ancestry)


async def slots_of(
    connection: Connection, identities: Identities, homes: Collection[Home], names: Collection[str] = ()
) -> list[Slot]:
    """Investigations by proposal and beamline, and by the user office's id or the number."""
    ids = [identities.investigation(name) for name in names]
    numbers = [number for name in names if (number := own_number(name)) is not None]
    rows = await connection.fetch(sql.SLOTS, ids, numbers, *columns(list(homes), 2))
    return [slot_of_row(row) for row in rows]


async def hold(connection: Connection, holdings: Sequence[HeldSubmission]) -> None:
    """Keep them in this order; what is kept already stays as it is."""
    await write(connection, sql.HOLD, [_held_row(holding) for holding in holdings])


async def send_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """Send datasets to their investigations, but for those that another revision has overtaken meanwhile."""
    if not moves:
        return
    seen = [(each.placed.facts.dataset_id, each.placed.revision) for each in moves]
    still = {row["dataset_id"] for row in await connection.fetch(sql.STILL_NEWEST, *columns(seen, 2))}
    await hold(connection, [each.holding for each in moves if each.placed.facts.dataset_id in still])


async def catalogued_in(connection: Connection, ids: Collection[UUID]) -> dict[UUID, CataloguedDataset]:
    """Of some datasets, those that are committed."""
    if not ids:
        return {}
    return dict(seen_in(await connection.fetch(sql.CATALOGUED, list(ids)), Known()).catalogued)


async def note_revisits(
    connection: Connection, input_changes: Sequence[InputChange], revisits: Sequence[Revisit]
) -> None:
    """Remember which datasets are to be looked at again, however many they are."""
    if input_changes:
        rows = [(each.dataset_id, each.cause, each.recollected_at, each.start) for each in input_changes]
        await connection.execute(sql.STIR, *columns(rows, 4))
    await write(connection, sql.REVISIT, [(each.dataset_id, each.cause) for each in revisits])


async def send_revisits(connection: Connection, most: int, now: datetime) -> None:
    """Send some of them, as they are catalogued now."""
    rows = await connection.fetch(sql.REVISITS, most)
    await hold(connection, [revisit(placed_of(row), row["cause"], now).holding for row in rows])


async def release_freed(connection: Connection, most: int) -> None:
    """Release some of what waited for datasets that are committed by now; another lot follows if there are more."""
    freed = [row["dataset_id"] for row in await connection.fetch(sql.FREEING, most)]
    if freed and int((await connection.execute(sql.RELEASE, freed, most)).split()[-1]) < most:
        await connection.execute(sql.ALL_FREED, freed)


async def with_room(
    connection: Connection, events: Sequence[Received[LinkerView]], known: Known, most_awaited: int
) -> Known:
    """The same, with what there is no room for if it has to wait."""
    sources = waiting_sources(events, known)
    rows = await connection.fetch(sql.AWAITED_OF, list(sources)) if sources else ()
    awaited = {row["source"]: row["awaited"] for row in rows}
    return replace(known, over_limit=over_limit(events, known, awaited, most_awaited))


async def with_answered(connection: Connection, known: Known, submissions: Iterable[SubmissionId]) -> Known:
    """The same, with those of some submissions that the catalogue has answered before."""
    rows = await connection.fetch(sql.ANSWERED, [each.key for each in submissions])
    return replace(known, answered={row["submission"] for row in rows})


async def bring_links(connection: Connection, links: Mapping[UUID, frozenset[UUID]]) -> None:
    """Remember inputs that are under way to the catalogue."""
    if links:
        rows = sorted((dataset_id, array(map(str, inputs))) for dataset_id, inputs in links.items())
        await connection.execute(sql.BRING_LINKS, *columns(rows, 2))


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Rows as the columns that `unnest` takes."""
    return [[row[n] for row in rows] for n in range(width)]


def catalogued_of(row: asyncpg.Record) -> CataloguedDataset:
    """A committed dataset."""
    return CataloguedDataset(
        path=row["path"],
        kind=row["kind"],
        inputs=frozenset(row["inputs"]),
        proposal=row["proposal"] and proposal_key(row["proposal"]),
        sample=row["sample"],
        start=row["start"],
        complete=row["complete"],
        named=row["named"],
        revision=row["revision"],
        inherits=row["inherits"],
        made_at=row["made_at"],
        recollected_at=row["recollected_at"],
    )


def placed_of(row: asyncpg.Record) -> Placed:
    """A committed dataset that may move."""
    facts = DatasetFacts.model_validate_json(row["facts"])
    return Placed(facts, row["revision"], row["investigation_id"], row["in_placeholder"], row["inherits"])


def submission_of(row: asyncpg.Record) -> HeldSummary:
    """A held submission without its record."""
    waits_for = tuple(row.get("waits_for", ()))
    state = State(row["state"])
    if state is State.WAITING and row.get("waits_for_count") == 0:
        state = State.RELEASED  # the relay is about to say so
    return HeldSummary(
        id=SubmissionId(row["its_source"], row["its_receipt"], row["dataset_id"], row["its_content"]),
        dataset_id=row["dataset_id"],
        path=row["path"],
        state=state,
        since=row["since"],
        waits_for=waits_for,
        deadline=row["deadline"],
        refusal=_refusal_of(row) if row["code"] else None,
        unnamed=row.get("waits_for_count", len(waits_for)) - len(waits_for),
        kept_as=row["receipt_id"],
    )


def _refusal_of(row: asyncpg.Record) -> Refusal:
    code = Code(row["code"])  # type: ignore[call-arg]  # mypy reads `__new__`, not the look-up by value
    submitted = Origin.model_validate_json(row["submitted"]) if row["submitted"] else None
    return Refusal(code, row["message"], FINDINGS.validate_json(row["findings"] or "[]"), submitted)


def refusal_row(refusal: Refusal | None) -> tuple[str | None, ...]:
    """The columns of a refusal: code, message, findings, and of which submission it was said first."""
    if refusal is None:
        return None, None, None, None
    submitted = None if refusal.submitted is None else refusal.submitted.model_dump_json()
    return refusal.code, refusal.message, FINDINGS.dump_json(list(refusal.findings)).decode(), submitted


def holding_of(row: asyncpg.Record) -> HeldSubmission:
    """A held submission whole."""
    record = Record(
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        timestamp_ms=row["timestamp_ms"],
        key=row["key"],
        value=row["value"],
        headers=tuple(zip(row["header_names"], row["header_values"], strict=True)),
    )
    return HeldSubmission(
        submission_of(row),
        frozenset(row["inputs"]),
        tuple(row["missing"]),
        record,
        row["awaits_completion"],
        row["ends_with_inputs"],
    )


def _held_row(holding: HeldSubmission) -> tuple[Any, ...]:
    submission, record = holding.summary, holding.record
    return (
        submission.key,
        submission.id.source,
        submission.id.receipt_id,
        submission.id.content,
        submission.dataset_id,
        submission.path,
        submission.state,
        array(map(str, holding.inputs)),
        array(map(str, holding.missing)),
        holding.awaits_completion,
        holding.ends_with_inputs,
        submission.since,
        submission.deadline,
        *refusal_row(submission.refusal),
        record.topic,
        record.partition,
        record.offset,
        record.timestamp_ms,
        record.key,
        record.value,
        array(quoted(name) for name, _ in record.headers),
        array(quoted(f"\\x{value.hex()}") for _, value in record.headers),
    )


def slot_row(slot: Slot) -> tuple[Any, ...]:
    """The columns of KEEP_SLOTS."""
    return (
        slot.investigation_id,
        slot.facility_id,
        slot.number,
        slot.proposal,
        slot.beamline,
        slot.start,
        slot.end,
        slot.title,
        slot.placeholder,
        slot.proposal_name,
        array(quoted(start.isoformat()) for start, _ in slot.actual),
        array(quoted(end.isoformat()) for _, end in slot.actual),
    )


def slot_of_row(row: asyncpg.Record) -> Slot:
    """An investigation. A version that kept separators in proposals may have written it."""
    fields = dict(row)
    actual = zip(fields.pop("actual_starts"), fields.pop("actual_ends"), strict=True)
    return Slot(**fields | {"proposal": proposal_key(row["proposal"]), "actual": tuple(actual)})


def committed_row(fact: Catalogued) -> tuple[Any, ...]:
    """The columns of COMMITTED."""
    placed, dataset = fact.placed, fact.as_input
    return (
        fact.dataset_id,
        dataset.path,
        fact.revision,
        dataset.kind,
        array(map(str, dataset.inputs)),
        dataset.proposal,
        dataset.sample,
        dataset.start,
        dataset.complete,
        placed.investigation_id,
        placed.investigation_id if placed.in_placeholder else None,
        dataset.named,
        placed.facts.model_dump_json().encode(),
        dataset.inherits,
        dataset.made_at,
        dataset.recollected_at,
        fact.submission,
    )
