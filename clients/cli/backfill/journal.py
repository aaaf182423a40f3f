"""The folder of a backfill: how far it has come, and what needs somebody's attention.

`state.json` is replaced atomically, after everything that it relies on is durable. It says how long the other files
were at that moment. A backfill that goes on cuts them to that length, so no line is lost or written twice.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from clients.cli.terminal.output import fail

STATE_FOLDER = ".backfill"
"""The ending of the name of a folder, unless the user gives another."""
STATE = "state.json"
REJECTED, NOTES = "rejected.ndjson", "notes.ndjson"
Line = dict[str, Any]


@dataclass
class Progress:
    """How far a backfill has come."""

    source: str
    """The source, so that another one does not go on here."""
    target: str
    """The gateway of the catalogue that the datasets go to."""
    position: Any = None
    """The place in the source from which to go on; None is its beginning."""
    is_read: bool = False
    """Whether the whole source was read."""
    counts: Counter[str] = field(default_factory=Counter)
    sizes: dict[str, int] = field(default_factory=dict)
    """The length of each file in bytes."""
    generation: int = 0
    """The number of the file of pending datasets, which is written anew when they are asked for again."""

    @property
    def pending(self) -> str:
        """The name of the file of pending datasets."""
        return f"pending.{self.generation}.ndjson"


class Journal:
    """The folder, for one process at a time."""

    def __init__(self, folder: Path, source: str, target: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        self._files: dict[str, IO[bytes]] = {}
        try:
            self._take_lock()
            self.progress = self._read(source, target)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        self._lock.close()

    def path(self, name: str) -> Path:
        """The place of a file."""
        return self.folder / name

    def append(self, name: str, lines: Iterable[Line]) -> None:
        """Append lines to a file. They count once `save` has returned."""
        file = self._file(name)
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")

    def lines(self, name: str) -> Iterator[Line]:
        """All lines of a file."""
        self._file(name).flush()
        with self.path(name).open("rb") as file:
            yield from map(json.loads, file)

    def save(self) -> None:
        """Make all files durable, and then the state that relies on them."""
        for name, file in self._files.items():
            file.flush()
            os.fsync(file.fileno())
            self.progress.sizes[name] = file.tell()
        new = self.path(f"{STATE}.new")
        with new.open("w", encoding="utf-8") as state:
            json.dump(vars(self.progress), state)
            state.flush()
            os.fsync(state.fileno())
        new.replace(self.path(STATE))
        folder = os.open(self.folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def forget(self, name: str) -> None:
        """Remove a file that the state no longer names."""
        if name in self._files:
            self._files.pop(name).close()
        self.progress.sizes.pop(name, None)
        self.path(name).unlink(missing_ok=True)

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(f"another backfill works in {self.folder}; wait for it, or give another folder with --state")

    def _file(self, name: str) -> IO[bytes]:
        if name not in self._files:
            file = self.path(name).open("ab")
            file.truncate(self.progress.sizes.get(name, 0))
            file.seek(0, os.SEEK_END)  # it was opened at the end of what is cut off
            self._files[name] = file
        return self._files[name]

    def _read(self, source: str, target: str) -> Progress:
        try:
            said = json.loads(self.path(STATE).read_text(encoding="utf-8"))
            progress = Progress(**{**said, "counts": Counter(said["counts"])})
        except FileNotFoundError:
            return Progress(source, target)
        except (ValueError, LookupError, TypeError, AttributeError):
            fail(f"{self.path(STATE)} is not the state of a backfill; give another folder with --state")
        for what, known, meant in (("source", progress.source, source), ("catalogue", progress.target, target)):
            if known != meant:
                fail(f"{self.folder} is of another {what} ({known}, not {meant}); give another folder with --state")
        return progress
