"""Jolokia counts the members of groups that exist and consume what a queue's frames become."""

import pytest

from services.icat_gateway.app import CONSUMERS
from services.icat_gateway.ports import QUEUES
from tools.contracts.system import declared_services

STAGES = {stage.group: stage.consumes.name for service in declared_services() for stage in service.stages}


def test_every_queue_has_its_consumers() -> None:
    assert set(CONSUMERS) == set(QUEUES)


@pytest.mark.parametrize("queue", QUEUES)
def test_the_group_behind_a_queue_is_a_stage_of_its_topic(queue: str) -> None:
    group = CONSUMERS[queue]
    assert STAGES.get(group.name) == group.topic
