"""A counter begins at 0 for all that is known to be counted, so that the first burst is an increase."""

from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY, Counter

import services
from shared.events.codes import Code
from shared.host.host import Host
from shared.runtime import metrics
from tests.builders.settings import settings_for


@pytest.fixture(scope="module")
def hosts() -> dict[str, Host]:
    """Every service, assembled and not begun."""
    return {name: Host(services.load(name), settings_for(name)) for name in services.NAMES}


def counters() -> Iterator[Counter]:
    known = {
        id(one): one for one in [*REGISTRY._collector_to_names, *vars(metrics).values()] if isinstance(one, Counter)
    }
    yield from (one for one in known.values() if one._labelnames)


def values(counter: Counter, **wanted: str) -> dict[tuple[str, ...], float]:
    [metric] = counter.collect()
    return {
        tuple(sample.labels.values()): sample.value
        for sample in metric.samples
        if sample.name.endswith("_total") and wanted.items() <= sample.labels.items()
    }


def test_there_are_counters_to_look_at() -> None:
    assert len(list(counters())) > 5


@pytest.mark.usefixtures("hosts")
@pytest.mark.parametrize("counter", list(counters()), ids=lambda one: one._name)
def test_a_counter_whose_labels_are_known_begins_at_zero(counter: Counter) -> None:
    if counter in metrics.OPEN_LABELS:
        assert metrics.OPEN_LABELS[counter].partition(":")[0] in counter._labelnames
    else:
        assert values(counter), (
            f"{counter._name} has no value when its service begins: call shared.runtime.metrics.begin"
        )


def test_each_stage_can_refuse_for_every_reason_and_says_so_from_the_beginning(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        for stage in host.components.stages:
            assert {code for _, _, code in values(metrics.EVENTS, stage=stage.name, outcome="refused")} == set(Code)
            assert {outcome for _, outcome, _ in values(metrics.EVENTS, stage=stage.name)} >= {*metrics.OUTCOMES}


def test_what_a_service_shows_at_its_beginning_stays_small(hosts: dict[str, Host]) -> None:
    stages = [stage.name for stage in hosts["search"].components.stages]
    shown = sum(
        len(values(counter, stage=stage))
        for counter in counters()
        if "stage" in counter._labelnames
        for stage in stages
    )
    assert shown < 1500
