"""ICAT's definitions: the parameters of the package `icat-esrf-definitions`, which beamlines and pipelines use today.

They are read from the package's file (`DEFINITIONS_FILE`), in about 10 ms. The package's Python models have the same
content, but need NumPy, which the package does not require.
"""

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from importlib.metadata import version

from icat_esrf_definitions import DEFINITIONS_FILE  # type: ignore[import-untyped]  # the package ships no types

PACKAGE = "icat-esrf-definitions"

REPEATED = {
    "name": "datasetName",
    "path": "location",
    "proposal": "proposal",
    "start": "startDate",
    "end": "endDate",
    "beamline": "beamlineID",
    "sample": "Sample_name",
}
"""Fields of a submission, and the parameter in which ICAT's clients repeat each."""

SOUGHT = ("beamlineID", "Sample_name")
"""Repeated parameters that people search by these names: they stay, although a field has the same value."""


@dataclass(frozen=True, slots=True)
class IcatParameter:
    """One parameter as ICAT defines it."""

    name: str
    nexus_type: str
    unit: str | None
    description: str
    deprecated: bool
    replaced_by: str | None


def icat_parameters() -> dict[str, IcatParameter]:
    """All parameters by name. One that occurs at two places of the NeXus tree is one parameter; the first counts."""
    parameters: dict[str, IcatParameter] = {}
    for element in ET.parse(DEFINITIONS_FILE).iter():  # noqa: S314 (a file of an installed package)
        name = re.fullmatch(r"\s*\$\{([^}]+)\}\s*", element.text or "")
        if name and name[1] not in parameters:
            deprecation = element.get("ESRF_deprecated", "")
            replacement = re.search(r"Use \S+ \((\w+)\) instead", deprecation)
            parameters[name[1]] = IcatParameter(
                name[1],
                element.get("NAPItype", "NX_CHAR"),
                element.get("units"),
                element.get("ESRF_description", ""),
                deprecated=bool(deprecation),
                replaced_by=replacement[1] if replacement else None,
            )
    return parameters


def icat_version() -> str:
    """The version of the definitions, which is recorded in each validated dataset."""
    return version(PACKAGE)
