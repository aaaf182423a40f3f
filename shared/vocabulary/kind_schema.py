"""The JSON Schema (draft 2020-12) of a submission of one kind, for any validator, without beamcat.

It is built from the technique's file and the vocabulary: the fields, the kind's own parameters, the required ones, and
those by which it is recognised. Where it refuses more than the services do, its description says so. What it cannot
express (rules across parameters, the kinds of inputs, the order of two matching kinds) is left to the services.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from shared.events.dataset import Submission
from shared.vocabulary.kinds import Kind, expanded
from shared.vocabulary.parameter_schema import NOTHING, UNTRUTHS, Schema, escaped, one_of_words, parameter_schema
from shared.vocabulary.techniques import Technique
from shared.vocabulary.vocabulary import Term, Vocabulary

DIALECT = "https://json-schema.org/draft/2020-12/schema"

OF_EVERY_KIND = (
    *("definition", "technique_pid", "scanType", "beamlineID", "proposal", "datasetName", "investigationId"),
    *("Sample_name", "startDate", "endDate", "complete", "input_datasets"),
    *("software", "machine", "Process_program", "Process_sequence_index"),
)
"""The parameters that may give the identity, time and type of a submission of any kind."""

NARROWER = """\
Names of parameters are those of the vocabulary, or their aliases; the services accept any letter case. \
An input that is named twice counts twice in this schema, but only once in the services."""
STRICT = "The kind is strict: this schema permits only its own parameters, the services any of the vocabulary."


class WithoutTitles(GenerateJsonSchema):
    """Generates schemas without titles, which would only repeat the names of fields."""

    def field_title_should_be_set(self, *_schema: object) -> bool:
        """Never set a title."""
        return False


def own_terms(kind: Kind, technique: Technique, vocabulary: Vocabulary) -> list[Term]:
    """The parameters that the kind must have or usually has, in the order of its file."""
    said = [*kind.required, *kind.expected, *(kind.match.parameters or ()), *kind.optional, *technique.optional]
    return [vocabulary.terms[name] for name in expanded(said, vocabulary.terms)]


def input_bounds(kind: Kind) -> tuple[int, int | None]:
    """The smallest and largest number of inputs that the kind's recognition and its relations both permit."""
    least, most = kind.input_bounds
    if kind.input is None:
        return least, most
    greatest = [relation.max for relation in kind.input]
    limits = [most, None if None in greatest else sum(number or 0 for number in greatest)]
    return (
        max(least, sum(relation.min for relation in kind.input)),
        min((limit for limit in limits if limit is not None), default=None),
    )


def kind_schema(kind: Kind, technique: Technique, vocabulary: Vocabulary) -> Schema:
    """The schema of a submission of the kind."""
    fields = Submission.model_json_schema(schema_generator=WithoutTitles)
    definitions: dict[str, Schema] = fields.pop("$defs")
    names = _Names(vocabulary)
    parameters = {
        "description": "By ICAT name.",
        "type": "object",
        "properties": _properties(own_terms(kind, technique, vocabulary), names),
        **({"additionalProperties": False} if kind.strict else {}),
    }
    least, most = input_bounds(kind)
    properties = {**fields["properties"], "parameters": parameters}
    properties["technique"] = {**properties["technique"], "examples": [technique.word]}
    if most is not None:
        properties["input"] = {**properties["input"], "maxItems": most}
    laws = [*_recognised(kind, names), *_inputs(least), *_required(kind, names)]
    return {
        "$schema": DIALECT,
        "$id": f"urn:beamcat:kind:{kind.name}",
        "title": kind.title,
        "description": " ".join([f"A submission of kind {kind.name}.", NARROWER, *([STRICT] if kind.strict else [])]),
        "type": "object",
        "required": fields["required"],
        "properties": properties,
        "additionalProperties": False,
        **({"allOf": laws} if laws else {}),
        "$defs": dict(sorted(definitions.items())),
    }


