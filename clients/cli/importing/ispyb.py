"""AutoProcContainer, as XML (autoPROC, xia2, EDNA) or as xia2's ispyb.json: the same names in the same nest."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from clients.cli.importing.gathering import FileNotUnderstood, Given, Imported, Said, gather
from clients.cli.importing.names import names_of
from clients.cli.importing.xml import read_xml

ROOT = "AutoProcContainer"
SHELLS = {"overall": "overall", "innershell": "inner", "outershell": "outer"}
TIME_OF_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2} +\d+ [\d:]+) (\w+) (\d{4})", re.ASCII)
"""As the program `date` writes it."""


def read_ispyb_xml(content: bytes, given: Given) -> Imported:
    """The submission in an XML file.

    Raises:
        FileNotUnderstood: it is no AutoProcContainer.
    """
    document = read_xml(content)
    if ROOT not in document:
        raise FileNotUnderstood(f"the XML's root is {next(iter(document))}, and only {ROOT} is known")
    return read_container(document[ROOT][0], given)


def read_container(container: object, given: Given) -> Imported:
    """The submission in an AutoProcContainer."""
    if not isinstance(container, Mapping):
        raise FileNotUnderstood(f"the {ROOT} is empty")
    return gather(_told(list(_said(ROOT, container, ROOT))), names_of("ispyb"), given)


def _said(element: str, content: Mapping[str, Any], place: str) -> Iterator[Said]:
    """All that an element and those in it say."""
    shell = SHELLS.get(str(_first(content.get("scalingStatisticsType", ""))).lower())
    for name, found in content.items():
        values = found if isinstance(found, list) else [found]
        for number, value in enumerate(values, 1):
            which = f"[{_kind(value) or number}]" if len(values) > 1 else ""
            if isinstance(value, Mapping):
                yield from _said(name, value, f"{name}{which}" if "[" not in place else f"{place}.{name}{which}")
            else:
                yield Said(f"{place}.{name}", f"{element}.{name}", value, shell)
    if element == "AutoProcProgramAttachment":
        folder, file = (str(_first(content.get(key, ""))) for key in ("filePath", "fileName"))
        yield Said(place, f"{element}.file", f"{folder}/{file}".lstrip("/") if not folder else f"{folder}/{file}")


def _kind(value: object) -> str | None:
    return (
        _first(value["scalingStatisticsType"])
        if isinstance(value, Mapping) and "scalingStatisticsType" in value
        else None
    )


def _first(value: Any) -> Any:  # noqa: ANN401  a text in JSON, a list of texts in XML
    return value[0] if isinstance(value, list) and value else value


def _told(said: list[Said]) -> Iterator[Said]:
    """The same in beamcat's words: program and version apart, times in ISO 8601, files as one path."""
    for saying in said:
        match saying.name:
            case "AutoProcProgram.processingPrograms" | "AutoProcProgram.processingProgram":
                yield from _program(saying)
            case "AutoProcProgram.processingStartTime" | "AutoProcProgram.processingEndTime":
                yield Said(saying.place, saying.name, iso_time(str(saying.value)))
            case "AutoProcScaling.recordTimeStamp":
                yield Said(saying.place, saying.name, str(saying.value).replace(" ", "T"))
            case "AutoProcProgramAttachment.fileName" | "AutoProcProgramAttachment.filePath":
                continue  # said as one path
            case _:
                yield saying


def _program(saying: Said) -> Iterator[Said]:
    """`autoPROC 1.0.5 (see …)` is a program, its version and a remark; `xia2 dials` is a program alone."""
    text, bracket, remark = str(saying.value).partition(" (")
    program, _, version = text.strip().rpartition(" ")
    if not program or not version[:1].isdigit():
        program, version = text.strip(), ""
    yield Said(saying.place, "AutoProcProgram.program", program)
    yield Said(saying.place, "AutoProcProgram.version", version)
    yield Said(saying.place, "AutoProcProgram.remark", remark.removesuffix(")") if bracket else "")


def iso_time(text: str) -> str:
    """ISO 8601 of what `date` writes. An abbreviated zone says nothing for sure; but for UTC it is the facility's."""
    if not (found := TIME_OF_DATE.fullmatch(text.strip())):
        return text.strip()
    try:
        moment = datetime.strptime(f"{found[1]} {found[3]}", "%b %d %H:%M:%S %Y")  # noqa: DTZ007  see above
    except ValueError:
        return text.strip()
    return moment.isoformat() + ("Z" if found[2] in {"UTC", "GMT"} else "")
