"""The query language of `GET /datasets`: what a URL asks, or every fault of it with its cure. Pure."""

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
from services.search.query.grammar import FilterInvalid, split, words_and_conditions
from services.search.query.naming import Naming
from shared.events.identity import Identities, proposal_key, sample_key
from shared.foundation.errors import Fault
from shared.foundation.times import read_time

T = TypeVar("T")

MOST_ROWS = 500
MOST_CONDITIONS = 20
MOST_WORDS = 20
MOST_COLUMNS = 100
LONGEST_VALUE = 10_000

NUMBERED = re.compile(r"(?<!\S)[^\W\d_]+(?:[-_.][^\W\d_]+)*[-_. ]\d+(?!\S)")
"""Letters and a number with something between them, as people write proposals."""

FACETS = ("technique", "kind", "beamline", "proposal", "type", "sample", "finding")
TYPES = ("raw", "processed")
COMPARED: dict[str, Callable[[str], str]] = {"proposal": proposal_key, "sample": sample_key}
"""How the values of a facet are compared where it is not only without letter case."""
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
"""The columns that are always in a CSV, and what a row calls them."""
FACTS = (
    *("beamline", "type", "end", "complete", "revision", "submitted_at", "committed_at", "file_count"),
    *("volume_bytes", "number", "findings"),
)
"""What else a row has, and a CSV where it is asked for."""
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
    """The query that a URL's fields ask.

    Raises:
        QueryInvalid: with every fault that was found.
    """
    said = _Fields(pairs)
    limit = said.parsed("limit", _limit)
    order = said.choice("order", ("asc", "desc"))
    sort = said.one("sort") or "start"
    sort = sort if sort in COLUMN_SORTS else naming.canonical(sort)
    descending = order != "asc"
    words, written = words_and_conditions(said.one("q") or "", naming.knows)
    query = Query(
        words=said.parsed("q", lambda _: _words(words, identities) if words or not written else ()) or (),
        conditions=tuple(
            condition
            for name, texts in (("q", [written]), ("parameters", said.all("parameters")))
            for text in texts
            for condition in said.conditions(name, text, naming)
        ),
        values={name: values for name in FACETS if (values := tuple(said.facet(name)))},
        dataset_id=said.parsed("path", partial(dataset_at, identities)),
        investigations=tuple(said.ids("investigation")) or None,
        complete=said.claim("complete"),
        has_warnings=said.claim("has_warnings"),
        started_from=said.parsed("startDate", lambda text: read_time(text, zone)),
        started_until=said.parsed("endDate", lambda text: read_time(text, zone, end_of_day=True)),
        sort=sort,
        descending=descending,
        limit=DEFAULT_ROWS if limit is None else limit,
        after=said.parsed("cursor", lambda text: read_cursor(text, order_name(sort, descending), key_type(sort))),
        facets=tuple(said.among("facets", FACETS)),
        count=said.claim("count") or False,
        as_csv=said.choice("format", ("json", "csv")) == "csv",
        columns=tuple(dict.fromkeys(_column(name, naming) for name in said.columns())),
    )
    if faults := [*said.faults, *_faults_together(query)]:
        raise QueryInvalid(faults)
    return query


def _faults_together(query: Query) -> Iterator[Fault]:
    """What is wrong only beside something else."""
    for name, items, most in (
        ("parameters", query.conditions, MOST_CONDITIONS),
        ("columns", query.columns, MOST_COLUMNS),
    ):
        if len(items) > most:
            yield Fault(name, f"{len(items)} of them; at most {most}")
    for name in ("facets", "count"):
        if query.as_csv and getattr(query, name):
            yield Fault(name, "there is no place for it in format=csv; ask for it apart")


def _column(name: str, naming: Naming) -> str:
    return name.lower() if name.lower() in FACTS else naming.canonical(name)


def order_name(sort: str, descending: bool) -> str:  # noqa: FBT001  # the order is its name
    """The order of rows, as a cursor remembers it."""
    return f"{sort.lower()} {'desc' if descending else 'asc'}"


def key_type(sort: str) -> type[Key]:
    """What rows are sorted by."""
    return {"name": str, "start": datetime, "committed_at": datetime}.get(sort, float)


class _Fields:
    """The fields as they were given; goes on after a fault, so that all are told at once."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._collector = FaultCollector()
        self.faults = self._collector.faults
        self._said: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in FIELDS:
                near = difflib.get_close_matches(name, FIELDS, 1)
                cure = f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}"
                self.faults.append(Fault(name[:100], f"no such field; {cure}"))
            elif len(value) > LONGEST_VALUE:
                self.faults.append(Fault(name, f"leave out all beyond {LONGEST_VALUE} characters"))
            elif value.strip():
                self._said.setdefault(name, []).append(value.strip())

    def all(self, name: str) -> list[str]:
        return self._said.get(name, [])

    def items(self, name: str) -> list[str]:
        """The values of a field that may be given often, or once with commas."""
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
        """What `columns` names beside those that are there anyway."""
        return [item for item in self.items("columns") if item.lower() not in COLUMNS]

    def one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            self.faults.append(Fault(name, "give it once"))
        return values[0] if values else None

    def parsed(self, name: str, parse: Callable[[str], T]) -> T | None:
        return self._collector.parsed(name, self.one(name), parse)

    def conditions(self, name: str, text: str, naming: Naming) -> list[Condition]:
        """What one field says of parameters."""
        return self._collector.parsed(name, text, lambda said: conditions_of(said, naming)) or []

    def among(self, name: str, choices: Sequence[str]) -> list[str]:
        return [choice for item in self.items(name) if (choice := self._chosen(name, item, choices))]

    def claim(self, name: str) -> bool | None:
        """Whether something shall be, or nothing if it does not matter."""
        return {None: None, "true": True, "false": False}[self.choice(name, ("true", "false"))]

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        value = self.one(name)
        return None if value is None else self._chosen(name, value, choices)

    def _chosen(self, name: str, value: str, choices: Sequence[str]) -> str | None:
        if value.lower() in choices:
            return value.lower()
        self.faults.append(Fault(name, f"{value[:100]!r} is none of {', '.join(choices)}"))
        return None


def _words(text: str, identities: Identities) -> tuple[str, ...]:
    """The words of a text; of a path in it, as the catalogue has that path."""
    text = " ".join(map(identities.file, text.split()))
    named = {found[0]: "-".join(words_of(found[0])) for found in NUMBERED.finditer(text)}
    apart = words_of(NUMBERED.sub(" ", text))
    words = tuple(dict.fromkeys([*named.values(), *apart]))
    if not words:
        raise FilterInvalid("no letter and no digit in it; give words or the beginnings of words")
    if len(words) > MOST_WORDS:
        raise FilterInvalid(f"{len(words)} words; at most {MOST_WORDS}")
    return words


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_ROWS):
        raise FilterInvalid(f"{text[:100]!r} is no number of rows from 1 to {MOST_ROWS}")
    return int(text)
