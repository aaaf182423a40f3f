"""The edge as a process of its own, whose translation is killed by a frame that says so: `python -m` this, a folder."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from services.icat_gateway.translation import Frame
from shared.events.record import Message
from shared.events.rejection import Origin
from tests.builders.edge import Broker, Verbatim, running, until


class Deadly(Verbatim):
    """A translation that the kernel ends over `deadly`, as it does with what takes all memory."""

    def translate(self, frame: Frame, position: Origin, now: datetime) -> Sequence[Message]:
        if frame.body.startswith(b"deadly"):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().translate(frame, position, now)


async def deliver(folder: Path) -> None:
    """Deliver what the spool holds and say what became of it, a line each."""
    async with running(folder, broker := Broker(), translator=Deadly()) as world:
        await until(lambda: world.edge.spool.frames == 0)
    for message in broker.messages:
        sys.stdout.write(f"{message.topic} {message.value.decode()}\n")


if __name__ == "__main__":
    asyncio.run(deliver(Path(sys.argv[1])))
