"""The parameters of a query as the index knows them, or suggestions for names that it does not know."""

import difflib
from collections.abc import Iterable, Mapping

from services.search.index.port import Index, KnownParameter
from services.search.index.question import COLUMN_SORTS, Query
from services.search.query.faults import QueryInvalid
from services.search.query.grammar import spelled_out
from services.search.query.naming import Naming
from services.search.query.query import COLUMNS, FACTS
from shared.foundation.errors import Fault
from shared.postgres.database import Connection

ALIKE = 0.75
"""How similar a name must be to be suggested; 1 is equal."""


async def names_of(
    index: Index, connection: Connection, query: Query, naming: Naming
) -> dict[str, list[KnownParameter]]:
    """The parameters of a query as the index knows them, by name in lower case.

    Raises:
        QueryInvalid: neither a dataset nor the vocabulary has one of them, or the query sorts by something that is not
            a single number.
    """
    wanted = {condition.name: "parameters" for condition in query.conditions} | {
        column: "columns" for column in query.columns if column not in FACTS
    }
    by = None if query.sort.lower() in COLUMN_SORTS else query.sort
    if by:
        wanted.setdefault(by, "sort")
    if not wanted:
        return {}
    names = await _known(index, connection, wanted, naming)
    if unknown := [name for name in wanted if not names[name.lower()] and not naming.knows(name)]:
        known = {each.lower(): each for each in await index.parameter_names(connection)}
        raise QueryInvalid([_unknown(wanted[name], name, known, naming) for name in unknown])
    if by and sum(not one.many for one in names[by.lower()]) > 1:
        raise QueryInvalid([Fault("sort", f"{query.sort!r} is several parameters; sort by a single number")])
    if by and names[by.lower()] and all(one.many for one in names[by.lower()]):
        raise QueryInvalid([Fault("sort", f"{query.sort!r} is a list; sort by a single number")])
    return names


async def _known(
    index: Index, connection: Connection, wanted: Iterable[str], naming: Naming
) -> dict[str, list[KnownParameter]]:
    spelled: dict[str, set[str]] = {}
    for name in wanted:
        for spelling in naming.spellings(name):
            spelled.setdefault(spelling, set()).add(name.lower())
    names: dict[str, list[KnownParameter]] = {name.lower(): [] for name in wanted}
    for parameter in await index.parameters(connection, spelled):
        for name in spelled[parameter.name.lower()]:
            names[name].append(parameter)
    return names


def _unknown(field: str, name: str, known: Mapping[str, str], naming: Naming) -> Fault:
    lower = name.lower()
    others = {"columns": (*COLUMNS, *FACTS), "sort": tuple(COLUMN_SORTS)}.get(field, ())
    known = {**known, **{other: other for other in others}}
    near = [known[match] for match in difflib.get_close_matches(lower, known, 3, ALIKE)]
    if not near and (suggestion := naming.suggestion(name)):
        near = [suggestion]
    near = near or sorted(known[each] for each in known if each.endswith(f"_{lower}"))[:3]
    if near:
        cure = f"did you mean {' or '.join(near)}?"
    elif meant := spelled_out(name):
        cure = f"write {meant}"
    elif name[:1].isdigit():
        cure = "a comma ends a condition: write a decimal point, or \\, for a comma in a value"
    else:
        cure = "the document of a dataset lists the names of its parameters"
    if field == "sort":
        cure += f"; you can also sort by {', '.join(COLUMN_SORTS)}"
    return Fault(field, f"no dataset has a parameter {name[:100]!r}; {cure}")
