"""The JSON Schema of each kind of dataset, with one line for each parameter, so that a diff shows what changed."""

import json
from collections.abc import Iterator
from typing import Any

from shared.vocabulary.kind_schema import kind_schema
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

KINDS = "schemas/kinds"
WIDTH = 110
DEPTH_OF_A_PARAMETER = 4


def kind_schemas(techniques: TechniqueBook, vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """The path from the root, and the text, of each file."""
    for technique in techniques.techniques:
        for kind in technique.kind:
            yield f"{KINDS}/{kind.name}.json", _lines(kind_schema(kind, technique, vocabulary)) + "\n"


def _lines(value: Any, depth: int = 0) -> str:  # noqa: ANN401  whatever JSON it is
    """JSON that is broken into lines only down to the parameters, and only where it is long."""
    compact = json.dumps(value, ensure_ascii=False)
    if depth >= DEPTH_OF_A_PARAMETER or len(compact) <= WIDTH - 2 * depth:
        return compact
    match value:
        case dict(fields):
            return _block(
                "{}", depth, [f"{json.dumps(key)}: {_lines(each, depth + 1)}" for key, each in fields.items()]
            )
        case list(items):
            return _block("[]", depth, [_lines(each, depth + 1) for each in items])
        case _:
            return compact


def _block(brackets: str, depth: int, items: list[str]) -> str:
    indent = "\n" + "  " * depth
    return f"{brackets[0]}{indent}  " + f",{indent}  ".join(items) + f"{indent}{brackets[1]}"
