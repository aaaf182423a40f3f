"""Several services in one process."""

import httpx
import pytest

import services
from shared.host.together import Together
from tests.builders.settings import settings_for

PIPELINE = services.PROGRAMS[services.PIPELINE]


@pytest.fixture
def together() -> Together:
    return Together(services.PIPELINE, [(services.load(name), settings_for(name)) for name in PIPELINE])


async def test_each_service_answers_below_its_name_and_the_process_for_all(together: Together) -> None:
    transport = httpx.ASGITransport(together.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://beamcat") as client:
        assert (await client.get("/live")).json() == {"service": "pipeline"}
        for name in PIPELINE:
            assert (await client.get(f"/{name}/live")).json() == {"service": name}
        assert (await client.post("/validator/check", json={})).status_code != 404
        assert (await client.post("/linker/check", json={})).status_code != 404
        ready = await client.get("/ready")
    assert ready.status_code == 503
    assert len(ready.json()["reasons"]) > len(PIPELINE)
    assert any(reason.startswith("linker-commits: ") for reason in ready.json()["reasons"])


def test_every_topic_between_two_stages_has_one_reader_here(together: Together) -> None:
    hosts = {host.service.name: host for host in together._hosts}
    read = {(name, stage.consumes.name) for name, host in hosts.items() for stage, _ in host.stages}
    assert {
        ("linker", "dataset.validated"),
        ("sample_tracking", "dataset.linked"),
        ("catalog_writer", "dataset.tracked"),
    } <= read


def test_a_program_names_services_in_the_order_in_which_a_dataset_meets_them() -> None:
    assert [name for name in services.NAMES if name in PIPELINE] == list(PIPELINE)
    assert set(services.programs(together=True)) == {*services.NAMES, services.PIPELINE} - set(PIPELINE)
    assert services.programs(together=False) == services.NAMES
