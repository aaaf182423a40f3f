"""Declarations that were published here, and commands that follow them."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.icat_plus.shipments import declarations as module
from services.icat_plus.shipments.declarations import KEPT, OwnDeclarations
from services.icat_plus.shipments.publisher import ShipmentPublisher
from shared.access.grants import Grant
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.events.declarations import Declared
from shared.events.shipments import Shipment, ShipmentChanged, ShipmentDeclared
from shared.events.topics import SHIPMENTS
from shared.foundation.problem import Problem
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import MemoryPublisher, Publisher
from tests.builders.search.records import IDENTITIES, NOON
from tests.suites.declarations import ELSEWHERE, HERE, DeclarationsSuite, parcel, word
from tests.unit.icat_plus.test_kafka_away import SlowPublisher

INVESTIGATION = {"investigation_id": IDENTITIES.investigation("42"), "facility_id": "42"}
INVESTIGATION |= {"proposal": "mx1111", "beamline": "id30a-3"}
GRANT = Grant(name="portal", token_sha256="0" * 64, beamlines=["*"])


class Search:
    """Search, which has read what it has read."""

    def __init__(self, *read: Declared) -> None:
        self.read = Declared(*(tuple(row for each in read for row in each[part]) for part in range(3)))  # type: ignore[arg-type]

    async def declared(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        return Declared(
            tuple(row for row in self.read.things if row.investigation_id in investigations),
            tuple(
                row for row in self.read.places if row.investigation_id in investigations or row.beamline in beamlines
            ),
            tuple(row for row in self.read.statuses if row.investigation_id in investigations),
        )


class Published:
    """Declarations that search has not read yet."""

    def __init__(self) -> None:
        self.own = OwnDeclarations(Search(), lambda: NOON)

    async def note(self, declared: Declared) -> None:
        self.own.note(declared)

    async def of(self, investigations: Collection[UUID], beamlines: Collection[str] = ()) -> Declared:
        return await self.own.of(investigations, beamlines)

    async def holding(self, kind: str, id_: str | None) -> Collection[UUID]:
        return self.own.holding(kind, (id_,) if id_ else None)


class TestOwn(DeclarationsSuite):
    @pytest.fixture
    def declarations(self) -> Published:
        return Published()


@pytest.fixture
def declarations() -> OwnDeclarations:
    return OwnDeclarations(Search(), lambda: NOON)


def publisher(declarations: OwnDeclarations, kafka: Publisher) -> ShipmentPublisher:
    confirmations = Confirmations(
        kafka, ByteQuota(10**9, DAY_SECONDS), confirmation_seconds=0.01, cure="send the same again"
    )
    return ShipmentPublisher(declarations, confirmations, IDENTITIES, lambda: NOON)


async def declare(shipments: ShipmentPublisher, name: str) -> Any:
    known = await shipments.tree(INVESTIGATION)
    return await shipments.publish(ShipmentDeclared, known, INVESTIGATION, GRANT, shipment=Shipment(name=name))


async def test_a_command_that_kafka_does_not_confirm_in_time_is_not_known(declarations: OwnDeclarations) -> None:
    with pytest.raises(Problem, match="send the same again") as away:
        await declare(publisher(declarations, SlowPublisher()), "s")
    assert away.value.status == 503
    assert (await declarations.of([HERE])).things == ()


async def test_a_command_is_later_than_all_that_was_said_though_the_clock_stands(
    declarations: OwnDeclarations,
) -> None:
    kafka = MemoryPublisher()
    declarations.note(parcel())
    known = await declare(publisher(declarations, kafka), "first")
    known = await declare(publisher(declarations, kafka), "second")
    assert [row.last.at - NOON for row in known.of_kind("shipment")] == [
        timedelta(microseconds=1),
        timedelta(microseconds=2),
    ]
    said = [ShipmentChanged.model_validate_json(message.value).shipping for message in kafka.of(SHIPMENTS.name)]
    assert [(each.said_by, each.investigation_id) for each in said] == [("portal", "42")] * 2


async def test_what_search_read_of_others_later_stands_above_what_was_published_here() -> None:
    later = parcel("43")
    later = later._replace(
        places=tuple(row._replace(last=row.last._replace(at=NOON + timedelta(seconds=1))) for row in later.places)
    )
    declarations = OwnDeclarations(Search(later), lambda: NOON)
    declarations.note(parcel("42"))
    assert (await declarations.of([HERE])).places == ()
    assert [row.investigation_id for row in (await declarations.of([ELSEWHERE])).places] == [ELSEWHERE]


async def test_what_was_published_here_unloads_what_search_has_read() -> None:
    later = word("parcel_declared", "43", at=(NOON + timedelta(seconds=1)).isoformat(), parcel=PARCEL)
    declarations = OwnDeclarations(Search(parcel("42")), lambda: NOON)
    declarations.note(later)
    assert (await declarations.of([HERE])).places == ()


PARCEL = {"name": "Dewar2", "content": [{"name": "P2", "type": "UNIPUCK", "sample_changer_location": 4}]}


async def test_what_was_published_is_forgotten_once_search_has_had_time_to_read_it() -> None:
    now = [NOON]
    declarations = OwnDeclarations(Search(), lambda: now[0])
    declarations.note(parcel())
    now[0] += KEPT
    assert declarations.holding("parcel", None) == {HERE}
    now[0] += timedelta(seconds=1)
    assert declarations.holding("parcel", None) == set()
    assert await declarations.of([HERE]) == Declared()


async def test_the_oldest_is_forgotten_when_too_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 4)
    declarations = OwnDeclarations(Search(), lambda: NOON)
    for investigation in ("42", "43"):
        declarations.note(parcel(investigation))
    assert declarations.holding("parcel", None) == {ELSEWHERE}
