"""The record of frames whose translation killed a process. It lies beside the frames in the spool's folder.

The numbers of the frames are written to disk before the frames are translated. A process that finds such a record
when it starts knows which frames its predecessor was translating when it was killed. It takes them one by one, and
sets aside a frame that has killed `MOST_DEATHS` processes, so that the frames behind it can go on.
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
"""The suffix of a file with one frame, in the spool's format. Rename it to `.frames` to try the frame again."""


@dataclass(frozen=True)
class Attempt:
    """One delivery: the numbers of its first and last frame, and how many processes died while they delivered these."""

    first: int
    last: int
    deaths: int = 0


class Attempts:
    """The record of one spool. Only the process that holds the spool's folder may use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / "attempt"
        self._fatal: Attempt | None = None
        """The delivery in which the previous process died."""

    def open(self) -> None:
        """Read the delivery in which an earlier process died."""
        try:
            found = Attempt(**json.loads(self._note.read_bytes()))
        except (OSError, ValueError, TypeError):  # no record, or the machine stopped during the write
            return
        self._fatal = Attempt(found.first, found.last, found.deaths + 1)
        frames = f"frame {found.first}" if found.first == found.last else f"frames {found.first} to {found.last}"
        logger.warning("the last process ended while it delivered %s; they are taken one by one", frames)

    def close(self) -> None:
        """End without counting a death: an orderly stop leaves the number of deaths as it is."""
        if self._fatal is None:
            self._note.unlink(missing_ok=True)
        else:
            _write(self._note, _noted(replace(self._fatal, deaths=self._fatal.deaths - 1)))

    @property
    def are_suspect(self) -> bool:
        """Whether the frames at the front are among those that killed a process."""
        return self._fatal is not None

    def deaths(self, batch: Sequence[Taken]) -> int:
        """How many processes died while they delivered this one frame alone."""
        fatal = self._fatal
        alone = fatal is not None and fatal.first == fatal.last == batch[0].number == batch[-1].number
        return fatal.deaths if fatal is not None and alone else 0

    async def begin(self, batch: Sequence[Taken]) -> None:
        """Record on disk that these frames are being delivered.

        Raises:
            OSError: the disk cannot be written.
        """
        attempt = Attempt(batch[0].number, batch[-1].number, self.deaths(batch))
        await asyncio.to_thread(_write, self._note, _noted(attempt))

    def end(self, batch: Sequence[Taken]) -> None:
        """Remove the record: the frames are delivered or set aside."""
        self._note.unlink(missing_ok=True)
        if self._fatal is not None and batch[-1].number >= self._fatal.last:
            self._fatal = None

    async def set_aside(self, taken: Taken) -> Path:
        """Keep a frame in a separate file, which is never removed."""
        path = self._folder / f"{taken.number:020}{ASIDE}"
        await asyncio.to_thread(_write, path, written_record(taken))
        return path

    def count_aside(self) -> int:
        """How many frames were set aside and are still there."""
        return sum(1 for _ in self._folder.glob(f"*{ASIDE}"))


def _noted(attempt: Attempt) -> bytes:
    return json.dumps(asdict(attempt)).encode()


def _write(path: Path, data: bytes) -> None:
    """Replace a file atomically: after a crash it has the old content or the new."""
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
