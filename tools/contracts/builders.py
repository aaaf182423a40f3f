"""The builders of the client: a module for each technique, a function for each kind, an argument for each parameter."""

import builtins
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from shared.vocabulary.kind_schema import input_bounds, own_terms
from shared.vocabulary.kinds import Kind
from shared.vocabulary.parameter_schema import in_words
from shared.vocabulary.techniques import Technique, TechniqueBook
from shared.vocabulary.vocabulary import Term, Vocabulary
from tools.contracts.tables import GENERATED

CLIENT = "clients/python/src/beamcat_client"
TYPES = {
    "number": "Number",
    "integer": "Whole",
    "boolean": "Truth",
    "text": "str",
    "time": "Time",
    "vector": "Numbers",
}
WIDTH = 120
AMBIGUOUS = "[\u00d7\u2013\u2212\u2019\u03b1\u03c3]"
"""Letters in units and descriptions that ruff finds ambiguous."""
ALSO = "further parameters by ICAT name. They override the other arguments."
HEAD = '''\
# {generated}
# Long, because completion shows every parameter with its unit from here.
# ruff: noqa: {ignored}  # names are ICAT's, kinds have many parameters, and units have special letters
"""{title}: a builder of metadata for each kind, for `store_dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beamcat_client.described import {imports}, described
'''


def builders(techniques: TechniqueBook, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """The path from the root, and the text, of each module."""
    for technique in techniques.techniques:
        yield f"{CLIENT}/{technique.name.lower()}.py", _module(technique, vocabulary)


def builder_names(technique: Technique) -> Mapping[str, str]:
    """The name of each kind's builder: the title of the kind up to its colon.

    Without a colon, it is the end of the kind's name. `raw` or `processed` precedes it if two kinds have the same end,
    or if Python has a builtin of that name.
    """
    ends = Counter(kind.name.rpartition(".")[2] for kind in technique.kind)
    return {kind.name: _called(kind, ends) for kind in technique.kind}


def _called(kind: Kind, ends: Mapping[str, int]) -> str:
    words, colon, _ = kind.title.partition(":")
    end = kind.name.rpartition(".")[2]
    name = re.sub(r"\W+", "_", words.lower(), flags=re.ASCII) if colon else end
    return f"{kind.type}_{name}" if hasattr(builtins, name) or (not colon and ends[end] > 1) else name


def _module(technique: Technique, vocabulary: Vocabulary) -> str:
    names = builder_names(technique)
    functions = [_function(names[kind.name], kind, technique, vocabulary) for kind in technique.kind]
    body = "\n\n".join(functions)
    used = {
        each
        for each in ("PathLike", *TYPES.values())
        if re.search(rf"^    \w+: (?:Sequence\[)?{each}\b", body, re.MULTILINE)
    }
    ignored = ["N803", "PLR0913", *(["RUF002"] if re.search(AMBIGUOUS, body) else [])]
    imports = ", ".join(sorted({"Described", *used} - {"str"}))
    head = HEAD.format(generated=GENERATED, ignored=", ".join(ignored), title=technique.title, imports=imports)
    if "Sequence[" not in body:
        head = head.replace("Mapping, Sequence", "Mapping")
    return f"{head}\n\n{body}"


def _function(name: str, kind: Kind, technique: Technique, vocabulary: Vocabulary) -> str:
    terms = [term for term in own_terms(kind, technique, vocabulary) if term.name != "scanType"]
    known_by = {"scanType": kind.match.scan_type[0]} if kind.match.scan_type else {}
    return "\n".join(
        [
            f"def {name}(",
            "    *,",
            *_arguments(kind, terms),
            ") -> Described:",
            *_docstring(kind, terms),
            f'    return described("{technique.word}", {_literal(known_by)}, locals())',
            "",
        ]
    )


def _arguments(kind: Kind, terms: Sequence[Term]) -> Iterator[str]:
    least, most = input_bounds(kind)
    if most != 0:
        yield f"    input: Sequence[PathLike]{'' if least else ' = ()'},  # noqa: A002 - the domain's word"
    for term in terms:
        needed = term.name in kind.required
        yield f"    {term.name}: {TYPES[term.type]}{'' if needed else ' | None = None'},"
    yield "    also: Mapping[str, Any] | None = None,"


def _docstring(kind: Kind, terms: Sequence[Term]) -> Iterator[str]:
    yield from _wrapped(f'"""{kind.title} (`{kind.name}`).', "    ", "    ")
    yield ""
    if kind.match.families or kind.match.parameters:
        wanted = kind.match.parameters or [f"{family}_*" for family in kind.match.families or ()]
        yield from _wrapped(f"It is recognised by its parameters: give one of {', '.join(wanted)}.", "    ", "    ")
        yield ""
    yield "    Args:"
    if input_bounds(kind)[1] != 0:
        comes_from = " and ".join(map(str, kind.input)) if kind.input else "any"
        yield from _wrapped(f"input: the folders of the datasets that it was made from: {comes_from}.")
    for term in terms:
        yield from _wrapped(f"{term.name}: {in_words(term)}")
    yield from _wrapped(f"also: {ALSO}")
    yield '    """'


def _wrapped(text: str, first: str = "        ", more: str = "            ") -> list[str]:
    plain = text.replace("\\", "/")
    return wrap(plain, WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False)


def _literal(known_by: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": "{value}"' for name, value in known_by.items()) + "}"
