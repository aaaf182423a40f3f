"""What the Tab key offers for a value, told without asking any service; typer leaves out what does not begin so."""

import re

from shared.vocabulary.datafiles import SCHEMAS


def techniques_and_kinds() -> list[str]:
    """Every technique and kind that beamcat comes with."""
    files = sorted((SCHEMAS / "techniques").glob("*.toml"))
    return [
        name
        for file in files
        for name in re.findall(r'^name = "(.+)"$', file.read_text(encoding="utf-8"), re.MULTILINE)
    ]


def rejecting_stages() -> list[str]:
    """Every stage that may reject an event."""
    from shared.events.codes import REJECTING_STAGES

    return list(REJECTING_STAGES)


def rejection_codes() -> list[str]:
    """Every reason for which an event is not taken."""
    from shared.events.codes import Code

    return [code.value for code in Code]
