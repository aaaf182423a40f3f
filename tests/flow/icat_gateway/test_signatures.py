"""Whatever the signatures of ICAT's client allow is taken: the real client, the real edge, and all that follows."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.icat_gateway.translation import Translator
from shared.events.topics import REJECTED, SUBMITTED
from tests.builders.edge import Broker, running
from tests.builders.icat_signatures import SENT, public_methods
from tests.builders.pipeline import World
from tests.builders.submissions import IDENTITIES
from tests.builders.terminal import ROOT

pytestmark = pytest.mark.flow


async def _send_all(port: int, folder: Path) -> int:
    """Send all that the signatures allow; the least number of messages that this makes."""
    program = ("-W", "ignore", "-m", "tests.flow.icat_gateway.all_calls", str(port), str(folder))
    sending = await asyncio.create_subprocess_exec(sys.executable, *program, cwd=ROOT, stdout=PIPE, stderr=PIPE)
    out, errors = await sending.communicate()
    assert sending.returncode == 0, errors.decode()
    return int(out.split()[-1])


async def test_whatever_the_types_allow_is_accepted(tmp_path: Path) -> None:
    translator = Translator(IDENTITIES, ZoneInfo("Europe/Paris"))
    async with running(tmp_path / "spool", broker := Broker(), translator=translator) as edge:
        sent = await _send_all(edge.edge.server.port, tmp_path)
    assert len(broker.messages) >= sent > len(SENT)
    world = World()
    await world.send(*(message for message in broker.messages if message.topic == SUBMITTED.name))
    refused = [json.loads(message.value) for message in broker.messages if message.topic == REJECTED.name]
    assert [each["rejection"]["message"] for each in (*world.said(REJECTED.name), *refused)] == []


def test_the_calls_that_are_sent_are_calls_of_the_client() -> None:
    assert set(SENT) <= public_methods().keys()
