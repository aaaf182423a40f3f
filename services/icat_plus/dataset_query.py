"""Translates a query for datasets from a URL of ICAT+ to one for search. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.foundation.errors import Fault
from shared.foundation.problem import invalid
from shared.vocabulary.techniques import TechniqueBook

SORTS = {"startdate": "start", "start_date": "start", "name": "name"}
TYPES = {"acquisition": "raw", "raw": "raw", "processed": "processed"}
MOST_SKIPPED = 100_000
MOST_NUMBERS = 2000
"""The most ids in one parameter: they are part of the URL of the request to search."""
OWN_NAMES = {
    "parameters": "parameters",
    "search": "q",
    "instrumentName": "beamline",
    "startDate": "startDate",
    "endDate": "endDate",
}
"""Fields that search accepts as they are, with its names for them."""
NUMBERED = {"datasetIds": "number", "investigationIds": "investigation_number", "sampleId": "sample_number"}
"""Fields that contain ids, with search's names for them."""


@dataclass(frozen=True)
class DatasetQuery:
    """The parameters of search's `GET /documents`, and the requested page. Without a limit, the page is everything."""

    params: Mapping[str, Any]
    skip: int = 0
    limit: int | None = None

    @property
    def finds_nothing(self) -> bool:
        """Whether a condition accepts no value at all."""
        return () in self.params.values()


def dataset_query(fields: Mapping[str, str], techniques: TechniqueBook) -> DatasetQuery:
    """The query for the parameters of an ICAT+ URL.

    Raises:
        Problem: 422, with every fault that can be found without search.
    """
    faults: list[Fault] = []
    params: dict[str, Any] = {own: fields[name] for name, own in OWN_NAMES.items() if fields.get(name)}
    params["sort"] = _choice(fields, "sortBy", SORTS, "start", faults)
    params["order"] = _choice(fields, "sortOrder", {"1": "asc", "-1": "desc"}, "desc", faults)
    if "datasetType" in fields:
        params["type"] = _choice(fields, "datasetType", TYPES, "raw", faults)
    if fields.get("techniquePids"):
        params["technique"] = list(_techniques(fields, techniques, faults))
    params |= {own: numbers_of(fields, name, faults) for name, own in NUMBERED.items()}
    skip, limit = number_of(fields, "skip", faults), number_of(fields, "limit", faults)
    if (skip or 0) > MOST_SKIPPED:
        faults.append(Fault("skip", f"at most {MOST_SKIPPED}: narrow the query instead"))
    if faults:
        raise invalid(faults)
    params |= {"skip": skip, "limit": limit, "outputs": fields.get("nested", "").lower() == "true"}
    return DatasetQuery(params, skip or 0, limit)


def _techniques(fields: Mapping[str, str], techniques: TechniqueBook, faults: list[Fault]) -> Iterator[str]:
    """The names of the techniques with these PIDs. A dataset is stored under the name of its technique."""
    for pid in filter(None, map(str.strip, fields.get("techniquePids", "").split(","))):
        if technique := techniques.by_pid(pid):
            yield technique.name
        else:
            known = "GET /catalogue/techniques lists them"
            faults.append(Fault("techniquePids", f"{pid[:100]!r} is not the PID of a described technique: {known}"))


def numbers_of(fields: Mapping[str, str], name: str, faults: list[Fault]) -> tuple[int, ...] | None:
    """Ids separated by commas, without repetitions. None if the field is missing."""
    if not fields.get(name):
        return None
    items = [item.strip() for item in fields[name].split(",") if item.strip()]
    if not all(map(is_id, items)):
        faults.append(Fault(name, f"{fields[name][:100]!r} is not a list of ids: write 1,2,3"))
        return None
    numbers = tuple(dict.fromkeys(map(int, items)))
    if len(numbers) > MOST_NUMBERS:
        faults.append(Fault(name, f"at most {MOST_NUMBERS} at a time: split the request"))
    return numbers


def is_id(text: str) -> bool:
    """Whether a text is a whole number that fits into a bigint."""
    return text.isascii() and text.isdigit() and len(text) < 19  # noqa: PLR2004  # digits


def number_of(fields: Mapping[str, str], name: str, faults: list[Fault]) -> int | None:
    """A whole number. None if the field is missing."""
    text = fields.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004  # enough for every row
        faults.append(Fault(name, f"{text[:100]!r} is not a number of rows"))
        return None
    return int(text)


def _choice(fields: Mapping[str, str], name: str, choices: Mapping[str, str], default: str, faults: list[Fault]) -> str:
    text = fields.get(name)
    if not text:
        return default
    if text.lower() not in choices:
        faults.append(Fault(name, f"{text[:100]!r} is not one of {', '.join(choices)}"))
    return choices.get(text.lower(), default)
