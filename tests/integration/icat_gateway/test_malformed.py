"""Whatever is sent to the port: the edge stays up, memory stays bounded, neighbours are served."""

import asyncio
import contextlib
import os
import random
import resource
from collections.abc import AsyncIterator, Iterable
from datetime import UTC
from pathlib import Path

import pytest_asyncio

from services.icat_gateway.ports import QUEUES
from services.icat_gateway.stomp.bounds import Bounds, Timeouts
from services.icat_gateway.translation import Translator
from shared.events.identity import Identities
from shared.events.record import Message
from shared.events.rejection import DatasetRejected
from shared.events.topics import REJECTED
from tests.builders.edge import Broker, Client, World, running, until
from tests.builders.seeds import seed_of_run
from tests.integration.icat_gateway.malformed import CONNECT, SESSION, bodies, frames

MOST_GROWTH_BYTES = 300 * 1024 * 1024
"""Of the whole test process, clients included, while several streams of 100 MB are sent."""
MUTATIONS = int(os.environ.get("BEAMCAT_FUZZ_RUNS", "300"))
BOUNDS = Bounds(timeouts=Timeouts(goodbye=0.2))


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    translator = Translator(Identities("facility.example"), UTC)
    async with running(tmp_path, Broker(), BOUNDS, translator) as world:
        yield world


INTERNAL_ERROR = "internal_error"


def rejection_code(message: Message) -> str:
    """Why a frame was rejected."""
    return DatasetRejected.model_validate_json(message.value).rejection.code


def peak_bytes() -> int:
    """The most memory that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def serves(client: Client, what: str) -> None:
    """A neighbour's frame is taken, whatever just came over another connection."""
    await client.send(b"neighbour", "n")
    async with asyncio.timeout(60):
        assert await client.answer() == "RECEIPT\nreceipt-id:n\n\n", what


async def pour(client: Client, pieces: Iterable[bytes]) -> str:
    """Send all, or as much as is taken, say no more, and listen to the end."""
    told = asyncio.create_task(client.rest())
    with contextlib.suppress(ConnectionError, OSError):
        for piece in pieces:
            await client.say(piece)
        client.writer.write_eof()
    async with asyncio.timeout(60):
        return await told


def test_the_corpus_is_large_and_each_of_it_has_a_name() -> None:
    names = [name for name, _ in frames()] + [f"body: {name}" for name, _ in bodies()]
    assert len(names) >= 200
    assert len(set(names)) == len(names)


async def test_malformed_frames_end_their_own_connection_only(world: World) -> None:
    neighbour = await (await world.client()).connect()
    before = peak_bytes()
    for name, stream in frames():
        client = await world.client()
        await pour(client, stream())
        await client.close()
        await serves(neighbour, name)
    assert peak_bytes() - before < MOST_GROWTH_BYTES
    await until(lambda: len(world.edge.server._connections) == 1)


async def test_every_body_becomes_something_and_neighbours_are_served(world: World) -> None:
    client, neighbour = [await (await world.client()).connect() for _ in range(2)]
    before = peak_bytes()
    for number, (name, body) in enumerate(bodies()):
        settled = len(world.broker.messages)
        await client.send(body, str(number), QUEUES[number % len(QUEUES)])
        await serves(neighbour, name)
        async with asyncio.timeout(60):
            assert await client.answer() == f"RECEIPT\nreceipt-id:{number}\n\n", name
        assert len(world.broker.messages) >= settled + 2, name
    assert INTERNAL_ERROR not in {rejection_code(message) for message in world.broker.of(REJECTED.name)}
    assert peak_bytes() - before < MOST_GROWTH_BYTES


async def test_mutated_sessions_never_bring_the_edge_down(world: World) -> None:
    seed = seed_of_run()
    chance = random.Random(seed)
    neighbour = await (await world.client()).connect()
    for number in range(MUTATIONS):
        client = await world.client()
        data = mutated(chance)
        cuts = sorted(chance.choices(range(len(data) + 1), k=chance.randrange(5)))
        pieces = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        await pour(client, pieces)
        await client.close()
        await serves(neighbour, f"seed {seed}, session {number}: {data!r}")


def mutated(chance: random.Random) -> bytes:
    """A session of several frames with some bytes changed, lost, doubled or moved."""
    data = bytearray(SESSION.replace(CONNECT, CONNECT * chance.choice((0, 1, 1, 1, 2))) * chance.randrange(1, 4))
    for _ in range(chance.randrange(1, 8)):
        if not data:
            break
        at = chance.randrange(len(data))
        end = min(len(data), at + chance.randrange(1, 20))
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at:end]
            case 2:
                data[at:at] = data[at:end] * chance.randrange(1, 50)
            case 3:
                data[at:at] = chance.choice((b"\0", b"\n\n", b"\r\n", b":", b"\\", b"content-length:7\n", b"\xff"))
            case _:
                data[at:end] = chance.randbytes(end - at)
    return bytes(data)
