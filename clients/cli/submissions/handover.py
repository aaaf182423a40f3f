"""Datasets that are submitted in portions, while the receipts of earlier ones are followed."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from clients.cli.connection.api import Api, Unreachable
from clients.cli.submissions.feeds import Clock, Feed, HandIn
from clients.cli.submissions.receipts import Handed, Receipts, State
from clients.cli.submissions.sources import Source
from clients.cli.submissions.states import whole
from clients.cli.terminal.output import FAILED, UNREACHABLE, Failed, fail

MOST_IDLE_SECONDS = 30.0
"""The longest time without progress, unless the user says another."""
UNHEARD_SECONDS = 5.0
"""The time after which search must have heard of every receipt."""
POLL_SECONDS = 0.05
MOST_PAUSE_SECONDS = 1.0
GROWTH = 1.5
"""The growth of the pause while there is no progress."""


class Handover:
    """Runs a feed and follows its receipts until each has its final state, or the time is over."""

    def __init__(
        self,
        feed: Feed,
        receipts: Receipts,
        *,
        follows: bool = True,
        timeout_seconds: float | None = None,
        poll_seconds: float = POLL_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        self.feed = feed
        self.receipts = receipts
        self.trouble = ""
        """Why it waits for search, or no longer asks it."""
        self._clock = clock or Clock()
        self._began = self._last_moved = self._clock.now()
        self._timeout_seconds = timeout_seconds
        self._follows = follows
        self._ready_at = 0.0
        self._poll_seconds = self._pause = poll_seconds
        self._round_moved = False
        self._is_done = False
        receipts.api.deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds

    def run(self, look: Callable[[], None] = lambda: None) -> None:
        """Run until all have their final state, or the time is over. `look` is called again and again."""
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
        """Report the last known state of each receipt."""
        try:
            self.receipts.end(may_ask=may_ask)
        except Failed as wrong:
            self.trouble = str(wrong)
            self.receipts.end(may_ask=False)

    def _ask(self) -> bool:
        """Ask for some receipts. Returns whether there was progress. There is a pause between two rounds."""
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
        self._pause = self._poll_seconds if self._round_moved else min(GROWTH * self._pause, MOST_PAUSE_SECONDS)
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
        backoff = UNHEARD_SECONDS if unheard and self.receipts.under_way else MOST_IDLE_SECONDS
        return now - self._last_moved >= backoff

    def _rest(self) -> None:
        """Sleep until there is something to do, or the time is over."""
        due = [self._ready_at] if self._follows else []
        if not self.feed.is_over and self.receipts.has_room:
            due.append(self.feed.ready_at)
        if self._timeout_seconds is not None:
            due.append(self._began + self._timeout_seconds)
        self._clock.sleep(max(0.0, min(due, default=0.0) - self._clock.now()))


def follow(api: Api, submissions: Iterable[dict[str, Any]]) -> list[State]:
    """Submit datasets, and wait until each is committed, rejected, or pending for an input from elsewhere."""
    told: list[Handed] = []
    hand_in = HandIn(api, (Source(Path(), one) for one in submissions), told.append)
    handover = Handover(hand_in, Receipts(api, told.append))
    handover.run()
    if hand_in.stopped or not hand_in.is_over:
        fail(hand_in.stopped or hand_in.trouble, FAILED if hand_in.stopped else UNREACHABLE)
    handover.end()
    return [whole(api, handed) for handed in sorted(told, key=lambda handed: handed.number)]
