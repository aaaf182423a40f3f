"""What the linker knows about some datasets, read in a fixed number of queries whatever the number of datasets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from services.linker.inputs.lineage import Node
from services.linker.known import Known
from services.linker.plan.investigations import Plan, open_for
from services.linker.storage.postgres.datasets import near_of
from services.linker.storage.postgres.held import HELD_OF, summary_of
from services.linker.storage.postgres.investigations import homes_and_names, keep_slots, reserved_numbers, slots_of
from services.linker.storage.postgres.locks import OPENING_LOCK, lock
from services.linker.storage.postgres.plan import PlanReader
from services.linker.storage.postgres.snapshot import snapshot_of
from shared.events.dataset import DatasetFacts
from shared.events.identity import Identities
from shared.events.wire import SubmissionId
from shared.foundation.arrays import array
from shared.postgres.bulk import write
from shared.postgres.database import Connection, LateTransaction

MOST_EDGES = 100_000
"""How many edges of the ancestry one batch searches for cycles."""

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
"""The inputs of some datasets, their inputs, and so on.

The joins are lateral, so each step looks its edges up by index, however large the tables are.
"""

ANSWERED = "select submission from answered where submission = any($1::text[])"

BRING_LINKS = """
update dataset set inputs = array(select unnest(dataset.inputs) union select unnest(brought.inputs::uuid[]))
from unnest($1::uuid[], $2::text[]) as brought (id, inputs) where dataset.dataset_id = brought.id
"""


async def read_known(
    connection: Connection,
    plans: PlanReader,
    datasets: Sequence[DatasetFacts],
    submissions: Sequence[SubmissionId],
    *,
    include_inputs: bool = False,
) -> Known:
    """What is committed, held and announced around some datasets.

    It takes one query, and one more each if something is held, and if the plan in memory is not enough. With
    `include_inputs` it also contains what is held of their inputs.
    """
    own = {dataset.dataset_id for dataset in datasets}
    ids = own.union(declared.dataset_id for dataset in datasets for declared in dataset.inputs)
    keys, queues = [each.key for each in submissions], list(ids if include_inputs else own)
    version, is_any_held, known = await snapshot_of(connection, ids, keys, queues)
    held = await connection.fetch(HELD_OF, keys, queues) if is_any_held else ()
    plan = await plans.read(connection, version, *homes_and_names(map(known.addressed, datasets)))
    return replace(known, held=[summary_of(row) for row in held], plan=plan)


async def with_openings(
    transaction: LateTransaction, identities: Identities, datasets: Sequence[DatasetFacts], known: Known
) -> Known:
    """`known` with a new, numbered investigation for each dataset that the plan has no place for.

    A lock keeps other replicas from opening an investigation at the same time, so two of them do not open the same one.
    The plan is read again under the lock, for this batch alone, which adds to it.
    """
    addressed = [known.addressed(dataset) for dataset in datasets]
    if all(known.plan.of(dataset) for dataset in addressed):
        return known
    connection = transaction.connection
    await transaction.begin(lock(OPENING_LOCK))
    plan = Plan(await slots_of(connection, identities, *homes_and_names(addressed)))
    unplanned = [dataset for dataset in addressed if plan.of(dataset) is None]
    numbers = await reserved_numbers(connection, len(unplanned))
    await keep_slots(connection, open_for(unplanned, plan, identities, numbers))
    return replace(known, plan=plan)


async def with_near(connection: Connection, known: Known, datasets: Iterable[DatasetFacts]) -> Known:
    """`known` with the catalogued paths near the inputs that are not catalogued."""
    return replace(known, near=await near_of(connection, known.unknown(datasets)))


async def with_ancestry(connection: Connection, known: Known, datasets: Sequence[DatasetFacts]) -> Known:
    """`known` with everything that the inputs of these datasets come from."""
    inputs = {declared.dataset_id for dataset in datasets for declared in dataset.inputs}
    ancestry: dict[UUID, Node] = {}
    for row in await connection.fetch(ANCESTRY, list(inputs), MOST_EDGES):
        before = ancestry.get(row["child"], Node(row["path"], frozenset()))
        ancestry[row["child"]] = replace(before, inputs=before.inputs | set(row["inputs"]))
    return replace(known, ancestry=ancestry)


async def with_answered(connection: Connection, known: Known, submissions: Iterable[SubmissionId]) -> Known:
    """`known` with those of some submissions that the catalogue has answered before."""
    rows = await connection.fetch(ANSWERED, [each.key for each in submissions])
    return replace(known, answered={row["submission"] for row in rows})


async def bring_links(connection: Connection, links: Mapping[UUID, frozenset[UUID]]) -> None:
    """Save inputs that are on their way to the catalogue."""
    rows = sorted((dataset_id, array(map(str, inputs))) for dataset_id, inputs in links.items())
    await write(connection, BRING_LINKS, rows)
