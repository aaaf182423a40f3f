"""Datasets that are handed in, some at a time, while the receipts of those before are followed."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from clients.cli.api import Api, Unreachable
from clients.cli.batch import Batch
from clients.cli.output import FAILED, UNREACHABLE, Failed, fail
from clients.cli.receipts import Handed, Receipts, State, Tell
from clients.cli.sources import Source, Sources
from clients.cli.states import whole

PATIENCE_SECONDS = 30.0
"""Without anything that moves on, unless the user says how long."""
UNHEARD_SECONDS = 5.0
"""Then search would have heard of every receipt that there is."""
POLL_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.0
GROWTH = 1.5
"""Of the pause, as long as nothing moves."""
FIRST_RETRY_SECONDS = 0.5
MOST_RETRY_SECONDS = 5.0
MOST_AT_ONCE = 500
MOST_BYTES_AT_ONCE = 1024 * 1024
"""In one request: half of what the gateway takes of one source in a second for long."""
GATHER_SECONDS = 0.25
"""At most for one request, however slowly a pipe brings it."""
ACCEPTED = 202


@dataclass
class Clock:
    """The time, which tests can make pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Feed(Protocol):
    """Where the receipts come from that are followed."""

    batch: Batch
    ready_at: float
    """When the next step makes sense."""
    trouble: str
    """Why it has to wait."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for somebody who has all the time in the world."""

    @property
    def is_paced(self) -> bool:
        """Whether the gateway works, and said when it takes more."""

    def step(self, receipts: Receipts, now: float) -> bool:
        """Let some receipts be followed; whether there were any."""


@dataclass
class Known:
    """The receipts of a batch that was handed in before."""

    batch: Batch
    ready_at: float = 0.0
    trouble: str = ""
    is_idle: bool = False
    is_paced: bool = False
    is_over: bool = False
    _numbers: Iterator[int] | None = None

    def step(self, receipts: Receipts, now: float) -> bool:  # noqa: ARG002  of a Feed
        """As many as there is room for."""
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
    """Sources that are handed in under receipts of a batch, and under the same ones again where no answer came."""

    api: Api
    sources: Sources
    tell: Tell
    clock: Clock = field(default_factory=Clock)
    batch: Batch = field(default_factory=Batch)
    ready_at: float = 0.0
    trouble: str = ""
    """Why the gateway is waited for."""
    stopped: str = ""
    """Why it takes nothing more."""
    is_paced: bool = False
    _carried: deque[tuple[Handed, Source]] = field(default_factory=deque)
    _bytes: int = 0
    _retry_seconds: float = FIRST_RETRY_SECONDS
    _taken: bool = False
    _ended: bool = False

    @property
    def is_over(self) -> bool:
        """Whether everything was handed in, or the gateway takes nothing more."""
        return bool(self.stopped) or (self._ended and not self._carried)

    @property
    def is_idle(self) -> bool:
        """Whether it waits for the sources."""
        return not self._ended and not self._carried

    def step(self, receipts: Receipts, now: float) -> bool:
        """Hand in as much as one request has room for."""
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
        """Tell what was not taken, and say where the first of it stands, if there is any."""
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
        """Take from the sources what goes into one request, unless some of it waits already."""
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
        """Until the gateway said, or longer each time. It is not up at all where nothing ever answered."""
        if not self._taken and away.retry_after_seconds is None:
            raise away
        self.trouble, self.is_paced = str(away), away.is_pace
        self.ready_at = now + max(away.retry_after_seconds or 0.0, self._retry_seconds)
        if not away.is_pace:
            self._retry_seconds = min(2 * self._retry_seconds, MOST_RETRY_SECONDS)


def _under(handed: Handed, source: Source) -> State:
    """The submission, with its receipt."""
    return {**source.submission, "receipt_id": handed.receipt_id}


