"""The values that the Tab key offers, without asking any service. Typer filters them by what is typed."""

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
    """Every code of a rejection."""
    from shared.events.codes import Code

    return [code.value for code in Code]
