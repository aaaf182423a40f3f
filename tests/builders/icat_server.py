"""An ICAT server as its REST interface answers: sessions, and queries of the kind that a backfill asks."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

Entity = dict[str, Any]
WRITTEN = {"createId": "simple/root", "createTime": "2024-11-30T09:02:00.000+01:00"}
COUNT = re.compile(r"SELECT COUNT\(ds\) FROM Dataset ds WHERE ds\.id > (\d+)")
FIND = re.compile(r"SELECT ds FROM Dataset ds WHERE ds\.id > (\d+) ORDER BY ds\.id LIMIT 0, (\d+) INCLUDE (.+)")
RELATED = {
    "ds.investigation.investigationInstruments.instrument": "investigation",
    "ds.sample": "sample",
    "ds.parameters.type": "parameters",
    "ds.datafiles": "datafiles",
}


def parameter(name: str, value: object, value_type: str = "STRING", units: str | None = None) -> Entity:
    """A parameter of a dataset with its type. ICAT writes no field that has no value."""
    field_name = {"STRING": "stringValue", "NUMERIC": "numericValue", "DATE_AND_TIME": "dateTimeValue"}[value_type]
    kind = {"id": 1, "name": name, "valueType": value_type} | ({} if units is None else {"units": units})
    return {"id": 1, **WRITTEN, field_name: value, "type": kind}


def dataset(number: int, **other: Any) -> Entity:
    """A dataset with everything around it."""
    location = f"/data/visitor/mx1111/id30a3/20241130/RAW_DATA/run_{number}"
    return {
        "id": number,
        **WRITTEN,
        "name": f"run_{number}",
        "location": location,
        "complete": False,
        "startDate": "2024-11-30T09:00:00.000+01:00",
        "endDate": "2024-11-30T09:01:00.000+01:00",
        "fileCount": 2,
        "fileSize": 30,
        "investigation": {
            "id": 4711,
            "name": "MX1111",
            "visitId": "id30a-3",
            "investigationInstruments": [{"id": 1, "instrument": {"id": 1, "name": "ID30A-3"}}],
        },
        "sample": {"id": 9, "name": "Fus_RAC1b"},
        "parameters": [
            parameter("definition", "MX"),
            parameter("scanType", "datacollection"),
            parameter("beamlineID", "id30a-3"),
            parameter("startDate", "2024-11-30T09:00:00+01:00"),
            parameter("MX_exposureTime", 10.0, "NUMERIC", "ms"),
            parameter("MX_numberOfImages", 3600.0, "NUMERIC", "N/A"),
            parameter("__fileCount", "2"),
            parameter("__volume", "30"),
            parameter("__elapsedTime", "60"),
        ],
        "datafiles": [
            {"id": 1, "name": "a.h5", "location": f"{location}/a.h5", "fileSize": 10},
            {"id": 2, "name": "b.h5", "location": "/elsewhere/b.h5", "fileSize": 20},
        ],
        **other,
    }


@dataclass
class IcatServer:
    """The server, as a transport of httpx."""

    datasets: list[Entity]
    session: str = "0d9a3706-80d4-4d29-9ff3-4d65d4308a24"
    most_entities: int = 10_000
    queries: list[str] = field(default_factory=list)
    refreshed: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        route, fields = request.url.path, request.url.params
        if fields.get("sessionId", route.rpartition("/")[2]) != self.session:
            return _refusal(403, "SESSION", f"Unable to find user by sessionid: {fields.get('sessionId')}")
        if (request.method, route) == ("PUT", f"/icat/session/{self.session}"):
            self.refreshed += 1
            return httpx.Response(204)
        if (request.method, route) != ("GET", "/icat/entityManager"):
            return httpx.Response(404, text="<html>not found</html>")
        self.queries.append(fields["query"])
        return self._search(fields["query"])

    def _search(self, query: str) -> httpx.Response:
        if counted := COUNT.fullmatch(query):
            return httpx.Response(200, json=[sum(each["id"] > int(counted[1]) for each in self.datasets)])
        found = FIND.fullmatch(query)
        if found is None:
            return _refusal(400, "BAD_PARAMETER", f"cannot parse {query}")
        chosen = [each for each in self.datasets if each["id"] > int(found[1])][: int(found[2])]
        left_out = set(RELATED.values()) - {RELATED[step] for step in found[3].split(", ")}
        pruned = [{name: each[name] for name in each if name not in left_out} for each in chosen]
        if sum(map(_entities, pruned)) > self.most_entities:
            return _refusal(400, "VALIDATION", f"attempt to return more than {self.most_entities} entities")
        return httpx.Response(200, json=[{"Dataset": each} for each in pruned])


def _entities(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(map(_entities, value.values()))
    return sum(map(_entities, value)) if isinstance(value, list) else 0


def _refusal(status: int, code: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message})
