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
"""Ids in one question: they stand in the URL with which search is asked."""
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


def dataset_query(said: Mapping[str, str], techniques: TechniqueBook) -> DatasetQuery:
    """The query for some parameters of ICAT+.

    Raises:
        Problem: 422, with every fault of them that search need not be asked about.
    """
    faults: list[Fault] = []
    params: dict[str, Any] = {own: said[name] for name, own in OWN_NAMES.items() if said.get(name)}
    params["sort"] = _choice(said, "sortBy", SORTS, "start", faults)
    params["order"] = _choice(said, "sortOrder", {"1": "asc", "-1": "desc"}, "desc", faults)
    if "datasetType" in said:
        params["type"] = _choice(said, "datasetType", TYPES, "raw", faults)
    if said.get("techniquePids"):
        params["technique"] = list(_techniques(said, techniques, faults))
    params |= {own: numbers_of(said, name, faults) for name, own in NUMBERED.items()}
    skip, limit = number_of(said, "skip", faults), number_of(said, "limit", faults)
    if (skip or 0) > MOST_SKIPPED:
        faults.append(Fault("skip", f"at most {MOST_SKIPPED}: narrow the query instead"))
    if faults:
        raise invalid(faults)
    params |= {"skip": skip, "limit": limit, "outputs": said.get("nested", "").lower() == "true"}
    return DatasetQuery(params, skip or 0, limit)


def _techniques(said: Mapping[str, str], techniques: TechniqueBook, faults: list[Fault]) -> Iterator[str]:
    """The names of the techniques with these PIDs. A dataset is stored under the name of its technique."""
    for pid in filter(None, map(str.strip, said.get("techniquePids", "").split(","))):
        if technique := techniques.by_pid(pid):
            yield technique.name
        else:
            known = "GET /catalogue/techniques lists those that are"
            faults.append(Fault("techniquePids", f"{pid[:100]!r} is of no technique that is described: {known}"))


def numbers_of(said: Mapping[str, str], name: str, faults: list[Fault]) -> tuple[int, ...] | None:
    """Ids separated by commas, without repetitions. None if the field is missing."""
    if not said.get(name):
        return None
    items = [item.strip() for item in said[name].split(",") if item.strip()]
    if not all(item.isascii() and item.isdigit() and len(item) < 19 for item in items):  # noqa: PLR2004  # of a bigint
        faults.append(Fault(name, f"{said[name][:100]!r} is not a list of ids: write 1,2,3"))
        return None
    numbers = tuple(dict.fromkeys(map(int, items)))
    if len(numbers) > MOST_NUMBERS:
        faults.append(Fault(name, f"at most {MOST_NUMBERS} at a time: ask in parts"))
    return numbers


def number_of(said: Mapping[str, str], name: str, faults: list[Fault]) -> int | None:
    """A whole number. None if the field is missing."""
    text = said.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004  # as many as can be
        faults.append(Fault(name, f"{text[:100]!r} is not a number of rows"))
        return None
    return int(text)


def _choice(said: Mapping[str, str], name: str, choices: Mapping[str, str], default: str, faults: list[Fault]) -> str:
    text = said.get(name)
    if not text:
        return default
    if text.lower() not in choices:
        faults.append(Fault(name, f"{text[:100]!r} is none of {', '.join(choices)}"))
    return choices.get(text.lower(), default)
