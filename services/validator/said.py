"""Reads facts from the fields of a submission or, for ICAT clients, from its parameters. A field wins."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from services.validator.notes import Notes
from shared.events.dataset import Parameter, Submission
from shared.events.identity import split_paths
from shared.events.sections import Producer
from shared.foundation.memo import MOST_CHARACTERS
from shared.vocabulary.absence import says_no_number
from shared.vocabulary.kinds import Traits
from shared.vocabulary.techniques import current_pid

INPUTS = "input_datasets"
"""ICAT's parameter that lists the inputs."""


class CanonicalSubmission:
    """One submission, its parameters under canonical names, and the notes about it."""

    def __init__(self, submission: Submission, parameters: dict[str, Parameter], notes: Notes) -> None:
        self.submission = submission
        self.parameters = parameters
        self.notes = notes

    def value(self, name: str) -> Any:  # noqa: ANN401 (the vocabulary decides the type)
        """The canonical value of a parameter; None if there is none."""
        parameter = self.parameters.get(name)
        return None if parameter is None else parameter.get("value")

    def text(self, field: str | None, name: str) -> str | None:
        """The field, or the parameter of that name; None if both are blank."""
        if field is not None and (stripped := field.strip()):
            return stripped
        parameter = self.parameters.get(name)
        return (parameter["original"].strip() or None) if parameter is not None and "value" in parameter else None

    def time(self, field: str | None, name: str) -> str | None:
        """The field, or the parameter of that name, in its canonical form or else as it was sent."""
        if field is not None and not says_no_number(field):
            return field.strip()
        parameter = self.parameters.get(name)
        if parameter is None or says_no_number(parameter["original"]):
            return None
        return str(parameter.get("value", parameter["original"]))

    def agreed_text(self, field: str | None, name: str, key: Callable[[str], str] = str.lower) -> str | None:
        """As `text`, with a warning if field and parameter contradict each other: if their keys differ."""
        text = self.text(field, name)
        other = self.text(None, name)
        if text is not None and other is not None and key(text) != key(other):
            message = f"the parameter {name} = {other[:100]!r} contradicts the dataset's own {text!r}, which was used"
            self.notes.warn("field_contradicted", message, "send the same in both, or leave one out", other, text)
        return text

    def inputs(self) -> Sequence[str]:
        """The field, or ICAT's list of paths separated by commas. An entry that is not a path is only noted."""
        if self.submission.input:
            return self.submission.input
        said = self.value(INPUTS)
        listed = said if isinstance(said, list) else split_paths(said) if isinstance(said, str) else []
        words = [stripped for path in listed if (stripped := path.strip())]
        paths = [word for word in words if word.startswith("/")]
        if len(paths) < len(words):
            stray = next(word for word in words if not word.startswith("/"))
            message = f"input_datasets names {stray[:100]!r}, which is not a path and was left out"
            self.notes.warn("input_path_invalid", message, "give absolute paths", stray, "an absolute path")
        return paths

    def parameters_beside_inputs(self) -> dict[str, Parameter]:
        """The parameters without the one that lists the inputs: thousands of paths are kept only once."""
        if self.submission.input or INPUTS not in self.parameters:
            return self.parameters
        return {name: parameter for name, parameter in self.parameters.items() if name != INPUTS}

    def is_complete(self) -> bool:
        """False if the field or the parameter `complete` says that more will follow."""
        return self.submission.complete and self.value("complete") is not False

    def sequence_index(self) -> int | None:
        """The field, or `Process_sequence_index`."""
        if self.submission.sequence_index is not None:
            return self.submission.sequence_index
        index = self.value("Process_sequence_index")
        return index if isinstance(index, int) else None

    def producer(self) -> Producer:
        """The field, completed from `software` and `machine`."""
        producer = self.submission.producer
        software = producer.software or self.text(None, "software")
        machine = producer.machine or self.text(None, "machine")
        if software == producer.software and machine == producer.machine:
            return producer
        long = sum(len(text or "") for text in (software, producer.version, machine)) > MOST_CHARACTERS
        produced = _producer.__wrapped__ if long else _producer
        return produced(software, producer.version, machine)

    def traits(self, input_count: int) -> Traits:
        """The properties by which the kind of the dataset is recognised."""
        return Traits(
            input_count=input_count,
            definition=self.text(self.submission.technique, "definition") or "",
            technique_pid=current_pid(self.text(None, "technique_pid") or ""),
            scan_type=self.text(None, "scanType") or self.text(None, "MX_scanType") or "",
            program=self.text(None, "Process_program") or "",
            parameters=tuple(self.parameters),
        )


@lru_cache(maxsize=1024)
def _producer(software: str | None, version: str | None, machine: str | None) -> Producer:
    return Producer(software=software, version=version, machine=machine)