def technique_schema(technique: Technique, vocabulary: Vocabulary) -> Schema:
    """The schema of a submission of the technique: that of the first kind by which it is recognised."""
    names = _Names(vocabulary)
    schemas = {kind.name: kind_schema(kind, technique, vocabulary) for kind in technique.kind}
    choice: Schema = {"description": "Of no described kind: it is accepted with a warning."}
    for kind in reversed(technique.kind):
        least, most = kind.input_bounds
        few: list[Schema] = [{"properties": {"input": {"maxItems": most}}}] if most is not None else []
        fits = [{"type": "object"}, *_recognised(kind, names), *_inputs(least), *few]
        choice = {"if": {"allOf": fits}, "then": {"$ref": schemas[kind.name]["$id"]}, "else": choice}
    return {
        "$schema": DIALECT,
        "$id": f"urn:beamcat:technique:{technique.name}",
        "title": technique.title,
        **choice,
        "$defs": schemas,
    }


class _Names:
    """All names of each parameter."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.terms: Mapping[str, Term] = vocabulary.terms
        self._aliases: dict[str, list[str]] = {}
        for alias, name in vocabulary.aliases.items():
            self._aliases.setdefault(name, []).append(alias)

    def aliases(self, name: str) -> Sequence[str]:
        """The other names of a parameter."""
        return self._aliases.get(name, ())

    def of(self, name: str) -> Sequence[str]:
        """The name itself, then its other names."""
        return (name, *self.aliases(name))

    def of_families(self, families: Iterable[str]) -> Iterable[str]:
        """The other names of all parameters of the families."""
        wanted = set(families)
        return (alias for name, known in self._aliases.items() if name.partition("_")[0] in wanted for alias in known)


def _properties(own: Sequence[Term], names: _Names) -> dict[str, Schema]:
    every = [names.terms[name] for name in OF_EVERY_KIND if name in names.terms]
    properties: dict[str, Schema] = {}
    for term in dict.fromkeys([*own, *every]):
        properties[term.name] = parameter_schema(term)
        for alias in names.aliases(term.name):
            properties[alias] = {"$ref": f"#/properties/parameters/properties/{term.name}"}
    return properties


def _recognised(kind: Kind, names: _Names) -> Iterable[Schema]:
    match = kind.match
    if match.scan_type is not None:
        yield _of_parameters(_says_one_of(["scanType", "MX_scanType"], match.scan_type, names))
    if match.program is not None:
        yield _of_parameters(_says_one_of(["Process_program"], match.program, names))
    if match.parameters is not None:
        yield _of_parameters(_has_one_of(alias for name in match.parameters for alias in names.of(name)))
    if match.families is not None:
        families = "|".join(map(escaped, match.families))
        others = "".join(f"|{escaped(alias)}$" for alias in names.of_families(match.families))
        # one of the names belongs to the families: not all of them are others
        yield _of_parameters({"not": {"propertyNames": {"not": {"pattern": f"^(?:(?:{families})_{others})"}}}})


def _says_one_of(names: Iterable[str], words: Sequence[str], known: _Names) -> Schema:
    said: Schema = {"pattern": one_of_words(words)}
    return {"anyOf": [{"required": [each], "properties": {each: said}} for name in names for each in known.of(name)]}


def _has_one_of(names: Iterable[str]) -> Schema:
    return {"anyOf": [{"required": [name]} for name in names]}


def _inputs(least: int) -> Iterable[Schema]:
    """The demand for inputs, in the field or in ICAT's list of paths among the parameters."""
    if least:
        listed = {"required": ["input"], "properties": {"input": {"minItems": least}}}
        yield {"anyOf": [listed, _of_parameters({"required": ["input_datasets"]})]}


def _required(kind: Kind, names: _Names) -> Iterable[Schema]:
    """The required parameters of a whole dataset. A part or an addition may leave them to another submission."""
    if not kind.required:
        return
    untrue = {"anyOf": [{"const": False}, {"const": 0}, {"type": "string", "pattern": one_of_words(UNTRUTHS)}]}
    whole = {
        "mode": {"const": "replace"},
        "complete": {"const": True},
        "parameters": {"properties": {"complete": {"not": untrue}}},
    }
    yield {
        "if": {"properties": whole},
        "then": _of_parameters({"allOf": [_said(names.terms[name], names) for name in kind.required]}),
    }


def _said(term: Term, names: _Names) -> Schema:
    """The demand that the parameter has a value under one of its names."""
    value = {"not": NOTHING}
    each: list[Schema] = [{"required": [name], "properties": {name: value}} for name in names.of(term.name)]
    return each[0] if len(each) == 1 else {"anyOf": each}


def _of_parameters(demand: dict[str, Any]) -> Schema:
    return {"required": ["parameters"], "properties": {"parameters": demand}}
