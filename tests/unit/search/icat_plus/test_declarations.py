"""The twin of what is kept of declarations, and commands that stand on it."""

from datetime import timedelta
from typing import Any

import pytest

from services.search.icat_plus.declarations import MemoryDeclarations
from services.search.icat_plus.shipping import ShippingDesk
from shared.access.grants import Grant
from shared.access.quota import DAY_SECONDS, ByteQuota
from shared.events.shipments import Shipment, ShipmentChanged, ShipmentDeclared
from shared.events.topics import SHIPMENTS
from shared.foundation.problem import Problem
from shared.kafka.confirmation import Confirmations
from shared.kafka.publisher import MemoryPublisher, Publisher
from tests.builders.search.records import IDENTITIES, NOON
from tests.suites.search.declarations import HERE, DeclarationsSuite, parcel
from tests.unit.search.icat_plus.test_kafka_away import SlowPublisher

SLOT = {"investigation_id": IDENTITIES.investigation("42"), "facility_id": "42"}
SLOT |= {"proposal": "mx1111", "beamline": "id30a-3"}
GRANT = Grant(name="portal", token_sha256="0" * 64, beamlines=["*"])


@pytest.fixture
def declarations() -> MemoryDeclarations:
    return MemoryDeclarations()


class TestMemory(DeclarationsSuite):
    pass


def desk(declarations: MemoryDeclarations, publisher: Publisher) -> ShippingDesk:
    confirmations = Confirmations(
        publisher, ByteQuota(10**9, DAY_SECONDS), confirmation_seconds=0.01, cure="send the same again"
    )
    return ShippingDesk(declarations, confirmations, IDENTITIES, lambda: NOON)


async def declare(shipping: ShippingDesk, name: str) -> Any:
    known = await shipping.travelling(SLOT)
    return await shipping.say(ShipmentDeclared, known, SLOT, GRANT, shipment=Shipment(name=name))


async def test_a_command_that_kafka_does_not_confirm_in_time_is_not_known(declarations: MemoryDeclarations) -> None:
    with pytest.raises(Problem, match="send the same again") as away:
        await declare(desk(declarations, SlowPublisher()), "s")
    assert away.value.status == 503
    assert (await declarations.of([HERE])).things == ()


async def test_a_command_is_later_than_all_that_was_said_though_the_clock_stands(
    declarations: MemoryDeclarations,
) -> None:
    kafka = MemoryPublisher()
    await declarations.note(parcel())
    known = await declare(desk(declarations, kafka), "first")
    known = await declare(desk(declarations, kafka), "second")
    assert [row.last.at - NOON for row in known.of_kind("shipment")] == [
        timedelta(microseconds=1),
        timedelta(microseconds=2),
    ]
    said = [ShipmentChanged.model_validate_json(message.value).shipping for message in kafka.of(SHIPMENTS.name)]
    assert [(word.said_by, word.investigation_id) for word in said] == [("portal", "42")] * 2
