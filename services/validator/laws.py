"""The requirements of a kind of dataset on its parameters, compiled once from the rules in its file."""

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.validator.rules import Check, check_of
from services.validator.said import CanonicalSubmission
from shared.events.sections import Finding
from shared.vocabulary.datafiles import DataFileInvalid
from shared.vocabulary.kinds import Kind
from shared.vocabulary.techniques import Technique, TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class KindChecks:
    """All requirements of one kind of dataset."""

    kind: Kind
    checks: Sequence[Check]

    def offences(self, said: CanonicalSubmission) -> list[Finding]:
        """A finding for each missing parameter and each broken rule.

        A dataset that is not complete, or a merge into one, may lack parameters that another submission provides.
        """
        parameters, findings = said.parameters, list[Finding]()
        if said.submission.mode in ("replace", "upsert") and said.is_complete():
            findings += [
                _missing(name, reason, self.kind)
                for name, reason in self.kind.required.items()
                if "value" not in parameters.get(name, ())
            ]
            findings += [_awaited(name, self.kind) for name in self.kind.expected if name not in parameters]
        for check in self.checks:
            findings += check(parameters)
        return findings


def _missing(name: str, reason: str, kind: Kind) -> Finding:
    because = f": {reason}" if reason else ""
    message = f"{name} has no value, which a dataset of kind {kind.name} must have{because}"
    return Finding.error("parameter_missing", message, "give it", parameter=name)


def _awaited(name: str, kind: Kind) -> Finding:
    message = f"{name} is missing, which a dataset of kind {kind.name} should say"
    return Finding.warning("parameter_missing", message, "give it", parameter=name)


def laws_of(techniques: TechniqueBook, vocabulary: Vocabulary) -> Mapping[str, KindChecks]:
    """The requirements of every kind, by its name.

    Raises:
        DataFileInvalid: a technique requires a parameter that is in no vocabulary.
    """
    for technique in techniques.techniques:
        for unknown in unknown_names(technique, vocabulary):
            raise DataFileInvalid(unknown.message)
    return {
        kind.name: KindChecks(kind, [check_of(rule) for rule in kind.rule])
        for technique in techniques.techniques
        for kind in technique.kind
    }


class UnknownName(NamedTuple):
    """A parameter, or a pattern of parameters, that a technique names but no vocabulary has."""

    name: str
    message: str


def unknown_names(technique: Technique, vocabulary: Vocabulary) -> Iterator[UnknownName]:
    """The unknown names in a technique's file, which no producer can send."""
    for kind in technique.kind:
        rules = (name for rule in kind.rule for name in rule.names)
        for name in (*kind.required, *kind.expected, *rules, *(kind.match.parameters or ())):
            if name not in vocabulary.terms:
                meant = vocabulary.suggest(name)
                hint = f"; did you mean {meant}?" if meant else ""
                yield UnknownName(name, f"the kind {kind.name} asks for {name}, which is in no vocabulary{hint}")
        for pattern in (*kind.optional, *technique.optional):
            if not fnmatch.filter(vocabulary.terms, pattern):
                yield UnknownName(pattern, f"the kind {kind.name} expects {pattern}, which is in no vocabulary")
