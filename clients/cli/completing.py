"""What the Tab key offers for a value, told without asking any service; typer leaves out what does not begin so."""

import re

import services
from shared.vocabulary.datafiles import SCHEMAS


def service_names() -> list[str]:
    """Every service."""
    return list(services.NAMES)


def techniques_and_kinds() -> list[str]:
    """Every technique and kind that beamcat comes with."""
    files = sorted((SCHEMAS / "techniques").glob("*.toml"))
    return [
        name
        for file in files
        for name in re.findall(r'^name = "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def rejection_codes() -> list[str]:
    """Every reason for which an event is not taken."""
    from shared.events.codes import Code

    return [code.value for code in Code]
