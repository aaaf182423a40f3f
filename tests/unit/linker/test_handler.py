"""What only the pure core shows; the rest of it is under the store suite."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from services.linker.handler import Linker
from services.linker.held import deadlines
from services.linker.held.deadlines import Deadlines
from services.linker.held.settlement import open_submission, settle
from services.linker.inputs.relationships import CataloguedDataset
from services.linker.inputs.submissions import HeldSubmission, HeldSummary, State
from services.linker.known import Known
from services.linker.storage.memory.store import MemoryLinks
from shared.events.codes import Code, Refusal
from shared.events.record import Record
from shared.events.topics import LINKED
from shared.runtime.backoff import Backoff, Stopping
from shared.stages.outcomes import Passed, Waiting
from tests.builders.described import TECHNIQUES
from tests.builders.linker.records import IDENTITIES, NOON, committed, dataset_id, facts, received, validated
from tests.builders.linker.world import World

A, B = "/data/a", "/data/b"
LINKER = Linker(TECHNIQUES, IDENTITIES)


def test_a_duplicate_within_a_batch_is_answered_as_the_first() -> None:
    events = [received(facts(B, [A])), received(facts(B, [A]))]
    first, second = LINKER.link(events, Known(), NOON)
    assert isinstance(first, Waiting)
    assert first == second


def test_the_facility_may_set_its_own_patience() -> None:
    hasty = Linker(TECHNIQUES, IDENTITIES, await_inputs_seconds=90)
    (outcome,) = hasty.link([received(facts(B, [A]))], Known(), NOON)
    assert isinstance(outcome, Waiting)
    assert outcome.pending.deadline == NOON + timedelta(seconds=90)


def test_each_technique_has_its_own_patience() -> None:
    kind = TECHNIQUES.kind("mx.processed.integration")
    assert kind is not None
    (outcome,) = LINKER.link([received(facts(B, [A], kind=kind.name))], Known(), NOON)
    assert isinstance(outcome, Waiting)
    assert outcome.pending.deadline == NOON + kind.await_inputs


def test_a_refused_dataset_adds_nothing_to_the_circles_of_its_batch() -> None:
    events = [received(facts(A, [A, B])), received(facts(B, [A]))]
    refused, waiting = LINKER.link(events, Known(), NOON)
    assert isinstance(refused, Refusal)
    assert isinstance(waiting, Waiting)


def test_deciding_is_a_function_of_what_is_known_and_changes_none_of_it() -> None:
    known = Known(catalogued={dataset_id(A): CataloguedDataset(A, "generic.raw", frozenset())})
    events = [received(facts(B, [A])), received(facts(A, [B], receipt="closes"))]
    assert LINKER.link(events, known, NOON) == LINKER.link(events, known, NOON)
    assert known.ancestry == {}
    assert isinstance(LINKER.link(events[:1], known, NOON)[0], Passed)


def holding_of(record: Record) -> HeldSubmission:
    submission = HeldSummary(received(facts(A)).submission(dataset_id(A)), dataset_id(A), A, State.RELEASED, NOON)
    return HeldSubmission(submission, frozenset(), (), record)


def test_a_held_event_that_its_links_make_too_large_is_rejected() -> None:
    record = validated(facts(A))
    padded = (record.value or b"")[:-1] + b',"pad":"' + b"x" * (LINKED.max_bytes - 16384) + b'"}'
    opened = open_submission(holding_of(replace(record, value=padded)))
    (settled,) = settle(LINKER, [opened], Known(), NOON)
    assert settled.refusal is None
    opened = open_submission(
        holding_of(replace(record, value=padded.replace(b'"pad"', b'"pad":"%b","b"' % (b"x" * 16384))))
    )
    (settled,) = settle(LINKER, [opened], Known(), NOON)
    assert settled.refusal is not None
    assert settled.refusal.code == Code.TOO_LARGE


def test_a_held_event_that_a_newer_beamcat_cannot_read_is_rejected_and_stops_nobody() -> None:
    unreadable = replace(validated(facts(A)), value=b'{"dataset":{}}')
    first, second = settle(
        LINKER,
        [open_submission(holding_of(unreadable)), open_submission(holding_of(validated(facts(A))))],
        Known(),
        NOON,
    )
    assert first.refusal is not None
    assert first.refusal.code == Code.SHAPE_INVALID
    assert second.refusal is None


async def test_the_number_of_waiting_datasets_and_their_longest_waiting_are_measured() -> None:
    world = World(MemoryLinks(IDENTITIES))
    await world.submit(facts(B, [A]), facts("/data/c", [A]), facts(B, receipt="behind"))
    await world.deadlines.tick()
    assert REGISTRY.get_sample_value("beamcat_held_datasets") == 2
    world.now += timedelta(hours=30)
    await world.submit(facts("/data/d", [A]))
    await world.deadlines.tick()
    assert REGISTRY.get_sample_value("beamcat_longest_held_seconds") == 30 * 3600
    await world.commit(committed(A))
    await world.deadlines.tick()
    assert REGISTRY.get_sample_value("beamcat_held_datasets") == 0
    assert REGISTRY.get_sample_value("beamcat_longest_held_seconds") == 0


class FirstAway(MemoryLinks):
    """A memory that is away at the first call."""

    def __init__(self, backoff: Backoff) -> None:
        super().__init__(IDENTITIES)
        self._backoff = backoff
        self.calls = 0

    async def expire(self, now: datetime) -> int:
        self.calls += 1
        if self.calls == 1:
            raise ConnectionError("PostgreSQL restarts")
        self._backoff.stop()
        return await super().expire(now)


async def test_the_timer_outlives_an_absent_database_and_ends_with_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadlines, "TICK_SECONDS", 0.01)
    backoff = Backoff(chance=lambda: 0.0)
    links = FirstAway(backoff)
    world = World(links)
    with pytest.raises(Stopping):
        await Deadlines(links, world.relay, backoff, world.clock).run()
    assert links.calls == 2
