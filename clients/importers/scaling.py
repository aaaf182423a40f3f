"""Scaling containers of ISPyB: statistics of three shells, and perhaps STARANISO's ellipsoid."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from clients.importers.assembly import FileNotUnderstood, StatedValue
from shared.events.sections import Finding

STATISTICS = "AutoProcScalingStatistics"
KIND = "scalingStatisticsType"
SHELLS = {"overall": "overall", "inner": "inner", "outer": "outer", "innershell": "inner", "outershell": "outer"}
LIMITS = (f"{STATISTICS}.resolutionLimitLow".casefold(), f"{STATISTICS}.resolutionLimitHigh".casefold())
OF_ELLIPSOID = re.compile(r"(?i)autoprocscaling\.resolutionellipsoid|staranisoellipsoid|.*completenessellipsoidal")
SWAPPED = {"inner": "outer", "outer": "inner"}

Entry = Mapping[str, Any]


def shell_of(content: Entry) -> str | None:
    """The shell of an element's statistics, or None if it is missing or not understood."""
    kind = content.get(KIND)
    word = kind[0] if isinstance(kind, list) and kind else kind
    return SHELLS.get(re.sub(r"[\W_]", "", str(word)).lower())


def single_scalings(scaling: Entry) -> list[Entry]:
    """A scaling container for each set of statistics. Some programs put several wavelengths into one.

    Raises:
        FileNotUnderstood: it holds several values for a shell, and it cannot be told which belong together.
    """
    found = scaling.get(STATISTICS)
    sets: dict[str | None, list[Any]] = {}
    for entry in found if isinstance(found, list) else [found]:
        of_shell = sets.setdefault(shell_of(entry) if isinstance(entry, Mapping) else None, [])
        if entry not in of_shell:
            of_shell.append(entry)
    unclear = sets.pop(None, [])
    counts = {len(entries) for entries in sets.values()}
    if not counts or counts == {1}:
        return [scaling]
    if len(counts) > 1:
        raise FileNotUnderstood(f"a shell has several {STATISTICS} that differ, and another has not as many")
    return [{**scaling, STATISTICS: [*together, *unclear]} for together in zip(*sets.values(), strict=True)]


def is_anisotropic(said: Sequence[StatedValue]) -> bool:
    """Whether the statistics are STARANISO's, the only program that fits an ellipsoid."""
    return any(OF_ELLIPSOID.match(saying.name) and saying.value for saying in said)


def unswapped(said: list[StatedValue]) -> tuple[list[StatedValue], list[Finding]]:
    """Statistics under the right shell. The outer shell is, by definition, the one with the high limit."""
    limits = {(saying.shell, saying.name.casefold()): saying.value for saying in said}
    low, high = LIMITS
    try:
        are_swapped = all(
            float(limits["overall", name]) == float(limits[right, name]) != float(limits[wrong, name])
            for name, right, wrong in ((low, "outer", "inner"), (high, "inner", "outer"))
        )
    except (KeyError, TypeError, ValueError):
        are_swapped = False
    if not are_swapped:
        return said, []
    message = "the file calls the shell of lowest resolution the outer one; inner and outer shell were exchanged"
    finding = Finding.warning("shells_exchanged", message, "correct the program that wrote the file")
    return [replace(saying, shell=SWAPPED.get(saying.shell or "", saying.shell)) for saying in said], [finding]
