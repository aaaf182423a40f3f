"""The figures of runs: their medians, and the tables in which they are printed and kept. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from benchmarks.instruments.names import ALL

Figures = Mapping[str, Mapping[str, float]]
"""The figures of one run, by section and name (`names.py`)."""

NAME_WIDTH, WIDTH, THREE_DIGITS = 34, 12, 100


def medians(runs: Sequence[Figures]) -> Figures:
    """The median of every figure, over the runs that have it."""
    return {
        section: {
            name: median(run[section][name] for run in runs if name in run.get(section, {}))
            for name in _union([run.get(section, {}) for run in runs])
        }
        for section in _union(runs)
    }


def side_by_side(columns: Mapping[str, Figures]) -> Iterator[str]:
    """The lines of a table with one column for each form, and the ratio of the last to the first."""
    forms = list(columns)
    ratio = [f"{forms[-1]} ÷ {forms[0]}"] if len(forms) > 1 else []
    yield f"{'':{NAME_WIDTH}}" + "".join(f"{head:>{max(WIDTH, len(head) + 2)}}" for head in [*forms, *ratio])
    for section in _union(list(columns.values())):
        yield section
        rows = _union([figures.get(section, {}) for figures in columns.values()])
        for name in sorted(rows, key=ALL.__eq__):
            values = [figures.get(section, {}).get(name) for figures in columns.values()]
            yield f"  {name:{NAME_WIDTH - 2}}" + "".join(_cells(values, forms, ratio))


def _cells(values: Sequence[float | None], forms: Sequence[str], ratio: Sequence[str]) -> Iterator[str]:
    for value, form in zip(values, forms, strict=True):
        yield f"{'' if value is None else shown(value):>{max(WIDTH, len(form) + 2)}}"
    for head in ratio:
        first, last = values[0], values[-1]
        yield f"{f'{last / first:.2f}' if first and last is not None else '':>{len(head) + 2}}"


def shown(value: float) -> str:
    """A number with three digits, or all those before the point."""
    return f"{value:,.0f}" if abs(value) >= THREE_DIGITS else f"{value:.3g}"


def _union(mappings: Sequence[Mapping[str, object]]) -> list[str]:
    """The keys of all, in the order in which they first come."""
    return list(dict.fromkeys(key for mapping in mappings for key in mapping))
