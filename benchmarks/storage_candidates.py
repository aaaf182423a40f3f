# ruff: noqa: S608 - SQL of its own constants
"""The ways to store and index parameters that `parameter_storage.py` compares."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import cramjam

from benchmarks.mx_datasets import NAMES, NORMAL, NUMBERS, NUMERIC, Dataset

BLOCK = 256
Rows: TypeAlias = Iterable[Sequence[Any]]
Batch: TypeAlias = list[Dataset]


@dataclass(frozen=True)
class Candidate:
    """A table and the rows of a batch for it. An index also has the SQL for the ordinals of a condition."""

    table: str
    ddl: str
    rows: Callable[[Batch], Rows]
    between: Callable[[str, Any, Any], str] = lambda *_: ""
    like: Callable[[str, str], str] = lambda *_: ""
    scan: bool = False
    """One row for each dataset. Conditions are the WHERE clause of one scan."""
    insert: str = ""
    """The insert statement, if it is not COPY."""
    tidy: str = ""
    """The periodic tidying, for each name if it has a parameter. It is part of the cost of writing."""

    def matching(self, *conditions: str) -> str:
        """The ordinals of the datasets that match all conditions."""
        if self.scan:
            return f"SELECT ordinal FROM {self.table} WHERE {' AND '.join(conditions)}"
        return " INTERSECT ".join(conditions)


# ---- one row a value ----
def value_rows(kind: str) -> Callable[[Batch], Rows]:
    """(name, value, ordinal) of all ``numbers`` or ``texts``, in the order of the index."""
    return lambda batch: sorted((NAMES[n], value, d.ordinal) for d in batch for n, value in getattr(d, kind).items())


def table_of_values(table: str, value: str, kind: str, more: str = "") -> Candidate:
    """One index covers the row."""
    asked = f"SELECT ordinal FROM {table} WHERE name_id = {{}} AND value {{}}"
    return Candidate(
        table,
        f"(name_id int, value {value}, ordinal int); CREATE INDEX ON {table} (name_id, value, ordinal); {more}",
        value_rows(kind),
        lambda name, low, high: asked.format(NAMES[name], f"BETWEEN {low} AND {high}"),
        lambda name, part: asked.format(NAMES[name], f"LIKE '%{part}%'"),
    )


def deferred(indexed: Candidate, fresh: str) -> Candidate:
    """Rows are written without an index, and later moved in bulk to the indexed table, in its order."""
    return replace(
        indexed,
        ddl=f"{indexed.ddl}; CREATE TABLE {fresh} (LIKE {indexed.table})",
        insert=f"INSERT INTO {fresh} SELECT * FROM unnest($1::int[], $2::float8[], $3::int[])",
        between=lambda *asked: (
            f"({indexed.between(*asked)} UNION ALL {indexed.between(*asked).replace(indexed.table, fresh)})"
        ),
        tidy=f"""WITH moved AS (DELETE FROM {fresh} RETURNING *)
            INSERT INTO {indexed.table} SELECT * FROM moved ORDER BY name_id, value""",
    )


# ---- one row a parameter and batch ----
def block_rows(kind: str) -> Callable[[Batch], Rows]:
    """All values of a parameter in order, and the ordinals of their datasets."""

    def rows(batch: Batch) -> Rows:
        grouped: dict[int, tuple[list[Any], list[int]]] = defaultdict(lambda: ([], []))
        for name, value, ordinal in value_rows(kind)(batch):
            grouped[name][0].append(value)
            grouped[name][1].append(ordinal)
        return [(name, False, values[0], values[-1], values, of) for name, (values, of) in grouped.items()]

    return rows


def table_of_blocks(table: str, entry: str, kind: str) -> Candidate:
    """Sealing: the values of a parameter from many blocks are sorted together and divided into new blocks, once."""
    asked = f"""SELECT ordinal FROM (SELECT unnest(entries) AS entry, unnest(ordinals) AS ordinal FROM {table}
        WHERE name_id = {{}} {{}}) AS block WHERE entry {{}}"""
    return Candidate(
        table,
        f"""(name_id int, sealed bool, low {entry}, high {entry}, entries {entry}[], ordinals int[]);
            CREATE INDEX ON {table} (name_id, low, high); CREATE INDEX ON {table} (name_id) WHERE NOT sealed""",
        block_rows(kind),
        lambda name, low, high: asked.format(
            NAMES[name], f"AND low <= {high} AND high >= {low}", f"BETWEEN {low} AND {high}"
        ),
        lambda name, part: asked.format(NAMES[name], "", f"LIKE '%{part}%'"),
        tidy=f"""WITH young AS (DELETE FROM {table} WHERE name_id = $1 AND NOT sealed RETURNING entries, ordinals),
            single AS (SELECT unnest(entries) AS entry, unnest(ordinals) AS ordinal FROM young),
            run AS (SELECT array_agg(entry) AS e, array_agg(ordinal) AS o
                    FROM (SELECT * FROM single ORDER BY entry) AS sorted)
            INSERT INTO {table} (name_id, sealed, low, high, entries, ordinals)
            SELECT $1, true, e[i], e[least(i + {BLOCK - 1}, cardinality(e))], e[i:i + {BLOCK - 1}], o[i:i + {BLOCK - 1}]
            FROM run, generate_series(1, cardinality(e), {BLOCK}) AS i""",
    )


# ---- one row a dataset ----
KEYED, ROW = "(key uuid PRIMARY KEY, body %s)", "(ordinal int PRIMARY KEY, %s)"
FIGURES = NORMAL["raw"] | NORMAL["processed"]
PROMOTED = [*FIGURES][::8]


def slot(name: str, low: float, high: float) -> str:
    """The condition on an array with a place for each numeric parameter of the kind."""
    kind = "raw" if name in NUMBERS["raw"] else "processed"
    return f"kind = '{kind}' AND numbers[{NUMBERS[kind].index(name) + 1}] BETWEEN {low} AND {high}"


def token(name: str, value: float) -> int:
    """The parameter, and the number of the value's bucket, of 128 buckets with equal numbers of values."""
    bucket = min(127, int(FIGURES[name].cdf(value) * 128)) if name in FIGURES else int(value)
    return NAMES[name] * 128 + bucket


