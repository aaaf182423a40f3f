"""What a service declares to produce is what it can produce."""

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.events.codes import REJECTING_STAGES
from shared.events.record import Message
from shared.events.topics import REJECTED, TOPICS
from shared.kafka.publisher import UndeclaredTopic
from tests.builders.settings import settings_for
from tools.contracts.system import DeclaredService, declared_services

services = pytest.mark.parametrize("service", declared_services(), ids=lambda service: service.name)


@services
async def test_the_publisher_of_a_service_takes_what_the_service_declares_and_nothing_else(
    service: DeclaredService,
) -> None:
    publisher = service.service.resources(settings_for(service.name)).publisher
    for topic in TOPICS:
        is_declared = topic in service.service.produces
        with pytest.raises(KafkaConnectionError if is_declared else UndeclaredTopic):
            await publisher.publish([Message(topic.name, b"key", b"{}", ())])


async def test_a_refusal_names_the_service_and_the_topic() -> None:
    [service] = [each for each in declared_services() if each.name == "validator"]
    with pytest.raises(UndeclaredTopic) as caught:
        await service.service.resources(settings_for(service.name)).publisher.publish(
            [Message("dataset.linked", None, b"{}", ())]
        )
    assert str(caught.value) == (
        "beamcat-validator published to dataset.linked, which its declaration does not list: add it to `produces`"
    )


@services
def test_what_the_stages_of_a_service_produce_is_declared(service: DeclaredService) -> None:
    produced = {stage.produces for stage in service.stages if stage.produces}
    produced |= {REJECTED for stage in service.stages if stage.publishes_rejections}
    assert produced <= set(service.service.produces)


def test_every_stage_that_rejects_is_listed() -> None:
    stages = [stage for service in declared_services() for stage in service.stages]
    rejecting = [stage.name for stage in stages if stage.publishes_rejections]
    assert sorted(REJECTING_STAGES) == sorted(["icat_gateway", *rejecting])  # that one reads frames, not a topic
