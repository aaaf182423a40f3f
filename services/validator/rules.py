"""Compiles rules across parameters into checks. A rule whose parameters are absent costs one look-up."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from shared.events.dataset import Parameter
from shared.events.sections import Finding
from shared.vocabulary.rules import Cell, Rule, Sweep

Parameters = Mapping[str, Parameter]
Check = Callable[[Parameters], Sequence[Finding]]


def check_of(rule: Rule) -> Check:
    """The check of a rule, which returns findings on parameters."""
    if rule.sweep is not None:
        return _sweep(rule, rule.sweep)
    if rule.cell is not None:
        return _cell(rule, rule.cell)
    if rule.equal is not None:
        return _equal(rule, *rule.equal)
    return _ascending(rule, rule.ascending or ())


def _number(parameters: Parameters, name: str) -> float | None:
    """The canonical value of a parameter; None if there is none or it is not a number."""
    parameter = parameters.get(name)
    if parameter is None:
        return None
    value = parameter.get("value")
    return value if type(value) is float or type(value) is int else None


def _numbers(parameters: Parameters, names: Sequence[str]) -> list[float] | None:
    """The values of all parameters, or None."""
    numbers = []
    for name in names:
        number = _number(parameters, name)
        if number is None:
            return None
        numbers.append(number)
    return numbers


def _ascending(rule: Rule, names: Sequence[str]) -> Check:
    def check(parameters: Parameters) -> Sequence[Finding]:
        numbers = [(name, value) for name in names if (value := _number(parameters, name)) is not None]
        return [
            _finding(
                rule,
                "order_broken",
                f"{lower_name} = {lower:g} is greater than {upper_name} = {upper:g}",
                parameter=lower_name,
                value=f"{lower:g}",
                expected=f"at most {upper:g}",
            )
            for (lower_name, lower), (upper_name, upper) in pairwise(numbers)
            if lower > upper
        ]

    return check


def _equal(rule: Rule, name: str, other_name: str) -> Check:
    tolerance = rule.tolerance

    def check(parameters: Parameters) -> Sequence[Finding]:
        value, other = _number(parameters, name), _number(parameters, other_name)
        if value is None or other is None or abs(value - other) <= tolerance * max(abs(value), abs(other)):
            return ()
        message = f"{name} = {value:g} differs from {other_name} = {other:g}"
        return [_finding(rule, "values_differ", message, parameter=name, value=f"{value:g}", expected=f"{other:g}")]

    return check


def _sweep(rule: Rule, sweep: Sweep) -> Check:
    names = (sweep.end, sweep.start, sweep.step, sweep.count)
    overlap_name, tolerance = sweep.overlap, sweep.tolerance * (1 + 1e-9)

    def check(parameters: Parameters) -> Sequence[Finding]:
        numbers = _numbers(parameters, names)
        if numbers is None:
            return ()
        end, start, step, count = numbers
        overlap = _number(parameters, overlap_name) or 0.0
        expected = start + (step - overlap) * count
        if abs(end - expected) <= tolerance * abs(step):
            return ()
        message = (
            f"{sweep.end} = {end:g}, but {sweep.start} = {start:g} and {count:g} images of {step:g}"
            f"{f' overlapping by {overlap:g}' if overlap else ''} end at {expected:g}"
        )
        about = {"parameter": sweep.end, "value": f"{end:g}", "expected": f"{expected:g}"}
        return [_finding(rule, "sweep_inconsistent", message, **about)]

    return check


def _cell(rule: Rule, cell: Cell) -> Check:
    permits, group_name, names = _permitting(cell.tolerance), cell.space_group, (*cell.lengths, *cell.angles)

    def check(parameters: Parameters) -> Sequence[Finding]:
        said = parameters.get(group_name)
        numbers = _numbers(parameters, names) if said is not None else None
        if said is None or "value" not in said or numbers is None or min(numbers) <= 0:
            return ()
        group = str(said.get("value", ""))
        if permits(group, numbers) in (True, None):  # an invalid space group was flagged when it was read
            return ()
        shown = " ".join(f"{number:g}" for number in numbers)
        message = f"the cell {shown} is not one that {group_name} = {group} permits"
        about = {"parameter": names[0], "value": shown, "expected": f"a cell of {group}"}
        return [_finding(rule, "cell_implausible", message, **about)]

    return check


def _permitting(tolerance: float) -> Callable[[str, Sequence[float]], bool | None]:
    """A function that tells whether a space group permits a cell; None if there is no such group."""
    import gemmi  # takes 30 ms and 8 MB, only for techniques with cells

    # the angles determine the setting of a rhombohedral group
    find: Callable[[str, float, float], gemmi.SpaceGroup | None] = lru_cache(maxsize=1024)(
        gemmi.find_spacegroup_by_name
    )
    cell_of = gemmi.UnitCell

    def permits(group: str, cell: Sequence[float]) -> bool | None:
        a, b, c, alpha, beta, gamma = cell
        found = find(group, alpha, gamma)
        if found is None:
            return None
        largest = max(a, b, c)  # gemmi compares metric tensors, in square ångström
        try:
            said = cell_of(a, b, c, alpha, beta, gamma)
        except RuntimeError:  # the sine of an angle is 0
            return False
        return said.volume > 0 and said.is_compatible_with_spacegroup(found, tolerance * largest * largest)

    return permits


def _finding(rule: Rule, code: str, message: str, cure: str = "correct one of them", **about: str) -> Finding:
    """The finding of a rule. `about` is parameter, value and expected."""
    return Finding(code=code, severity=rule.severity, message=f"{message}; {rule.because}", cure=cure, **about)
