"""The datasets that a query finds, as a table, JSON or CSV. Each page is printed as it comes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from clients.cli.connection.api import Api
from clients.cli.terminal.output import (
    Failed,
    console,
    errors,
    fail,
    json_text,
    print_file,
    print_json,
    print_table,
    print_wrong,
)
from clients.cli.terminal.tables import shortened

DATASETS = "/datasets"
PAGE_ROWS = 500
WIDE_PAGE_ROWS = 100
"""Rows of a page if parameters are columns, because their values may be long."""
LONGEST_VALUE = 200
"""The most characters of a value in a table; JSON and CSV contain all of it."""
SHOWN_COLUMNS = ("name", "kind", "sample", "proposal", "start", "revision", "path")

Row = Mapping[str, Any]
Page = dict[str, Any]


@dataclass(frozen=True)
class Search:
    """A query, the columns to show, and how many datasets."""

    api: Api
    query: Mapping[str, str | None]
    columns: Sequence[str]
    limit: int | None
    """The most datasets; None for all."""

    @property
    def asked(self) -> dict[str, object]:
        """The query fields of the first page."""
        rows = self.limit or (WIDE_PAGE_ROWS if self.columns else PAGE_ROWS)
        return {**self.query, "columns": ",".join(self.columns) or None, "limit": rows}

    def pages(self) -> Iterator[Page]:
        """The pages: one, or all that there are. The first has the total count."""
        pages = self.api.pages(DATASETS, **self.asked, count="true")
        return pages if self.limit is None else iter([next(pages)])


def print_found(search: Search) -> bool:
    """Print the datasets as a table, and how to get the rest. Returns whether there are any."""
    pages = search.pages()
    first = next(pages)
    columns = _columns(first["datasets"], search.columns)
    shown = 0

    def rows() -> Iterator[list[object]]:
        nonlocal shown
        for row in _rows(first, pages):
            shown += 1
            yield [_cell(row, column) for column in columns]

    print_table(columns, rows())
    count: int = first["count"]
    rest = "; --all shows all of them" if shown < count else ""
    console.print(f"{shown} of {count}{rest}")
    return count > 0


def print_found_json(search: Search) -> bool:
    """Print the page as search returns it, or all pages as one document of that form. Returns whether there are any."""
    pages = search.pages()
    first = next(pages)
    if search.limit is not None:
        print_json(first)
        return bool(first["datasets"])
    told = {name: value for name, value in first.items() if name != "datasets"} | {"next": None}
    typer.echo('{\n  "datasets": [', nl=False)
    separator, failure = "\n    ", None
    try:
        for row in _rows(first, pages):
            typer.echo(f"{separator}{json_text(row)}", nl=False)
            separator = ",\n    "
    except Failed as failed:
        failure = failed
        told |= {"error": str(failed), "exit_code": failed.code}
    typer.echo(f"\n  ],\n  {json_text(told)[1:-1]}\n}}")
    if failure is not None:
        print_wrong(failure)
        raise typer.Exit(failure.code)
    return bool(first["datasets"])


def print_found_csv(search: Search) -> bool:
    """Print the CSV that search returns, all pages under one header. Returns whether there are any datasets."""
    query, header, has_rows = {**search.asked, "format": "csv"}, "", False
    while True:
        text, following = search.api.sheet(DATASETS, **query)
        header = header or text[: text.find("\n") + 1]
        has_rows = has_rows or text != header
        print_file(text.removeprefix(header) if "cursor" in query else text)
        if following is None or search.limit is not None:
            break
        query["cursor"] = following
    if following is not None:
        errors.print("there are more: add --all")
    return has_rows


def dataset_at(api: Api, path: str) -> dict[str, Any]:
    """The row of the dataset at a path. If there is none, the command ends."""
    datasets: list[dict[str, Any]] = api.search("/datasets", path=path)["datasets"]
    if not datasets:
        fail(api.nothing(f"no dataset is catalogued at {path}"))
    return datasets[0]


def print_datasets(datasets: list[dict[str, Any]]) -> None:
    """Print rows of the catalogue as a table."""
    print_table(SHOWN_COLUMNS, [[dataset.get(column) for column in SHOWN_COLUMNS] for dataset in datasets])


def _rows(first: Page, others: Iterator[Page]) -> Iterator[Row]:
    yield from first["datasets"]
    for page in others:
        yield from page["datasets"]


def _columns(rows: Sequence[Row], wanted: Sequence[str]) -> list[str]:
    """The columns of a table: the requested ones between name and path, a parameter under its canonical name."""
    if not wanted:
        return list(SHOWN_COLUMNS)
    row = rows[0] if rows else dict.fromkeys(wanted)
    facts = [name for each in wanted if (name := each.lower()) in row]
    parameters = row.get("parameters") or {}
    return list(dict.fromkeys(["name", *facts, *parameters, "path"]))


def _cell(row: Row, column: str) -> object:
    if column in row:
        value = row[column]
        return ", ".join(value) if isinstance(value, list) else value
    value = (row.get("parameters") or {}).get(column)
    return value if value is None else shortened(value if isinstance(value, str) else json_text(value), LONGEST_VALUE)
