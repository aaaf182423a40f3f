"""The metadata.json of MXCuBE, which already uses ICAT's names."""

from collections.abc import Iterator, Mapping
from typing import Any

from clients.importers.assembly import Result, StatedValue, leaves
from clients.importers.names import names_of
from clients.importers.results import Found

TRUE = ("true", "1", "yes")
OF_DATASET = ("datasetName", "location")
OF_MX = "MX_"
OF_SSX = ("SSX_", "SSXChip_", "SSXJet_")


def is_metadata(content: Mapping[str, Any]) -> bool:
    """Whether MXCuBE wrote a file. Older releases and serial crystallography name neither dataset nor folder."""
    return all(name in content for name in OF_DATASET) or any(name.startswith((OF_MX, *OF_SSX)) for name in content)


def read_metadata(content: Mapping[str, Any]) -> Found:
    """The dataset: known fields, and everything else as parameters. Nested values have no place."""
    names = names_of("mxcube")
    flat = {name for name, value in content.items() if not isinstance(value, dict) and not _nested(value)}
    said = dict(names.said) | {name: name for name in flat if name not in names.said}
    technique = "SSX" if any(name.startswith(OF_SSX) for name in content) else "MX"
    own = names.model_copy(update={"said": said, "submission": {"technique": technique}})
    return Found([Result("metadata.json", list(_said(content, flat)), own)])


def _said(content: Mapping[str, Any], flat: set[str]) -> Iterator[StatedValue]:
    for name, value in content.items():
        if name == "complete":
            yield StatedValue(name, name, str(value).lower() in TRUE)
        elif name == "input_datasets":
            for path in value if isinstance(value, list) else str(value).split(","):
                yield StatedValue(name, name, str(path).strip())
        elif name == "investigationId":
            yield StatedValue(name, name, None if value is None else str(value))
        elif name in flat:
            yield StatedValue(name, name, value)
        else:
            for place, leaf in leaves(value, name):
                yield StatedValue(place, place, leaf)
    if isinstance(folder := content.get("MX_directory"), str):
        yield StatedValue("MX_directory", "folder", folder)


def _nested(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
