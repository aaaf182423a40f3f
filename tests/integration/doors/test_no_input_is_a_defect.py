"""No request of anybody is answered by a defect: not by 5xx, unless it is 503 with a time to try again."""

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import httpx
import pytest
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, openapi
from schemathesis.core.result import Ok

from tests.builders.search.records import Topics, investigation
from tests.builders.seeds import seed_of_run
from tests.integration.doors.odd import (
    BODIES,
    HEADERS,
    METHODS,
    TYPES,
    Asked,
    odd_bodies,
    odd_requests,
    requests_of,
    schema_of,
)
from tests.integration.doors.serving import NAMES, Doors

pytestmark = pytest.mark.integration

T = TypeVar("T")

SEED = seed_of_run(12)
"""Of what is tried; another one tries other requests."""
DESCRIBED = [name for name in NAMES if name != "jolokia"]
"""Services with an OpenAPI document."""
LONGEST_URL = 60_000
"""The server reads no longer request lines."""
EXAMPLES = 6
"""That are made up for each operation and mode."""
MOST_OF_AN_OPERATION = 60
"""Odd values that are tried at one operation, chosen by the seed."""


@pytest.fixture(scope="module", autouse=True)
def _catalogued(doors: Doors) -> None:
    """Something is there to be found: an investigation, two datasets, one of them waiting to be asked about."""
    topics, session = Topics(), investigation(42)
    facts: dict[str, Any] = {"investigation": session, "proposal": session.proposal, "beamline": session.beamline}
    doors.run(
        doors.world.note(
            topics.registered(session),
            topics.committed("/data/a", number=1, **facts),
            topics.committed("/data/b", number=2, inputs=["/data/a"], **facts),
            topics.rejected("refused", "/data/c"),
        )
    )


def some(odd: Iterable[T]) -> list[T]:
    """As many as one run has the time for."""
    every = list(odd)
    return random.Random(SEED).sample(every, min(len(every), MOST_OF_AN_OPERATION))


def check(answer: httpx.Response | requests.Response, what: str) -> None:
    """The answer is none of a defect."""
    status = answer.status_code
    told = f"{what} is answered {status}: {answer.text[:300]}"
    assert status < 500 or (status == 503 and "retry-after" in answer.headers), told


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("name", DESCRIBED)
def test_no_request_that_the_description_permits_or_forbids_meets_a_defect(
    doors: Doors, name: str, mode: GenerationMode, caplog: pytest.LogCaptureFixture
) -> None:
    for asked in operations(doors, name):
        ask_about(doors, name, asked, mode)
    assert not [record.getMessage() for record in caplog.records if record.exc_info]


def operations(doors: Doors, name: str) -> Iterator[Any]:
    """What a service describes."""
    schema = openapi.from_dict(doors.apps[name].openapi())
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        yield found.ok()


def ask_about(doors: Doors, name: str, operation: Any, mode: GenerationMode) -> None:
    known = {one.name for one in operation.path_parameters}
    opening = {part: value for part, value in opened(doors).items() if part in known}

    @seed(SEED)
    @settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(mode, path_parameters=opening or None))
    def ask(case: Any) -> None:
        said = case.as_transport_kwargs(base_url=doors.urls[name])
        said["headers"] = {"Authorization": f"Bearer {doors.token}"} | dict(said["headers"])
        with requests.Session() as session:
            session.trust_env = False
            try:
                answer = session.request(timeout=60, allow_redirects=False, **said)
            except (requests.exceptions.InvalidHeader, UnicodeError):
                return  # no client can say it
        check(answer, f"{said['method']} {said['url']} {said.get('params')} {said.get('json', said.get('data'))!r}")

    with suppress(Unsatisfiable):  # an operation may permit everything
        ask()


def opened(doors: Doors) -> dict[str, str]:
    """What opens a route, where it stands in its path."""
    return {"session_id": doors.session_id, "key": doors.token}


@pytest.mark.parametrize("name", DESCRIBED)
def test_no_odd_value_in_a_path_or_query_meets_a_defect(
    doors: Doors, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    for asked, operation in requests_of(doors.apps[name].openapi(), opened(doors)):
        for odd in some(odd_requests(asked, operation)):
            send(doors, name, odd)
    assert not [record.getMessage() for record in caplog.records if record.exc_info]


def send(
    doors: Doors, name: str, asked: Asked, body: bytes | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Ask, and look at the answer."""
    path = asked.path
    for part, value in asked.parts.items():
        path = path.replace(f"{{{part}}}", quote(value, safe="")).replace(f"{{{part}:path}}", quote(value))
    url = f"{doors.urls[name]}{path}?{urlencode(asked.query)}"
    if len(url) > LONGEST_URL:
        return
    said = {"Authorization": f"Bearer {doors.token}", **headers}
    raw = [(key.encode(), value.encode("latin-1")) for key, value in said.items()]
    content = body if body is not None else None if asked.body is None else json.dumps(asked.body).encode()
    answer = doors.client.request(asked.method, url, content=content, headers=raw)
    check(answer, f"{asked.method} {url[:500]} {(content or b'')[:300]!r} {headers}")


@pytest.mark.parametrize("name", DESCRIBED)
def test_no_odd_body_meets_a_defect(doors: Doors, name: str, caplog: pytest.LogCaptureFixture) -> None:
    for asked, operation in requests_of(doors.apps[name].openapi(), opened(doors)):
        for body in BODIES if asked.body is not None else BODIES[:3]:
            send(doors, name, asked, body)
        for type_ in TYPES if asked.body is not None else ():
            send(doors, name, asked, b"{}", {"Content-Type": type_})
        for body in some(odd_bodies(schema_of(operation))):
            send(doors, name, asked, body)
    assert not [record.getMessage() for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("name", NAMES)
def test_no_odd_method_or_header_meets_a_defect(doors: Doors, name: str, caplog: pytest.LogCaptureFixture) -> None:
    for asked, _ in requests_of(doors.apps[name].openapi(), opened(doors)):
        for method in METHODS:
            send(doors, name, replace(asked, method=method))
        for headers in HEADERS:
            send(doors, name, asked, headers=headers)
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
