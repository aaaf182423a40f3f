"""One chunk of a backfill: submitted, followed until each dataset is answered, and sorted by its answer."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from clients.cli.backfill.item import Item, Submission
from clients.cli.connection.api import Api
from clients.cli.submissions.feeds import Clock, HandIn
from clients.cli.submissions.handover import MOST_PAUSE_SECONDS, POLL_SECONDS, Handover
from clients.cli.submissions.receipts import CATALOGUED, LAST_WORDS, MOST_ASKED, Handed, Receipts, State
from clients.cli.submissions.sources import Source

ROUNDS = 8
"""About how often the receipts of a chunk are asked for."""
UNANSWERED: State = {"state": "unanswered"}
SETTLED = (*LAST_WORDS, "pending", "refused")
"""The states with which a backfill goes on: the linker holds what is pending."""


@dataclass
class Entry:
    """One submission of a chunk, and the last known state of its receipt."""

    item: Item
    receipt_id: str
    submission: Submission
    state: State = field(default_factory=lambda: UNANSWERED)
    is_old: bool = False
    """Whether an earlier run submitted it."""

    @property
    def is_settled(self) -> bool:
        """Whether the backfill may go on."""
        return self.state["state"] in SETTLED

    @property
    def outcome(self) -> str:
        """The word under which it is counted."""
        word = str(self.state["state"])
        return "already" if self.is_old and word in CATALOGUED else word


class Chunk:
    """Some items, and what became of their submissions."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.was_slowed = False
        """Whether the gateway asked for fewer requests."""
        self.trouble = ""
        self.entries = {
            receipt_id: Entry(item, receipt_id, submission)
            for item in items
            for receipt_id, submission in zip(item.receipt_ids(), item.submissions, strict=True)
        }

    def open(self) -> list[Entry]:
        """The submissions whose fate is not known."""
        return [entry for entry in self.entries.values() if not entry.is_settled]

    def look_up(self, api: Api) -> bool:
        """Ask for the receipts before anything is submitted. Returns whether an earlier run submitted any."""
        entries = self.open()
        for answer, entry in states_of(api, entries):
            if answer is not None:
                entry.state, entry.is_old = answer, True
        return any(entry.is_old for entry in entries)

    def submit(self, api: Api, clock: Clock, expected_seconds: float, look: Callable[[], None]) -> None:
        """Submit what is not known, and follow it until all is answered, or nothing moves any more.

        The longer a chunk is expected to take, the less often its receipts are asked for.

        Raises:
            Unreachable: the gateway has not answered at all.
            Failed: it refuses to take anything.
        """
        receipts = Receipts(api, self._hear)
        unsent = []
        for number, entry in enumerate(self.open()):
            if entry.state["state"] == "in_flight":
                receipts.add(Handed(-number, entry.receipt_id, entry.state))
            else:
                unsent.append(Source(Path(), {**entry.submission, "receipt_id": entry.receipt_id}))
        hand_in = HandIn(api, iter(unsent), self._hear, clock)
        poll_seconds = min(max(expected_seconds / ROUNDS, POLL_SECONDS), MOST_PAUSE_SECONDS)
        handover = Handover(hand_in, receipts, poll_seconds=poll_seconds, clock=clock)

        def see() -> None:
            self.was_slowed |= hand_in.is_paced
            self.trouble = hand_in.trouble or handover.trouble
            look()

        handover.run(see)
        handover.end()
        self.trouble = hand_in.stopped or hand_in.trouble or handover.trouble

    def _hear(self, handed: Handed) -> None:
        self.entries[handed.receipt_id].state = handed.state


def states_of(api: Api, entries: Sequence[Entry]) -> Iterator[tuple[State | None, Entry]]:
    """What search knows of each receipt, a page at a time."""
    unasked = iter(entries)
    while page := list(islice(unasked, MOST_ASKED)):
        answers = api.receipts([entry.receipt_id for entry in page])
        yield from ((answers.get(entry.receipt_id), entry) for entry in page)
