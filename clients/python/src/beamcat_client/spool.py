"""The spool: submissions on the local disk that are not delivered yet.

It uses SQLite of the standard library, in WAL mode with `synchronous=FULL`: a committed row has been fsynced, a torn
write is never visible, and several processes may write at the same time. Append-only files would need new code for all
of this. WAL needs shared memory, so the folder must be on a local disk, not on NFS.

A delivered row is deleted. A row that was sent but not yet deleted when the process died is sent again with the same
receipt id, which changes nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from beamcat_client.answers import Refused
from beamcat_client.errors import SpoolUnusable

BUSY_SECONDS = 30.0

SCHEMA = """
create table if not exists submission (
    sequence integer primary key autoincrement,  -- the order of delivery; never used twice
    receipt_id text not null unique,
    path text not null,
    body blob not null,
    held_until real not null default 0,          -- Unix time; not sent before
    refusal text                                 -- the gateway's answer; null while it waits
);
create index if not exists waiting on submission (sequence) where refusal is null;
create index if not exists waiting_path on submission (path, sequence) where refusal is null;
"""

DUE = """
select sequence, receipt_id, path, body from submission as mine
where refusal is null and held_until <= :now and not exists (
    select 1 from submission as earlier
    where earlier.refusal is null and earlier.path = mine.path
      and earlier.sequence < mine.sequence and earlier.held_until > :now
)
order by sequence limit :most
"""


@dataclass(frozen=True)
class Spooled:
    """A submission that waits for delivery."""

    receipt_id: str
    path: str
    body: bytes


@dataclass
class Settlement:
    """The results of sent submissions: the gateway's answers by receipt. Other submissions stay in the spool."""

    delivered: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    held_until: float = 0.0
    """The Unix time before which held submissions are not sent again."""

    @property
    def answers(self) -> dict[str, dict[str, Any]]:
        """All answers, by receipt."""
        return {**self.delivered, **self.refused, **self.held}


class Spool:
    """A folder of submissions, which threads and processes may share."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._lock = threading.RLock()
        self._sending = threading.Lock()
        with _usable(self.folder):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = _open(self.folder / "spool.sqlite3", BUSY_SECONDS)
            self._sender = _open(self.folder / "sender.sqlite3", 0)
            _set_up(self._database)

    def close(self) -> None:
        """Close the files. Waiting submissions stay in them."""
        with self._sending, self._lock:
            self._database.close()
            self._sender.close()

    def add(self, receipt_id: str, path: str, body: bytes) -> None:
        """Store a submission. On return it survives a power cut. The same submission is not stored twice.

        Raises:
            ValueError: another submission has this receipt.
            SpoolUnusable: it could not be stored.
        """
        insert = "insert into submission (receipt_id, path, body) values (?, ?, ?) on conflict do nothing"
        self._write([(insert, (receipt_id, path, body))])
        for kept, known in self._read("select path, body from submission where receipt_id = ?", (receipt_id,)):
            if known != body:
                raise ValueError(f"the receipt {receipt_id} belongs to other content of {kept}; give this one another")

    def due(self, most: int, most_bytes: int, now: float) -> Sequence[Spooled]:
        """The oldest due submissions, in order. If any is due, there is at least one, of any size."""
        found: list[Spooled] = []
        size = 0
        for _, receipt_id, path, body in self._read(DUE, {"now": now, "most": most}):
            size += len(body)
            if found and size > most_bytes:
                break
            found.append(Spooled(receipt_id, path, body))
        return found

    def settle(self, settlement: Settlement) -> None:
        """Store the results of submissions atomically."""
        self._write(
            [("delete from submission where receipt_id = ?", (receipt_id,)) for receipt_id in settlement.delivered]
            + [
                ("update submission set refusal = ? where receipt_id = ?", (json.dumps(problem), receipt_id))
                for receipt_id, problem in settlement.refused.items()
            ]
            + [
                ("update submission set held_until = ? where receipt_id = ?", (settlement.held_until, receipt_id))
                for receipt_id in settlement.held
            ]
        )

    def waiting(self) -> int:
        """How many submissions are not delivered yet, including held ones."""
        return int(self._read("select count(*) from submission where refusal is null")[0][0])

    def is_waiting(self, receipt_id: str) -> bool:
        """Whether this submission is not delivered yet."""
        return bool(self._read("select 1 from submission where receipt_id = ? and refusal is null", (receipt_id,)))

    def refused(self, receipt_id: str | None = None) -> list[Refused]:
        """The submissions that the gateway will never accept, oldest first."""
        rows = self._read(
            "select receipt_id, path, body, refusal from submission "
            "where refusal is not null and receipt_id = coalesce(?, receipt_id) order by sequence",
            (receipt_id,),
        )
        return [_refused(*row) for row in rows]

    def forget(self, receipt_id: str) -> bool:
        """Delete a refused submission. It returns whether there was one."""
        found = bool(self.refused(receipt_id))
        self._write([("delete from submission where receipt_id = ? and refusal is not null", (receipt_id,))])
        return found

    def retry(self, receipt_id: str) -> bool:
        """Queue a refused submission again, in its old place. It returns whether there was one."""
        found = bool(self.refused(receipt_id))
        again = "update submission set refusal = null, held_until = 0 where receipt_id = ? and refusal is not null"
        self._write([(again, (receipt_id,))])
        return found

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Try to be the only sender among all threads and processes. It yields whether this succeeded.

        The lock is SQLite's lock on a second, empty database. It works wherever SQLite does, and ends with its process.
        """
        if not self._sending.acquire(blocking=False):
            yield False
            return
        try:
            mine = self._take_lock()
            try:
                yield mine
            finally:
                if mine:
                    self._sender.execute("rollback")
        finally:
            self._sending.release()

    def _take_lock(self) -> bool:
        try:
            self._sender.execute("begin exclusive")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return False
            raise
        return True

    def _read(self, statement: str, values: Any = ()) -> list[tuple[Any, ...]]:
        with self._lock, _usable(self.folder):
            return self._database.execute(statement, values).fetchall()

    def _write(self, statements: Sequence[tuple[str, tuple[Any, ...]]]) -> None:
        with self._lock, _usable(self.folder):
            self._database.execute("begin immediate")
            try:
                for statement, values in statements:
                    self._database.execute(statement, values)
                self._database.execute("commit")
            except BaseException:
                if self._database.in_transaction:
                    self._database.execute("rollback")
                raise


def default_spool(url: str) -> Path:
    """The spool of this user and gateway, on a local disk that is kept over a restart."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    gateway = "".join(letter if letter.isalnum() else "-" for letter in urlsplit(url).netloc)
    root = Path("/var/tmp") if os.name == "posix" else Path.home()  # noqa: S108 - the folder itself belongs to the user alone
    return root / f"beamcat-{user}" / gateway


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise SpoolUnusable(
            f"the spool {folder} cannot be used ({error}): free space or give another folder"
        ) from error


def _open(file: Path, busy_seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=busy_seconds, isolation_level=None, check_same_thread=False)


def _set_up(database: sqlite3.Connection) -> None:
    """Create missing tables. It waits for other processes that switch to WAL, because SQLite itself does not."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            database.execute("pragma journal_mode = wal")
            database.execute("pragma synchronous = full")
            database.executescript(SCHEMA)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _refused(receipt_id: str, path: str, body: bytes, refusal: str) -> Refused:
    problem = json.loads(refusal)
    return Refused(
        receipt_id,
        path,
        int(problem.get("status", 0)),
        str(problem.get("detail", "")),
        list(problem.get("errors", [])),
        json.loads(body),
    )
