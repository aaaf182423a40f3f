"""The choice of results in a file. Each becomes a dataset of its own, and several are never mixed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from clients.importers.assembly import (
    RESULT,
    FileNotUnderstood,
    Given,
    Imported,
    Result,
    StatedValue,
    Unplaced,
    gather,
    spoken,
    unplaced_of,
)
from shared.events.sections import Finding

ALL = "all"
OF_ANOTHER = "it is of result"
SCALED = "MXAutoprocIntegrationScaling_"
TOLD = {
    "{}": ["MXAutoprocIntegration_space_group"],
    "wavelength {} Å": ["MX_wavelength"],
    "{} to {} Å": [f"{SCALED}overall_resolution_limit_low", f"{SCALED}overall_resolution_limit_high"],
    "images {} to {}": ["MXAutoprocIntegration_start_image_number", "MXAutoprocIntegration_end_image_number"],
}
"""The parameters by which a person distinguishes results."""


@dataclass(frozen=True)
class Found:
    """All results in a file, and the number of the default one."""

    results: Sequence[Result]
    preferred: int | None = None


def imported_from(found: Found, asked: str | None, given: Given) -> list[Imported]:
    """A submission for each requested result.

    Raises:
        FileNotUnderstood: there is none, or not the one that is asked for, or several and none is asked for.
    """
    count = len(found.results)
    if not count:
        raise FileNotUnderstood("the file holds no result")
    if count == 1 and asked in {None, ALL, "1"}:
        return [_gathered(found.results[0], given.of_result(1))]
    submissions = [_gathered(result, given.of_result(number)) for number, result in enumerate(found.results, 1)]
    if asked == ALL:
        return _each(submissions, given)
    lines = list(_lines(found, submissions))
    number = _number(found, asked, lines)
    told = Finding.warning(
        "result_chosen",
        f"the file holds {count} results and result {number} was taken, of: {'; '.join(lines)}",
        "give --result for another one, or --result all",
    )
    chosen = submissions[number - 1]
    return [replace(chosen, unplaced=[*chosen.unplaced, *_of_others(found, number)], findings=[*chosen.findings, told])]


def _gathered(result: Result, given: Given) -> Imported:
    imported = gather(result, given)
    return replace(imported, findings=[*result.findings, *imported.findings])


def _number(found: Found, asked: str | None, lines: Sequence[str]) -> int:
    listed = "".join(f"\n  {line}" for line in lines)
    if asked is None and found.preferred is None:
        raise FileNotUnderstood(
            f"the file holds {len(lines)} results, and each is a dataset of its own; choose one with --result N,"
            f" or give --result all with --path '/data/…_{RESULT}':{listed}"
        )
    number = found.preferred if asked is None else (int(asked) if asked.isdecimal() else None)
    if number is None or not 1 <= number <= len(lines):
        raise FileNotUnderstood(f"there is no result {asked}; give --result all, or one of:{listed}")
    return number


def _each(submissions: list[Imported], given: Given) -> list[Imported]:
    """All results, distinguished by their paths."""
    paths = [imported.submission.get("path") for imported in submissions]
    if None in paths or len(set(paths)) < len(paths):
        raise FileNotUnderstood(
            f"each of the {len(paths)} results needs a path of its own; give one with --path '/data/…_{RESULT}'"
        )
    if given.name and RESULT not in given.name:
        raise FileNotUnderstood(f"--name would be the same for {len(paths)} results; let it say {RESULT}")
    return submissions


def _of_others(found: Found, number: int) -> list[Unplaced]:
    """The values of results that are not taken, unless the taken one has the same."""
    taken = {_key(saying) for saying in found.results[number - 1].said}
    return [
        unplaced_of(saying, f"{OF_ANOTHER} {other}, which was not taken")
        for other, result in enumerate(found.results, 1)
        if other != number
        for saying in spoken(result.said, result.names)
        if _key(saying) not in taken
    ]


def _key(saying: StatedValue) -> tuple[str | None, ...]:
    return saying.place, saying.name, saying.shell, str(saying.value)


def _lines(found: Found, submissions: Sequence[Imported]) -> Iterator[str]:
    """Each result on a line, with what distinguishes it."""
    numbers: dict[frozenset[tuple[str, str]], int] = {}
    for number, (result, imported) in enumerate(zip(found.results, submissions, strict=True), 1):
        parameters = imported.submission["parameters"]
        statistics = frozenset((name, str(value)) for name, value in parameters.items() if name.startswith(SCALED))
        like = numbers.setdefault(statistics, number)
        told = [*_told(parameters), *imported.submission.get("input", ())]
        if statistics and like != number:
            told.append(f"the same statistics as {like}")
        yield f"{number}: {result.label}: {', '.join(told)}"


def _told(parameters: Mapping[str, Any]) -> Iterator[str]:
    for pattern, names in TOLD.items():
        if parameters.keys() >= set(names):
            yield pattern.format(*(parameters[name] for name in names))
