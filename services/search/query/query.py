"""The query language of `GET /datasets`: the query that a URL expresses, or every fault in it. Pure."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import TypeVar
from uuid import UUID

from services.search.cursors import Key, read_cursor
from services.search.index.question import COLUMN_SORTS, DEFAULT_ROWS, Condition, Query
from services.search.projections.datasets.note import words_of
from services.search.query.faults import FaultCollector, QueryInvalid, dataset_at
from services.search.query.filters import conditions_of
from services.search.query.grammar import FilterInvalid, words_and_conditions
from services.search.query.naming import Naming
from shared.events.identity import Identities, proposal_key, sample_key
from shared.foundation.errors import Fault
from shared.foundation.lists import split
from shared.foundation.times import read_time

T = TypeVar("T")

MOST_ROWS = 500
MOST_CONDITIONS = 20
MOST_WORDS = 20
MOST_COLUMNS = 100
LONGEST_VALUE = 10_000

NUMBERED = re.compile(r"(?<!\S)[^\W\d_]+(?:[-_.][^\W\d_]+)*[-_. ]\d+(?!\S)")
"""Letters and a number with a separator between them, as people write proposals."""

FACETS = ("technique", "kind", "beamline", "proposal", "type", "sample", "finding")
TYPES = ("raw", "processed")
COMPARED: dict[str, Callable[[str], str]] = {"proposal": proposal_key, "sample": sample_key}
"""How the values of a facet are compared. The values of all others are compared in lower case."""
COLUMNS = {
    "id": "dataset_id",
    "path": "path",
    "name": "name",
    "technique": "technique",
    "kind": "kind",
    "sample": "sample",
    "proposal": "proposal",
    "start": "start",
}
"""The columns that every CSV has, each with its name in a row."""
FACTS = (
    *("beamline", "type", "end", "complete", "revision", "submitted_at", "committed_at", "file_count"),
    *("volume_bytes", "number", "findings"),
)
"""The other facts of a row. A CSV has those that are asked for."""
FIELDS = {
    "q": "words; each must occur in name, path, sample, proposal or a text parameter, as a word or as its beginning; "
    "conditions may follow, as in `lysozyme MX_resolution<2`",
    "parameters": "conditions separated by commas, all of which must hold: `MX_resolution<2`, `1.5<MX_resolution<=2`, "
    "`MX_scanType=mesh`, with one of < <= > >= = !=, or as in ICAT+ `name~op~value` with op one of eq, like, gt, gteq, "
    "lt, lteq, in (values separated by `;`), neq; a name alone: the parameter is there. `\\,` and `\\;` are a comma "
    "and a semicolon inside a value; in `like`, `*` or `%` stands for anything. Names may be aliases; a number may "
    "bring a unit, as in `MX_detectorDistance>15 cm`",
    **{
        name: f"one or more of these, separated by commas: the dataset's {name}; letter case does not matter, and `\\,`"
        " is a comma inside a value" + (". Nor do separators matter: MX-1111 is mx1111" if name == "proposal" else "")
        for name in FACETS
        if name != "finding"
    },
    "finding": "one or more codes, separated by commas: the dataset has a finding of one of these",
    "has_warnings": "true: with at least one finding; false: with none",
    "investigation": "ids of investigations, separated by commas: datasets of one of these",
    "path": "the dataset at this path",
    "complete": "true or false",
    "startDate": "ISO 8601; started then or later",
    "endDate": "ISO 8601; started then or earlier; a date alone is the whole day",
    "sort": "start (the default), name, committed_at, or a numeric parameter; without it a dataset is not listed",
    "order": "asc or desc (the default)",
    "limit": f"rows of a page, 1 to {MOST_ROWS}; {DEFAULT_ROWS} by default",
    "cursor": "`next` of the page before",
    "facets": f"counts of values, separated by commas: {', '.join(FACETS)}",
    "count": "true: the number of all that match, as `count`",
    "format": "json (the default) or csv: the page as a table; `Link` in the header leads to the next",
    "columns": f"parameters, or {', '.join(FACTS)}, separated by commas, at most {MOST_COLUMNS}: each is a column of "
    f"the CSV beside {', '.join(COLUMNS)}; in JSON a dataset's `parameters` has the value of each, in the canonical "
    "unit or null",
}


def read_query(pairs: Iterable[tuple[str, str]], identities: Identities, zone: tzinfo, naming: Naming) -> Query:
    """The query that the fields of a URL express.

    Raises:
        QueryInvalid: with every fault that was found.
    """
    fields = _Fields(pairs)
    limit = fields.parsed("limit", _limit)
    order = fields.choice("order", ("asc", "desc"))
    sort = fields.one("sort") or "start"
    sort = sort if sort in COLUMN_SORTS else naming.canonical(sort)
    descending = order != "asc"
    words, written = words_and_conditions(fields.one("q") or "", naming.knows)
    query = Query(
        words=fields.parsed("q", lambda _: _words(words, identities) if words or not written else ()) or (),
        conditions=tuple(
            condition
            for name, texts in (("q", [written]), ("parameters", fields.all("parameters")))
            for text in texts
            for condition in fields.conditions(name, text, naming)
        ),
        values={name: values for name in FACETS if (values := tuple(fields.facet(name)))},
        dataset_id=fields.parsed("path", partial(dataset_at, identities)),
        investigations=tuple(fields.ids("investigation")) or None,
        complete=fields.claim("complete"),
        has_warnings=fields.claim("has_warnings"),
        started_from=fields.parsed("startDate", lambda text: read_time(text, zone)),
        started_until=fields.parsed("endDate", lambda text: read_time(text, zone, end_of_day=True)),
        sort=sort,
        descending=descending,
        limit=DEFAULT_ROWS if limit is None else limit,
        after=fields.parsed("cursor", lambda text: read_cursor(text, order_name(sort, descending), key_type(sort))),
        facets=tuple(fields.among("facets", FACETS)),
        count=fields.claim("count") or False,
        as_csv=fields.choice("format", ("json", "csv")) == "csv",
        columns=tuple(dict.fromkeys(_column(name, naming) for name in fields.columns())),
    )
    if faults := [*fields.faults, *_faults_together(query)]:
        raise QueryInvalid(faults)
    return query


def _faults_together(query: Query) -> Iterator[Fault]:
    """Faults of the fields in combination."""
    for name, items, most in (
        ("parameters", query.conditions, MOST_CONDITIONS),
        ("columns", query.columns, MOST_COLUMNS),
    ):
        if len(items) > most:
            yield Fault(name, f"has {len(items)} entries; at most {most} are allowed")
    for name in ("facets", "count"):
        if query.as_csv and getattr(query, name):
            yield Fault(name, "not available with format=csv; ask for it in another request")


def _column(name: str, naming: Naming) -> str:
    return name.lower() if name.lower() in FACTS else naming.canonical(name)


def order_name(sort: str, descending: bool) -> str:  # noqa: FBT001  # the order is its name
    """The name of an order of rows, as a cursor contains it."""
    return f"{sort.lower()} {'desc' if descending else 'asc'}"


def key_type(sort: str) -> type[Key]:
    """The type of the values by which rows are sorted."""
    return {"name": str, "start": datetime, "committed_at": datetime}.get(sort, float)


class _Fields:
    """The fields of a URL. Reading continues after a fault, so that all faults are reported at once."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._collector = FaultCollector()
        self.faults = self._collector.faults
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in FIELDS:
                near = difflib.get_close_matches(name, FIELDS, 1)
                cure = f"did you mean {near[0]}?" if near else f"the fields are {', '.join(FIELDS)}"
                self.faults.append(Fault(name[:100], f"no such field; {cure}"))
            elif len(value) > LONGEST_VALUE:
                self.faults.append(Fault(name, f"has more than {LONGEST_VALUE} characters; shorten it"))
            elif value.strip():
                self._values.setdefault(name, []).append(value.strip())

    def all(self, name: str) -> list[str]:
        return self._values.get(name, [])

    def items(self, name: str) -> list[str]:
        """The values of a field that may be given several times, or once with commas."""
        return [item.strip() for value in self.all(name) for item in split(value, ",")]

    def facet(self, name: str) -> list[str]:
        """The values of a facet, as they are compared."""
        if name == "type":
            return self.among(name, TYPES)
        key = COMPARED.get(name, str.lower)
        return [key(item) for item in self.items(name)]

    def ids(self, name: str) -> Iterator[UUID]:
        for item in self.items(name):
            try:
                yield UUID(item)
            except ValueError:
                self.faults.append(Fault(name, f"{item[:100]!r} is not the id of an investigation"))

    def columns(self) -> list[str]:
        """The columns that are asked for, without those that are always there."""
        return [item for item in self.items("columns") if item.lower() not in COLUMNS]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            self.faults.append(Fault(name, "give it once"))
        return values[0] if values else None

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self._collector.parsed(name, self.one(name), parse)

    def conditions(self, name: str, text: str, naming: Naming) -> list[Condition]:
        """The conditions on parameters that one field contains."""
        return self._collector.parsed(name, text, lambda given: conditions_of(given, naming)) or []

    def among(self, name: str, choices: Sequence[str]) -> list[str]:
        return [choice for item in self.items(name) if (choice := self._chosen(name, item, choices))]

    def claim(self, name: str) -> bool | None:
        """A field that is true or false; nothing if it is not given."""
        return {None: None, "true": True, "false": False}[self.choice(name, ("true", "false"))]

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        value = self.one(name)
        return None if value is None else self._chosen(name, value, choices)

    def _chosen(self, name: str, value: str, choices: Sequence[str]) -> str | None:
        if value.lower() in choices:
            return value.lower()
        self.faults.append(Fault(name, f"{value[:100]!r} is not one of {', '.join(choices)}"))
        return None


def _words(text: str, identities: Identities) -> tuple[str, ...]:
    """The words of a text. A path in it is replaced by the path in the catalogue."""
    text = " ".join(map(identities.file, text.split()))
    named = {found[0]: "-".join(words_of(found[0])) for found in NUMBERED.finditer(text)}
    apart = words_of(NUMBERED.sub(" ", text))
    words = tuple(dict.fromkeys([*named.values(), *apart]))
    if not words:
        raise FilterInvalid("contains no letter or digit; give words or the beginnings of words")
    if len(words) > MOST_WORDS:
        raise FilterInvalid(f"has {len(words)} words; at most {MOST_WORDS} are allowed")
    return words


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_ROWS):
        raise FilterInvalid(f"{text[:100]!r} is not a number of rows from 1 to {MOST_ROWS}")
    return int(text)
