"""Delivers the spool in order, with backoff, with the effect of exactly once."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from beamcat_client.errors import Unavailable
from beamcat_client.spool import Settlement, Spool, Spooled
from beamcat_client.transport import Answer, Http
from beamcat_client.visible import visible

logger = logging.getLogger("beamcat_client")

MOST_AT_ONCE = 100
MOST_BYTES_AT_ONCE = 8_000_000
FIRST_BACKOFF_SECONDS = 0.2
LONGEST_BACKOFF_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 300.0
HOLD_SECONDS = 60.0
"""How long a submission that the token does not permit is held back, while others are sent."""
LOOK_SECONDS = 2.0
"""How often the sender checks the spool for submissions of other processes."""
BUSY_SECONDS = 0.05


@dataclass(frozen=True)
class Attempt:
    """The result of one attempt."""

    delivered: int = 0
    refused: int = 0
    held: int = 0
    busy: bool = False
    """Whether another process or thread is sending."""
    trouble: str | None = None
    """Why the rest was not delivered, in words."""
    retry_after_seconds: float | None = None

    @property
    def settled(self) -> int:
        """How many submissions were settled."""
        return self.delivered + self.refused + self.held


class _Trouble(Exception):
    """Nothing more can be delivered at present."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Sender:
    """The sender of one spool. Several may run in several processes; only one sends at a time."""

    def __init__(
        self,
        spool: Spool,
        gateway: Http,
        *,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.trouble: str | None = None
        self._spool = spool
        self._gateway = gateway
        self._clock = clock
        self._chance = chance
        self._changed = threading.Condition()
        self._work = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._awaited: dict[str, dict[str, Any] | None] = {}

    def run_once(self) -> Attempt:
        """Send one lot of due submissions in order, and settle it. It never raises: an error is in `trouble`."""
        try:
            with self._spool.sending() as mine:
                attempt = self._send_due() if mine else Attempt(busy=True)
        except Exception as error:
            logger.exception("the sender met a defect")
            attempt = Attempt(trouble=f"{type(error).__name__}: {error}")
        with self._changed:
            if attempt.trouble != self.trouble and not attempt.busy:
                _tell(attempt.trouble)
                self.trouble = attempt.trouble
            self._changed.notify_all()
        return attempt

    def flush(self, timeout: float) -> bool:
        """Send until nothing is due or the timeout (seconds) is over. It returns whether nothing waits."""
        deadline = time.monotonic() + timeout
        failures = 0
        while self._spool.waiting():
            attempt = self.run_once()
            failures = failures + 1 if attempt.trouble else 0
            if not (attempt.settled or attempt.busy or attempt.trouble):
                return False  # the waiting ones are held back
            pause = 0.0 if attempt.settled else self._pause(attempt, failures)
            if time.monotonic() + pause >= deadline:
                return not self._spool.waiting()
            time.sleep(pause)
        return True

    def start(self) -> None:
        """Start sending in a background thread, which does not keep the process alive."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="beamcat-sender", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop the background thread after its current attempt."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def deliver(self, receipt_id: str, add: Callable[[], None], patience_seconds: float) -> dict[str, Any] | None:
        """Spool with `add`, wait a little for the background thread, and return the gateway's answer if any."""
        with self._changed:
            self._awaited[receipt_id] = None
        try:
            add()
            with self._changed:
                self._work = True
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._is_known(receipt_id), patience_seconds)
            return self._awaited[receipt_id]
        finally:
            del self._awaited[receipt_id]

    def _is_known(self, receipt_id: str) -> bool:
        """Whether the result is known: an answer, an unavailable gateway, or another process has sent it."""
        return bool(self._awaited[receipt_id] or self.trouble) or not self._spool.is_waiting(receipt_id)

    def _run(self) -> None:
        failures = 0
        while not self._stopping:
            self._work = False
            attempt = self.run_once()
            failures = failures + 1 if attempt.trouble else 0
            if attempt.settled:
                continue
            in_trouble = attempt.busy or attempt.trouble is not None
            pause = self._pause(attempt, failures) if in_trouble else LOOK_SECONDS
            with self._changed:  # new work ends a rest, but not a backoff
                self._changed.wait_for(lambda: self._stopping or (self._work and not in_trouble), pause)  # noqa: B023 - used at once

    def _pause(self, attempt: Attempt, failures: int) -> float:
        if attempt.busy:
            return BUSY_SECONDS
        ceiling: float = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** min(failures, 20))
        wanted = min(attempt.retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS)
        return max(wanted, ceiling * (0.5 + self._chance() / 2))

    def _send_due(self) -> Attempt:
        due = self._spool.due(MOST_AT_ONCE, MOST_BYTES_AT_ONCE, self._clock())
        if not due:
            return Attempt()
        settlement = Settlement()
        trouble = None
        try:
            self._send(due, settlement)
        except (_Trouble, Unavailable) as error:
            trouble = error
        self._spool.settle(settlement)
        with self._changed:
            for receipt_id, answer in settlement.answers.items():
                if receipt_id in self._awaited:
                    self._awaited[receipt_id] = answer
        return Attempt(
            len(settlement.delivered),
            len(settlement.refused),
            len(settlement.held),
            trouble=str(trouble) if trouble else None,
            retry_after_seconds=trouble.retry_after_seconds if trouble else None,
        )

    def _send(self, due: Sequence[Spooled], settlement: Settlement) -> None:
        if len(due) == 1:
            return self._send_one(due[0], settlement)
        answer = self._gateway.request("POST", "/datasets:batch", _batch(due))
        results = answer.body.get("results")
        if answer.status in (202, 207) and _fits(results, len(due)):
            for spooled, result in zip(due, results or ()):
                self._judge(spooled, Answer(int(result.get("status", 0)), result, is_problem=True), settlement)
        elif _is_final(answer):
            for spooled in due:  # the whole batch was refused: find the faulty submission
                self._send_one(spooled, settlement)
        else:
            raise self._trouble_of(answer)
        return None

    def _send_one(self, spooled: Spooled, settlement: Settlement) -> None:
        headers = {"Idempotency-Key": spooled.receipt_id}
        self._judge(spooled, self._gateway.request("POST", "/datasets", spooled.body, headers), settlement)

    def _judge(self, spooled: Spooled, answer: Answer, settlement: Settlement) -> None:
        """Settle one submission by its answer, or leave it in the spool and stop."""
        receipt_id = spooled.receipt_id
        said = {**answer.body, "status": answer.status}
        if answer.status == 202 and answer.body.get("receipt_id") == receipt_id:  # noqa: PLR2004 - HTTP's Accepted
            settlement.delivered[receipt_id] = said
        elif answer.status == 403 and answer.is_problem:  # noqa: PLR2004 - HTTP's Forbidden
            settlement.held[receipt_id] = said
            settlement.held_until = self._clock() + HOLD_SECONDS
            logger.warning("held back: %s: %s", visible(spooled.path), visible(answer.detail))
        elif _is_final(answer):
            settlement.refused[receipt_id] = said
            logger.error("refused: %s: %s", visible(spooled.path), visible(answer.detail))
        else:
            raise self._trouble_of(answer)

    def _trouble_of(self, answer: Answer) -> _Trouble:
        words = f"{self._gateway.url} answers {answer.status}: {self._gateway.told(answer)}"
        if not answer.body:
            words += "; is this the gateway's URL?"
        return _Trouble(words, answer.retry_after_seconds)


def _is_final(answer: Answer) -> bool:
    """Whether the gateway itself, not a proxy before it, will never accept this submission unchanged."""
    return answer.is_problem and 400 <= answer.status < 500 and answer.status not in (401, 403, 404, 405, 408, 429)  # noqa: PLR2004 - HTTP's client errors


def _fits(results: Any, count: int) -> bool:
    return isinstance(results, list) and len(results) == count and all(isinstance(each, dict) for each in results)


def _batch(due: Sequence[Spooled]) -> bytes:
    items = (b'%b,"receipt_id":"%b"}' % (spooled.body[:-1], spooled.receipt_id.encode()) for spooled in due)
    return b'{"datasets":[%b]}' % b",".join(items)


def _tell(trouble: str | None) -> None:
    if trouble is None:
        logger.info("the gateway accepts submissions again")
    else:
        logger.warning("not delivered yet, kept and sent again later: %s", visible(trouble))
