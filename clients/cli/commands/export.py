"""The command that exports datasets in a format of their field."""

import re
from pathlib import Path
from typing import Annotated

import typer

from clients.cli.catalogue.results import dataset_at
from clients.cli.connection.api import connect
from clients.cli.terminal.output import console, errors, fail, print_file


def export(
    paths: Annotated[list[str], typer.Argument(help="Paths of datasets.")],
    *,
    cif: Annotated[bool, typer.Option("--cif", help="As PDBx/mmCIF, for results of crystallography.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for <name>.cif; default: standard output.", file_okay=False),
    ] = None,
) -> None:
    """Export datasets with what they were made from. Exit code 1 if one is not catalogued or not of this format."""
    if not cif:
        fail("give the format: --cif")
    api = connect()
    for path in paths:
        dataset = dataset_at(api, path)
        text = api.text(f"/datasets/{dataset['dataset_id']}.cif")
        if note := _lineage_note(text):
            errors.print(f"{path}: {note}", markup=False, soft_wrap=True)
        if out is None:
            print_file(text)
            continue
        out.mkdir(parents=True, exist_ok=True)
        file = out / f"{dataset['name'].replace('/', '_')}.cif"
        if file.exists():
            fail(f"{file} is there already; two datasets of that name need two folders")
        file.write_text(text, encoding="utf-8")
        console.print(str(file), markup=False, soft_wrap=True)


def _lineage_note(text: str) -> str | None:
    """The note in a file that does not describe the whole lineage."""
    from shared.vocabulary.mmcif import LINEAGE

    found = re.search(rf"^{re.escape(LINEAGE)}details\s+'(.*)'$", text, re.MULTILINE)
    return found and found[1]