def token_between(name: str, low: float, high: float) -> str:
    """All values of inner buckets match. Those of the buckets at both ends are checked again."""
    first, last = token(name, low), token(name, high)
    inside = f"tokens && ARRAY(SELECT generate_series({first + 1}, {last - 1}))"
    return f"({inside} OR (tokens && ARRAY[{first}, {last}] AND {slot(name, low, high)}))"


def json_between(name: str, low: object, high: object) -> str:
    """A range of numbers by the expression; equal strings by containment, which GIN serves."""
    if isinstance(low, str):
        return f"body @> '{json.dumps({name: low[1:-1]})}'"
    return f"(body->>'{name}')::float8 BETWEEN {low} AND {high}"


def promoted_row(dataset: Dataset) -> tuple[object, ...]:
    """A column for each number, the texts and the originals in JSON."""
    rest = json.dumps([dataset.texts, [*map(str, dataset.numbers.values())]])
    return (dataset.dataset_id, *map(dataset.numbers.get, NUMERIC), rest)


def documents(batch: Batch) -> Rows:
    """The document by its key."""
    return [(d.dataset_id, d.document()) for d in batch]


CATALOGUE = [
    Candidate(
        "parameter_rows",
        "(key uuid, name_id int, original text, number float8, string text, PRIMARY KEY (key, name_id))",
        lambda batch: [
            (d.dataset_id, NAMES[name], str(value), *((value, None) if name in d.numbers else (None, value)))
            for d in batch
            for name, value in (d.numbers | d.texts).items()
        ],
    ),
    Candidate(
        "promoted_columns",
        f"(key uuid PRIMARY KEY, {', '.join(f'n{at} float8' for at in range(len(NUMERIC)))}, rest jsonb)",
        lambda batch: [promoted_row(d) for d in batch],
    ),
    Candidate("jsonb_column", KEYED % "jsonb", documents),
    Candidate("json_column", KEYED % "json", documents),
    Candidate("text_uncompressed", KEYED % "text STORAGE EXTERNAL", documents),
    Candidate(
        "lz4_by_the_writer",
        f"{KEYED % 'bytea STORAGE EXTERNAL'} WITH (toast_tuple_target = 8160)",
        lambda batch: [(d.dataset_id, bytes(cramjam.lz4.compress_block(d.document().encode()))) for d in batch],
    ),
]
JSONB = Candidate(
    "jsonb",
    f"{ROW % 'body jsonb'}; CREATE INDEX ON jsonb USING gin (body jsonb_path_ops)"
    + "".join(f"; CREATE INDEX ON jsonb (((body->>'{name}')::float8))" for name in PROMOTED),
    lambda batch: [(d.ordinal, json.dumps(d.numbers | d.texts)) for d in batch],
    json_between,
    lambda name, part: f"body->>'{name}' LIKE '%{part}%'",
    scan=True,
)
NUMBER_INDEXES = [
    table_of_values("number_rows", "float8", "numbers"),
    deferred(table_of_values("number_deferred", "float8", "numbers"), "number_fresh"),
    JSONB,
    Candidate(
        "promoted",
        ROW % ", ".join(f'"{name}" float8' for name in NUMERIC)
        + "".join(f'; CREATE INDEX ON promoted ("{name}")' for name in PROMOTED),
        lambda batch: [(d.ordinal, *map(d.numbers.get, NUMERIC)) for d in batch],
        lambda name, low, high: f'"{name}" BETWEEN {low} AND {high}',
        scan=True,
    ),
    Candidate(
        "number_array",
        ROW % "kind text, numbers float8[]",
        lambda batch: [(d.ordinal, d.context[0], [*d.numbers.values()]) for d in batch],
        slot,
        scan=True,
    ),
    Candidate(
        "gin_buckets",
        f"{ROW % 'kind text, numbers float8[], tokens int[]'}; CREATE INDEX ON gin_buckets USING gin (tokens)",
        lambda batch: [
            (d.ordinal, d.context[0], [*d.numbers.values()], [token(*number) for number in d.numbers.items()])
            for d in batch
        ],
        token_between,
        scan=True,
    ),
    table_of_blocks("number_block", "float8", "numbers"),
]
TEXT_INDEXES = [
    table_of_values("text_rows", "text", "texts", "CREATE INDEX ON text_rows USING gin (value gin_trgm_ops)"),
    table_of_blocks("text_block", "text", "texts"),
    JSONB,
]
