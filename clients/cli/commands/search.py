"""The command that finds datasets."""

import difflib
import shlex
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from clients.cli.catalogue.results import Search, print_found, print_found_csv, print_found_json
from clients.cli.connection.api import Api, connect
from clients.cli.connection.fields import any_of, any_of_lists
from clients.cli.connection.settings import settings, time_of
from clients.cli.terminal.completion import techniques_and_kinds
from clients.cli.terminal.output import WRONG, Json, console, errors, fail
from shared.events.identity import proposal_key

FIXED_WORDS = ("technique", "kind", "finding", "proposal", "beamline")
SHOWN_VALUES = 30
MOST_VALUES = 100
"""The most values that search counts in a facet."""
FOUND = 20
MOST_FOUND = 500
"""The most datasets of one page."""
ALIKE = 0.6
DAYS = {"today": 0, "yesterday": 1}


class Order(StrEnum):
    """The order of the results."""

    ASC = "asc"
    DESC = "desc"


Several = "Several (any of them): separate them by commas, or repeat the option."


def find(  # noqa: PLR0913  # each is an option of the command
    q: Annotated[
        str | None,
        typer.Argument(
            help="Words in name, path, sample, proposal or text parameters; conditions may follow, as in"
            " 'lysozyme MX_resolution<2'."
        ),
    ] = None,
    *,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameters",
            "-p",
            help="Conditions that must hold, such as 'MX_resolution<2, MX_flux>=1e12' or name~op~value as in ICAT+.",
        ),
    ] = None,
    technique: Annotated[
        list[str] | None, typer.Option(help=f"Such as MX. {Several}", autocompletion=techniques_and_kinds)
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help=f"Such as mx.raw.datacollection. {Several}", autocompletion=techniques_and_kinds),
    ] = None,
    type_: Annotated[list[str] | None, typer.Option("--type", help="raw or processed.")] = None,
    proposal: Annotated[list[str] | None, typer.Option(help=f"With separators or without. {Several}")] = None,
    sample: Annotated[
        list[str] | None, typer.Option(help="Exact name of a sample; may be repeated (any of them).")
    ] = None,
    beamline: Annotated[list[str] | None, typer.Option(help=Several)] = None,
    finding: Annotated[
        list[str] | None, typer.Option(help=f"Code of a finding, such as value_implausible. {Several}")
    ] = None,
    warnings: Annotated[
        bool | None, typer.Option("--has-warnings/--no-warnings", help="Only datasets with findings, or without.")
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option("--from", help="Earliest start: 2024-11-30, 2024-11-30T09:00, today, yesterday."),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help="Latest start; a date includes the whole day, in the facility's zone."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option(help="start (default), name, committed_at or a numeric parameter.")
    ] = None,
    order: Annotated[Order | None, typer.Option(help="asc or desc (default).")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(help="Columns beside name and path: parameters, or facts such as beamline, separated by commas."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, max=MOST_FOUND, help=f"The number of datasets (default {FOUND}).")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All datasets that are found, page by page.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with the columns of search and --columns.")] = False,
    as_json: Json = False,
) -> None:
    """Find datasets. Exit code 1 if none is found."""
    if every and limit is not None:
        fail("--all and --limit: give only one of them", WRONG)
    if as_csv and as_json:
        fail("--csv and --json: give only one of them", WRONG)
    wanted = {
        "q": q,
        "parameters": any_of_lists(parameters),
        "technique": any_of_lists(technique),
        "kind": any_of_lists(kind),
        "type": any_of_lists(type_),
        "proposal": any_of_lists(proposal),
        "sample": any_of(sample),
        "beamline": any_of_lists(beamline),
        "finding": any_of_lists(finding),
        "has_warnings": None if warnings is None else str(warnings).lower(),
        **_period(begin, end),
        "sort": sort,
        "order": order,
    }
    names = [name for each in columns or () for part in each.split(",") if (name := part.strip())]
    search = Search(connect(), wanted, names, None if every else limit or FOUND)
    write = print_found_json if as_json else print_found_csv if as_csv else print_found
    if not write(search):
        errors.print(search.api.nothing("nothing was found"), markup=False)
        if not as_json and not as_csv:
            _tell_what_there_is(search.api, wanted)
        raise typer.Exit(1)


def _period(begin: str | None, end: str | None) -> dict[str, str | None]:
    """The times for search, in the facility's time zone. If one is not a time, the command ends."""
    if begin is None and end is None:
        return {}
    known = settings()
    begin, end = (_day(said, known.time_zone) for said in (begin, end))
    first = time_of("--from", begin, known) if begin else None
    last = time_of("--to", end, known, end_of_day=True) if end else None
    if first and last and first > last:
        fail(f"--from {begin} is later than --to {end}: give the earlier one with --from", WRONG)
    return {"startDate": begin, "endDate": end}


def _day(said: str | None, zone: str) -> str | None:
    """`today` and `yesterday` as dates, everything else unchanged."""
    days = DAYS.get((said or "").strip().lower())
    return said if days is None else str((datetime.now(ZoneInfo(zone)) - timedelta(days=days)).date())


def _tell_what_there_is(api: Api, wanted: dict[str, str | None]) -> None:
    """For each requested word that no dataset has, print the words of the catalogue."""
    q = wanted["q"] or ""
    if "=" in q or "~" in q:
        console.print(f"if that is a condition on a parameter: beamcat find -p {shlex.quote(q)}", markup=False)
    words = {facet: said for facet in FIXED_WORDS if (said := wanted[facet])}
    if not words:
        return
    known = api.search("/datasets", facets=",".join(words), limit=1)["facets"]
    for facet, said in words.items():
        values = [str(entry["value"]) for entry in known[facet]]
        for value in filter(None, map(str.strip, said.split(","))) if len(values) < MOST_VALUES else ():
            if _key(facet, value) not in {_key(facet, each) for each in values}:
                _tell_values(facet, value, values)


def _key(facet: str, value: str) -> str:
    return proposal_key(value) if facet == "proposal" else value.lower()


def _tell_values(facet: str, said: str, values: list[str]) -> None:
    lower = {value.lower(): value for value in values}
    near = [lower[each] for each in difflib.get_close_matches(said.lower(), lower, 1, ALIKE)]
    meant = f"; did you mean {near[0]}?" if near and len(values) > 1 else ""
    shown = ", ".join(values[:SHOWN_VALUES]) or "none"
    more = f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
    console.print(f"no dataset has the {facet} {said}; the catalogue has: {shown}{more}{meant}", markup=False)