class Handover:
    """Runs a feed and follows its receipts until each has its last word, or the time is over."""

    def __init__(
        self,
        feed: Feed,
        receipts: Receipts,
        *,
        follows: bool = True,
        timeout_seconds: float | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.feed = feed
        self.receipts = receipts
        self.trouble = ""
        """Why search is waited for, or is not asked any more."""
        self._clock = clock or Clock()
        self._began = self._last_moved = self._clock.now()
        self._timeout_seconds = timeout_seconds
        self._follows = follows
        self._ready_at = 0.0
        self._pause = POLL_SECONDS
        self._round_moved = False
        self._is_done = False
        receipts.api.deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds

    def run(self, look: Callable[[], None] = lambda: None) -> None:
        """Until all have their last word, or the time is over; `look` is called again and again."""
        while not self._is_done:
            moved = self.feed.step(self.receipts, self._clock.now())
            moved |= self._ask() if self._follows else self._let_go()
            look()
            if moved or self.feed.is_idle or self.feed.is_paced:
                self._last_moved = self._clock.now()
            if self._is_over_time():
                return
            if not moved:
                self._rest()
        self.end(may_ask=not self.trouble)

    def end(self, *, may_ask: bool = False) -> None:
        """Tell of each receipt what is known."""
        try:
            self.receipts.end(may_ask=may_ask)
        except Failed as wrong:
            self.trouble = str(wrong)
            self.receipts.end(may_ask=False)

    def _ask(self) -> bool:
        """Ask for some receipts, and whether something has moved; a pause lies between two rounds."""
        if self._clock.now() < self._ready_at:
            return False
        try:
            has_any, moved = self.receipts.ask()
        except Unreachable as away:
            self.trouble = str(away)
            self._ready_at = self._clock.now() + max(away.retry_after_seconds or 0.0, MOST_PAUSE_SECONDS)
            return False
        except Failed as wrong:
            self.trouble, self._follows = str(wrong), False
            return False
        self.trouble = ""
        self._round_moved |= moved
        if not has_any:
            self._begin_round()
        return moved

    def _begin_round(self) -> None:
        self._pause = POLL_SECONDS if self._round_moved else min(GROWTH * self._pause, MOST_PAUSE_SECONDS)
        self._ready_at, self._round_moved = self._clock.now() + self._pause, False
        self._is_done = not self.receipts.begin_round() and self.feed.is_over

    def _let_go(self) -> bool:
        self.end()
        self._is_done = self.feed.is_over
        return False

    def _is_over_time(self) -> bool:
        now = self._clock.now()
        if self._timeout_seconds is not None:
            return now - self._began >= self._timeout_seconds
        unheard = all(handed.state["state"] == "unknown" for handed in self.receipts.under_way.values())
        backoff = UNHEARD_SECONDS if unheard and self.receipts.under_way else PATIENCE_SECONDS
        return now - self._last_moved >= backoff

    def _rest(self) -> None:
        """Until there is something to do, or the time is over."""
        due = [self._ready_at] if self._follows else []
        if not self.feed.is_over and self.receipts.has_room:
            due.append(self.feed.ready_at)
        if self._timeout_seconds is not None:
            due.append(self._began + self._timeout_seconds)
        self._clock.sleep(max(0.0, min(due, default=0.0) - self._clock.now()))


def follow(api: Api, submissions: Iterable[dict[str, Any]]) -> list[State]:
    """Hand in datasets and wait until each is committed, rejected, or pending on what is not among them."""
    told: list[Handed] = []
    hand_in = HandIn(api, (Source(Path(), one) for one in submissions), told.append)
    handover = Handover(hand_in, Receipts(api, told.append))
    handover.run()
    if hand_in.stopped or not hand_in.is_over:
        fail(hand_in.stopped or hand_in.trouble, FAILED if hand_in.stopped else UNREACHABLE)
    handover.end()
    return [whole(api, handed) for handed in sorted(told, key=lambda handed: handed.number)]
