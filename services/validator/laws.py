"""What a kind of dataset demands of its parameters."""

from collections.abc import Collection, Iterator
from itertools import pairwise

from services.validator.said import Said
from shared.datafiles import DataFileInvalid
from shared.events import Finding, Severity
from shared.techniques import Kind, Rule, TechniqueBook
from shared.vocabulary import Vocabulary


def offences(kind: Kind, said: Said, refused: Collection[str | None] = ()) -> Iterator[Finding]:
    """A finding for each parameter that is missing and each rule that is broken.

    What was said but `refused` is not missing. A dataset that is not complete, or a merge into one, may owe what is
    missing to another submission.
    """
    if said.submission.mode == "replace" and kind.required and said.is_complete():
        for name in kind.required:
            if name not in said.parameters and name not in refused:
                message = f"{name} is missing; a dataset of kind {kind.name} must say it"
                yield Finding(code="parameter_missing", severity=Severity.ERROR, message=message, parameter=name)
    for rule in kind.rule:
        yield from _order(rule, said)


def _order(rule: Rule, said: Said) -> Iterator[Finding]:
    numbers = [(name, value) for name in rule.ascending if type(value := said.value(name)) in (float, int)]
    for (lower_name, lower), (upper_name, upper) in pairwise(numbers):
        if lower > upper:
            yield Finding(
                code="order_broken",
                severity=rule.severity,
                message=f"{lower_name} = {lower:g} is greater than {upper_name} = {upper:g}; {rule.because}",
                parameter=lower_name,
                value=f"{lower:g}",
                expected=f"at most {upper:g}",
            )


def refuse_unknown_names(vocabulary: Vocabulary, techniques: TechniqueBook) -> None:
    """A technique that asks for a parameter which nobody can send is a slip in its file.

    Raises:
        DataFileInvalid: it does.
    """
    for kind in (kind for technique in techniques.techniques for kind in technique.kind):
        for name in (*kind.required, *(name for rule in kind.rule for name in rule.ascending)):
            if name not in vocabulary.terms:
                meant = vocabulary.suggest(name)
                hint = f"; did you mean {meant}?" if meant else ""
                raise DataFileInvalid(f"the kind {kind.name} asks for {name}, which is in no vocabulary{hint}")
