"""The rules across parameters as checks. What a rule does not find in a submission costs one look at a dictionary."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from shared.events import Finding, Parameter
from shared.rules import Cell, Rule, Sweep

if TYPE_CHECKING:
    from gemmi import SpaceGroup

Parameters = Mapping[str, Parameter]
Check = Callable[[Parameters], Iterator[Finding]]


def check_of(rule: Rule) -> Check:
    """A rule's check: the findings on some parameters."""
    if rule.sweep is not None:
        return _sweep(rule, rule.sweep)
    if rule.cell is not None:
        return _cell(rule, rule.cell)
    if rule.equal is not None:
        return _equal(rule, *rule.equal)
    return _ascending(rule, rule.ascending or ())


def _number(parameters: Parameters, name: str) -> float | None:
    """Its canonical value; None where it is not there or, being loose, was kept as text."""
    parameter = parameters.get(name)
    if parameter is None:
        return None
    value = parameter["value"]
    return float(value) if type(value) in (int, float) else None  # type: ignore[arg-type]  # no boolean, no list


def _numbers(parameters: Parameters, names: Sequence[str]) -> list[float] | None:
    """All of them, or None."""
    numbers = []
    for name in names:
        number = _number(parameters, name)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _ascending(rule: Rule, names: Sequence[str]) -> Check:
    def check(parameters: Parameters) -> Iterator[Finding]:
        numbers = [(name, value) for name in names if (value := _number(parameters, name)) is not None]
        for (lower_name, lower), (upper_name, upper) in pairwise(numbers):
            if lower > upper:
                yield _finding(
                    rule,
                    "order_broken",
                    lower_name,
                    lower,
                    f"at most {upper:g}",
                    f"{lower_name} = {lower:g} is greater than {upper_name} = {upper:g}",
                )

    return check


def _equal(rule: Rule, name: str, other_name: str) -> Check:
    def check(parameters: Parameters) -> Iterator[Finding]:
        value, other = _number(parameters, name), _number(parameters, other_name)
        if value is None or other is None or abs(value - other) <= rule.tolerance * max(abs(value), abs(other)):
            return
        message = f"{name} = {value:g} differs from {other_name} = {other:g}"
        yield _finding(rule, "values_differ", name, value, f"{other:g}", message)

    return check


def _sweep(rule: Rule, sweep: Sweep) -> Check:
    names = (sweep.end, sweep.start, sweep.step, sweep.count)

    def check(parameters: Parameters) -> Iterator[Finding]:
        numbers = _numbers(parameters, names)
        if numbers is None:
            return
        end, start, step, count = numbers
        overlap = _number(parameters, sweep.overlap) or 0.0
        expected = start + (step - overlap) * count
        if abs(end - expected) > sweep.tolerance * abs(step) * (1 + 1e-9):
            message = (
                f"{sweep.end} = {end:g}, but {sweep.start} = {start:g} and {count:g} images of {step:g}"
                f"{f' overlapping by {overlap:g}' if overlap else ''} end at {expected:g}"
            )
            yield _finding(rule, "sweep_inconsistent", sweep.end, end, f"{expected:g}", message)

    return check


def _cell(rule: Rule, cell: Cell) -> Check:
    names = (*cell.lengths, *cell.angles)

    def check(parameters: Parameters) -> Iterator[Finding]:
        said = parameters.get(cell.space_group)
        numbers = _numbers(parameters, names) if said is not None else None
        if said is None or numbers is None or not all(number > 0 for number in numbers):
            return
        group = said["original"].strip()
        permitted = _permits(group, numbers, cell.tolerance)
        if permitted is None:
            message = f"{cell.space_group} = {group[:60]!r} is no space group; write it like P 21 21 21"
            yield _finding(
                rule, "space_group_unknown", cell.space_group, group[:60], "a Hermann-Mauguin symbol", message
            )
        elif not permitted:
            shown = " ".join(f"{number:g}" for number in numbers)
            message = f"the cell {shown} is not one that {cell.space_group} = {group} permits; correct one of them"
            yield _finding(rule, "cell_implausible", names[0], shown, f"a cell of {group}", message)

    return check


def _permits(group: str, cell: Sequence[float], tolerance: float) -> bool | None:
    """True if the group's operations leave the cell as it is; None if there is no such group."""
    import gemmi  # 30 ms and 8 MB, which only crystallography needs

    found = _space_group(group, cell[3], cell[5])
    if found is None:
        return None
    largest = max(cell[:3]) ** 2  # gemmi compares metric tensors, in square ångström
    a, b, c, alpha, beta, gamma = cell
    return gemmi.UnitCell(a, b, c, alpha, beta, gamma).is_compatible_with_spacegroup(found, tolerance * largest)


@lru_cache(maxsize=1024)
def _space_group(name: str, alpha: float, gamma: float) -> "SpaceGroup | None":
    """The group of that name; the angles tell the setting of a rhombohedral one."""
    import gemmi

    return gemmi.find_spacegroup_by_name(name, alpha, gamma)


def _finding(rule: Rule, code: str, name: str, value: float | str, expected: str, message: str) -> Finding:
    return Finding(
        code=code,
        severity=rule.severity,
        message=f"{message}; {rule.because}",
        parameter=name,
        value=value if isinstance(value, str) else f"{value:g}",
        expected=expected,
    )
