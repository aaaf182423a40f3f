"""metadata.json of MXCuBE: ICAT's names already."""

from collections.abc import Iterator, Mapping
from typing import Any

from clients.cli.importing.gathering import Given, Imported, Said, gather, leaves
from clients.cli.importing.names import names_of

TRUE = ("true", "1", "yes")


def read_metadata(content: Mapping[str, Any], given: Given) -> Imported:
    """The submission: known fields in their places, all else as parameters; what is nested has no place."""
    names = names_of("mxcube")
    flat = {name for name, value in content.items() if not isinstance(value, dict) and not _nested(value)}
    said = dict(names.said) | {name: name for name in flat if name not in names.said}
    return gather(_said(content, flat), names.model_copy(update={"said": said}), given)


def _said(content: Mapping[str, Any], flat: set[str]) -> Iterator[Said]:
    for name, value in content.items():
        if name == "complete":
            yield Said(name, name, str(value).lower() in TRUE)
        elif name == "input_datasets":
            for path in value if isinstance(value, list) else str(value).split(","):
                yield Said(name, name, str(path).strip())
        elif name == "investigationId":
            yield Said(name, name, None if value is None else str(value))
        elif name in flat:
            yield Said(name, name, value)
        else:
            for place, leaf in leaves(value, name):
                yield Said(place, place, leaf)


def _nested(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
