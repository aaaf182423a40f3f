"""How often a process died over the frame at the front of the spool, kept beside the frames.

Before frames are translated, the disk has their numbers. A process that finds such a note when it starts knows what its
predecessor was doing when it was killed: those frames are then taken one by one, and one over which `MOST_DEATHS`
processes died is set aside, so that the others go on.
"""

import asyncio
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from services.icat_gateway.ports import Taken
from services.icat_gateway.spool import written_record

logger = logging.getLogger(__name__)

MOST_DEATHS = 3
ASIDE = ".aside"
"""Ends the name of a file with one frame, as the spool's own files hold it. Renamed to `.frames` it is tried again."""


@dataclass(frozen=True)
class Attempt:
    """What is being delivered: the numbers of the first and last frame, and how many died over exactly these."""

    first: int
    last: int
    deaths: int = 0


class Attempts:
    """The note of one spool. Whoever holds the spool's folder holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / "attempt"
        self._fatal: Attempt | None = None
        """What the predecessor died over."""

    def open(self) -> None:
        """Find what an earlier process died over."""
        try:
            found = Attempt(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):  # there is none, or the machine stopped while it was written
            return
        self._fatal = Attempt(found.first, found.last, found.deaths + 1)
        frames = f"frame {found.first}" if found.first == found.last else f"frames {found.first} to {found.last}"
        logger.warning("the last process ended while it delivered %s; they are taken one by one", frames)

    def close(self) -> None:
        """An orderly end is no death: the next process counts as many as this one did."""
        if self._fatal is None:
            self._note.unlink(missing_ok=True)
        else:
            _write(self._note, _noted(replace(self._fatal, deaths=self._fatal.deaths - 1)))

    @property
    def are_suspect(self) -> bool:
        """Whether the frames at the front are among those over which a process died."""
        return self._fatal is not None

    def deaths(self, batch: Sequence[Taken]) -> int:
        """How many processes died over this frame, tried by itself."""
        fatal = self._fatal
        alone = fatal is not None and fatal.first == fatal.last == batch[0].number == batch[-1].number
        return fatal.deaths if fatal is not None and alone else 0

    async def begin(self, batch: Sequence[Taken]) -> None:
        """On return the disk knows that these frames are being delivered.

        Raises:
            OSError: the disk cannot be written.
        """
        attempt = Attempt(batch[0].number, batch[-1].number, self.deaths(batch))
        await asyncio.to_thread(_write, self._note, _noted(attempt))

    def end(self, batch: Sequence[Taken]) -> None:
        """They are delivered, or set aside."""
        self._note.unlink(missing_ok=True)
        if self._fatal is not None and batch[-1].number >= self._fatal.last:
            self._fatal = None

    async def set_aside(self, taken: Taken) -> Path:
        """Keep a frame in a file of its own, which stays."""
        path = self._folder / f"{taken.number:020}{ASIDE}"
        await asyncio.to_thread(_write, path, written_record(taken))
        return path

    def count_aside(self) -> int:
        """How many frames were set aside and are still there."""
        return sum(1 for _ in self._folder.glob(f"*{ASIDE}"))


def _noted(attempt: Attempt) -> bytes:
    return json.dumps(asdict(attempt)).encode()


def _write(path: Path, data: bytes) -> None:
    """Replace a file as a whole: after a crash it has the old content or the new."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
