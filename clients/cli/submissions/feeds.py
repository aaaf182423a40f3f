"""Where the receipts come from that are followed: datasets that are sent now, or a batch that was sent before."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from clients.cli.connection.api import Api, Unreachable
from clients.cli.submissions.batch import SubmissionBatch
from clients.cli.submissions.receipts import Handed, Receipts, State, Tell
from clients.cli.submissions.sources import Source, Sources
from clients.cli.terminal.output import Failed

FIRST_RETRY_SECONDS = 0.5
MOST_RETRY_SECONDS = 5.0
MOST_AT_ONCE = 500
MOST_BYTES_AT_ONCE = 1024 * 1024
"""In one request: half of what the gateway accepts from one source per second in the long run."""
GATHER_SECONDS = 0.25
"""The longest time to gather one request, however slowly a pipe delivers it."""
ACCEPTED = 202


@dataclass
class Clock:
    """A clock that tests can advance."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Feed(Protocol):
    """A source of receipts to follow."""

    batch: SubmissionBatch
    ready_at: float
    """The earliest time of the next step."""
    trouble: str
    """Why the feed has to wait."""

    @property
    def is_over(self) -> bool:
        """Whether no more receipts will come."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for its input, which may take any time."""

    @property
    def is_paced(self) -> bool:
        """Whether the gateway works, and has said when it will accept more."""

    def step(self, receipts: Receipts, now: float) -> bool:
        """Add some receipts to those that are followed. Returns whether there were any."""


@dataclass
class KnownBatch:
    """A feed of the receipts of a batch that was submitted before."""

    batch: SubmissionBatch
    ready_at: float = 0.0
    trouble: str = ""
    is_idle: bool = False
    is_paced: bool = False
    is_over: bool = False
    _numbers: Iterator[int] | None = None

    def step(self, receipts: Receipts, now: float) -> bool:  # noqa: ARG002  of a Feed
        """Add as many as there is room for."""
        self._numbers = self._numbers or self.batch.numbers()
        while receipts.has_room:
            number = next(self._numbers, None)
            if number is None:
                self.is_over = True
                break
            receipt_id = self.batch.receipt_id(number)
            receipts.add(Handed(number, receipt_id, {"receipt_id": receipt_id, "state": "unknown"}))
        return False


@dataclass
class HandIn:
    """A feed that submits sources, and submits them again under the same receipts if no answer came."""

    api: Api
    sources: Sources
    tell: Tell
    clock: Clock = field(default_factory=Clock)
    batch: SubmissionBatch = field(default_factory=SubmissionBatch)
    ready_at: float = 0.0
    trouble: str = ""
    """Why it waits for the gateway."""
    stopped: str = ""
    """Why the gateway accepts nothing more."""
    is_paced: bool = False
    _carried: deque[tuple[Handed, Source]] = field(default_factory=deque)
    _bytes: int = 0
    _retry_seconds: float = FIRST_RETRY_SECONDS
    _taken: bool = False
    _ended: bool = False

    @property
    def is_over(self) -> bool:
        """Whether everything was submitted, or the gateway accepts nothing more."""
        return bool(self.stopped) or (self._ended and not self._carried)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for more sources."""
        return not self._ended and not self._carried

    def step(self, receipts: Receipts, now: float) -> bool:
        """Submit as much as fits into one request."""
        if self.is_over or now < self.ready_at or not receipts.has_room:
            return False
        self._gather()
        if not self._carried:
            return False
        try:
            results = self.api.submit([_under(handed, source) for handed, source in self._carried])
        except Unreachable as away:
            self._wait(away, now)
            return False
        except Failed as refused:
            if not self._taken:
                raise
            self.stopped = str(refused)
            return False
        for result in results:
            self._answered(*self._carried.popleft(), result, receipts)
        self._bytes, self._taken, self.trouble, self.is_paced = 0, True, "", False
        self._retry_seconds = FIRST_RETRY_SECONDS
        return True

    def leave(self) -> str:
        """Report what was not accepted. Returns the place of the first, if there is any."""
        for handed, _ in self._carried:
            self.tell(replace(handed, state=handed.state | {"state": "unanswered"}))
        if self._carried:
            return self._carried[0][1].place
        if self._ended:
            return ""
        try:
            following = next(self.sources)
        except StopIteration:
            self._ended = True
            return ""
        return following.place if following else "what is still to come"

    def _gather(self) -> None:
        """Take from the sources what fits into one request, unless some of it waits already."""
        if self.trouble:
            return
        until = self.clock.now() + GATHER_SECONDS
        while len(self._carried) < MOST_AT_ONCE and self._bytes < MOST_BYTES_AT_ONCE and self.clock.now() < until:
            try:
                source = next(self.sources)
            except StopIteration:
                self._ended = True
                return
            if source is None:
                return
            if source.fault:
                fault = {"state": "unreadable", "detail": f"{source.place} {source.fault}"}
                self.tell(Handed(0, "", fault, source))
            else:
                self._carry(source)

    def _carry(self, source: Source) -> None:
        self.batch.count += 1
        own = source.submission.get("receipt_id")
        receipt_id = str(own) if own else self.batch.receipt_id(self.batch.count)
        state = {"path": source.submission.get("path"), "receipt_id": receipt_id, "state": "in_flight"}
        says_more = source.unplaced is not None or source.findings
        kept = replace(source, submission={}) if says_more else None
        self._carried.append((Handed(self.batch.count, receipt_id, state, kept), source))
        self._bytes += len(json.dumps(source.submission))

    def _answered(self, handed: Handed, source: Source, result: State, receipts: Receipts) -> None:
        if result["status"] != ACCEPTED:
            self.tell(replace(handed, state={**handed.state, **result, "state": "refused"}))
            return
        dataset_id = result.get("dataset_id") if source.submission.get("receipt_id") else None
        receipts.add(replace(handed, state={**result, **handed.state}, dataset_id=dataset_id))

    def _wait(self, away: Unreachable, now: float) -> None:
        """Wait as long as the gateway said, or longer each time. If nothing has ever answered, it is not up: fail."""
        if not self._taken and away.retry_after_seconds is None:
            raise away
        self.trouble, self.is_paced = str(away), away.is_pace
        self.ready_at = now + max(away.retry_after_seconds or 0.0, self._retry_seconds)
        if not away.is_pace:
            self._retry_seconds = min(2 * self._retry_seconds, MOST_RETRY_SECONDS)


def _under(handed: Handed, source: Source) -> State:
    """The submission with its receipt id."""
    return {**source.submission, "receipt_id": handed.receipt_id}
