"""Statistics that are fractions here, and that some programs tell in per cent without saying so.

A correlation above 1 can only be per cent. An R factor above its plausible range nearly always is, unless another R
factor of the dataset is so small that it can only be a fraction: a weak outer shell may have an R factor of 600 %.
One program tells all the statistics of a group in one scale, so where one is certainly per cent, all are.
"""

from collections.abc import Iterable, Mapping

from shared.events import Finding, Parameter
from shared.units import Conversion
from shared.values import SHOWN_CHARACTERS
from shared.vocabulary import Term

LEAST_PERCENT = 0.1
"""No R factor is as good as 0.1 %, while nearly every dataset has one below 0.1 somewhere."""

PERCENT_AT_MOST = 100
"""Times the greatest plausible fraction; what lies beyond is neither."""

PER_CENT = Conversion(0.01, 0)


def convert_per_cent(parameters: dict[str, Parameter], findings: list[Finding], terms: Mapping[str, Term]) -> None:
    """Replace what is certainly per cent by its fraction, with a finding; what was said is kept beside it."""
    suspects = {
        finding.parameter
        for finding in findings
        if finding.code == "value_implausible" and finding.parameter and terms[finding.parameter].scale == "fraction"
    }
    for group in {terms[name].scale_group for name in suspects if name in parameters}:
        told = {
            name: parameter
            for name, parameter in parameters.items()
            if (term := terms.get(name)) is not None
            and term.scale == "fraction"
            and term.scale_group == group
            and "value" in parameter
            and not parameter["original"].rstrip().endswith(("%", "*"))
        }
        if _are_per_cent(told, terms):
            converted = {name: _divided(parameter) for name, parameter in told.items()}
            parameters.update(converted)
            findings[:] = [
                *(each for each in findings if each.code != "value_implausible" or each.parameter not in converted),
                *_findings(converted, terms),
            ]


def _are_per_cent(told: Mapping[str, Parameter], terms: Mapping[str, Term]) -> bool:
    numbers = [
        (value, terms[name].greatest) for name, each in told.items() if isinstance(value := each.get("value"), float)
    ]
    beyond = any(greatest < value for value, greatest in numbers)
    return beyond and all(
        value <= PERCENT_AT_MOST * greatest and (greatest <= 1 or not 0 < value < LEAST_PERCENT)
        for value, greatest in numbers
    )


def _divided(parameter: Parameter) -> Parameter:
    value = parameter.get("value")
    return {**parameter, "value": PER_CENT(value)} if isinstance(value, float) else parameter


def _findings(converted: Mapping[str, Parameter], terms: Mapping[str, Term]) -> Iterable[Finding]:
    for name, parameter in converted.items():
        said, value = parameter["original"][:SHOWN_CHARACTERS], parameter.get("value")
        message = f"{name} = {said!r} is per cent; {value:g} was taken"
        cure = f"send {terms[name].no_unit} as a fraction"
        yield Finding.warning("percent_converted", message, cure, parameter=name, value=said, expected=f"{value:g}")
