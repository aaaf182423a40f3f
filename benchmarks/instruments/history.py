"""The history of the whole path's figures: a table in the documentation, to which a command appends."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from subprocess import check_output

from benchmarks.instruments import names
from benchmarks.instruments.figures import Figures

ROOT = Path(__file__).parents[2]
HISTORY = ROOT / "docs" / "performance-history.md"


def commit() -> str:
    """The short name of the commit that is checked out, with a plus sign if files differ from it."""
    name = check_output(["git", "describe", "--always", "--exclude=*", "--dirty=+"], cwd=ROOT, text=True)  # noqa: S607
    return name.strip()


def row(day: date, commit: str, form: str, figures: Figures) -> str:
    """The line of one form at one commit."""
    cells = (
        day.isoformat(),
        commit,
        form,
        f"{figures[names.RATE][names.SEARCHABLE]:,.0f}",
        f"{figures[names.CPU][names.ALL]:,.0f}",
        f"{figures[names.RATIO][names.A_DATASET]:.3f}",
        f"{figures[names.LATENCY][names.P50]:.0f} / {figures[names.LATENCY][names.P99]:.0f}",
        f"{figures[names.CORES][names.AT_REST]:.2f}",
        f"{figures[names.CORES][names.STEADY]:.2f}",
        f"{figures[names.MEMORY][names.ALL]:.0f}",
    )
    return f"| {' | '.join(cells)} |\n"


def record(found: Mapping[str, Figures], file: Path = HISTORY) -> None:
    """Append a line of this commit for each form to the table, which ends the file."""
    name = commit()  # before the file differs from it
    with file.open("a", encoding="utf-8") as table:
        for form, figures in found.items():
            table.write(row(date.today(), name, form, figures))  # noqa: DTZ011  the day of whoever measured
