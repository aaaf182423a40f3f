"""The loop of stages, relays and timers around what passing faults may interrupt."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest
from aiokafka.errors import SaslAuthenticationFailed

from shared.events.record import Message
from shared.events.topics import COMMITTED
from shared.kafka.publisher import MemoryPublisher
from shared.runtime.backoff import Backoff, Stopping
from shared.runtime.metrics import RETRIES
from shared.runtime.retries import until_done
from shared.stages.relay import Relay

BROKEN = asyncpg.InternalClientError("cannot switch to state 15")
UNLIKELY = (
    BROKEN,
    asyncpg.InternalServerError("XX000"),
    KeyError("of our own code"),
    OSError(5, "disk"),
    Exception("?"),
)


class Hasty(Backoff):
    """Tries again at once."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / 1000)


class Failing:
    """Work that fails by these errors first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.mark.parametrize("error", UNLIKELY, ids=lambda error: type(error).__name__)
async def test_what_fails_for_a_reason_that_may_pass_is_done_in_the_end_and_counted(error: Exception) -> None:
    counter = RETRIES.labels("worker", type(error).__name__)
    before = counter._value.get()
    backoff = Hasty()
    assert await until_done("worker", Failing(error, error, error), backoff) == "done"
    assert counter._value.get() - before == 3
    assert backoff.troubles(-1) == {}


async def test_what_no_retry_can_mend_is_raised_at_once() -> None:
    work = Failing(SaslAuthenticationFailed("who are you"), BROKEN)
    with pytest.raises(SaslAuthenticationFailed):
        await until_done("worker", work, Hasty())
    assert work.errors == [BROKEN]


async def test_a_stop_ends_the_trying() -> None:
    backoff = Hasty()
    backoff.stop()
    with pytest.raises(Stopping):
        await until_done("worker", Failing(BROKEN), backoff)


def test_a_trouble_lasts_from_the_first_failure_to_the_next_success() -> None:
    now = 100.0
    backoff = Backoff(monotonic=lambda: now)
    backoff.failed("a", BROKEN)
    now = 130.0
    backoff.failed("a", TimeoutError("newest"))
    backoff.failed("b", BROKEN)
    assert {who: str(error) for who, error in backoff.troubles(20).items()} == {"a": "newest"}
    backoff.succeeded("a")
    backoff.failed("a", BROKEN)
    assert backoff.troubles(20) == {}


class OutboxWithTrouble:
    """An outbox whose database fails in ways that nobody foresaw, before and after it is read."""

    def __init__(self, message: Message) -> None:
        self.trouble: list[Exception] = [BROKEN, KeyError("row"), asyncpg.DataError("22000"), BROKEN]
        self.messages = [message]

    @asynccontextmanager
    async def take(self, most: int) -> AsyncIterator[Sequence[Message]]:
        del most
        if len(self.trouble) > 2:
            raise self.trouble.pop()
        yield self.messages
        if self.trouble:
            raise self.trouble.pop()
        self.messages = []


async def test_a_relay_goes_on_after_any_error_of_its_outbox() -> None:
    message = Message(COMMITTED.name, b"k", b"{}", ())
    outbox, publisher, backoff = OutboxWithTrouble(message), MemoryPublisher(), Hasty()
    relaying = asyncio.create_task(Relay("relay", outbox, publisher, backoff).run())
    async with asyncio.timeout(10):
        while outbox.messages:  # noqa: ASYNC110  a plain twin without events
            await asyncio.sleep(0)
    backoff.stop()
    await relaying
    assert publisher.messages == [message] * 3  # at least once
