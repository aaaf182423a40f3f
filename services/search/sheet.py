"""A page of datasets as CSV (RFC 4180): a header, and a line a dataset."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.search.naming import Naming
from services.search.query import COLUMNS
from services.search.reading import CatalogueReader, Row
from shared.sheets import cell_of


async def sheet(
    reader: CatalogueReader, naming: Naming, rows: Sequence[Row], columns: Sequence[str]
) -> AsyncIterator[str]:
    """The lines, some datasets at a time; each parameter is a column, its numbers in the canonical unit.

    What has no canonical value is an empty cell: a sheet that holds sentinels among numbers is added up wrongly.
    """
    spellings = [naming.spellings(column) for column in columns]
    yield _lines([[*COLUMNS, *map(cell_of, columns)]])
    for some in await reader.lots(rows):
        events = await reader.events([(row["dataset_id"], row["revision"]) for row in some]) if columns else {}
        yield await asyncio.to_thread(_rows, some, events, spellings)


def _rows(rows: Sequence[Mapping[str, Any]], events: Mapping[UUID, bytes], spellings: Sequence[Sequence[str]]) -> str:
    lines = []
    for row in rows:
        parameters = _parameters(events[row["dataset_id"]]) if spellings else {}
        lines.append([*(_cell(row[fact]) for fact in COLUMNS.values()), *_values(parameters, spellings)])
    return _lines(lines)


def _parameters(event: bytes) -> dict[str, Any]:
    """Values by name in lower case."""
    parameters: dict[str, Any] = json.loads(event)["document"]["parameters"]
    return {name.lower(): parameter.get("value") for name, parameter in parameters.items()}


def _values(parameters: Mapping[str, Any], spellings: Sequence[Sequence[str]]) -> list[str]:
    return [_cell(next((parameters[name] for name in names if name in parameters), None)) for names in spellings]


def _cell(value: object) -> str:
    """Text as a sheet can hold it, nothing as nothing, and everything else as JSON writes it."""
    if value is None:
        return ""
    text = to_json(value).decode()
    return cell_of(json.loads(text)) if text.startswith('"') else text


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
