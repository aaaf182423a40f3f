"""Pages of datasets with chosen columns, as CSV (RFC 4180) or JSON."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.search.query.catalogue import CatalogueReader
from services.search.query.naming import Naming
from services.search.query.query import COLUMNS, FACTS
from shared.foundation.sheets import cell_of
from shared.postgres.statement import Row

ValuedRows = list[tuple[Row, dict[str, Any]]]
"""Datasets, each with the values of its columns by name; None if there is no canonical value."""
RowWriter = Callable[[ValuedRows], str]


async def sheet(
    reader: CatalogueReader, naming: Naming, rows: Sequence[Row], columns: Sequence[str]
) -> AsyncIterator[str]:
    """The lines of a CSV: a header, and a line for each dataset. Numbers are in the canonical unit.

    A value that is not canonical is an empty cell, because sentinels among numbers would be added up.
    """
    yield _lines([[*COLUMNS, *map(cell_of, columns)]])
    async for lines in _lots(reader, naming, rows, columns, _sheet_lines):
        yield lines


async def json_page(reader: CatalogueReader, naming: Naming, answer: Row, columns: Sequence[str]) -> AsyncIterator[str]:
    """A page as JSON, in which each dataset has `parameters`: the values of the columns by name."""
    rows = answer.pop("datasets")
    separator = '{"datasets":['
    async for datasets in _lots(reader, naming, rows, columns, _json_rows):
        yield separator + datasets
        separator = ","
    yield f"{'' if rows else separator}],{to_json(answer).decode()[1:]}"


async def _lots(
    reader: CatalogueReader, naming: Naming, rows: Sequence[Row], columns: Sequence[str], write: RowWriter
) -> AsyncIterator[str]:
    """The output for the datasets, lot by lot."""
    spellings = {column: naming.spellings(column) for column in columns if column not in FACTS}
    for some in await reader.lots(rows):
        events = await reader.events([(row["dataset_id"], row["revision"]) for row in some]) if spellings else {}
        yield await asyncio.to_thread(_written, some, events, columns, spellings, write)


def _written(
    rows: Sequence[Row],
    events: Mapping[UUID, bytes],
    columns: Sequence[str],
    spellings: Mapping[str, Sequence[str]],
    write: RowWriter,
) -> str:
    valued: ValuedRows = []
    for row in rows:
        parameters = _parameters(events[row["dataset_id"]]) if spellings else {}
        values = {
            column: next((parameters[name] for name in spellings[column] if name in parameters), None)
            if column in spellings
            else row[column]
            for column in columns
        }
        valued.append((row, values))
    return write(valued)


def _parameters(event: bytes) -> dict[str, Any]:
    """Values by name in lower case."""
    parameters: dict[str, Any] = json.loads(event)["document"]["parameters"]
    return {name.lower(): parameter.get("value") for name, parameter in parameters.items()}


def _json_rows(valued: ValuedRows) -> str:
    return ",".join(
        to_json(row | {"parameters": {name: value for name, value in values.items() if name not in FACTS}}).decode()
        for row, values in valued
    )


def _sheet_lines(valued: ValuedRows) -> str:
    return _lines(
        [[_cell(cell) for cell in (*map(row.get, COLUMNS.values()), *values.values())] for row, values in valued]
    )


def _cell(value: object) -> str:
    """The cell of a value: text in a form that is safe in a sheet, None as an empty cell, all else as JSON."""
    if value is None:
        return ""
    text = to_json(value).decode()
    return cell_of(json.loads(text)) if text.startswith('"') else text


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
