"""Receipts that are followed until each has its final state. Of thousands, only those under way are kept in memory."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from clients.cli.connection.api import Api
from clients.cli.submissions.sources import Source

State = dict[str, Any]
Tell = Callable[["Handed"], None]

CATALOGUED = ("committed", "unchanged")
LAST_WORDS = (*CATALOGUED, "rejected")
MOST_ASKED = 200
"""The most receipts in one request: the URL must pass every proxy."""
MOST_UNDER_WAY = 5_000
"""The most receipts under way. More would only wait in Kafka, and be asked for again and again."""
MOST_REMEMBERED = 10_000
"""The most remembered paths that were catalogued last."""
MOST_WAITING_CHARACTERS = 8 * 1024 * 1024
"""The limit for what is kept of pending datasets. Beyond it, they are asked for once more at the end."""


@dataclass(frozen=True)
class Handed:
    """A dataset that was submitted: its number in the batch, its receipt, and its last known state."""

    number: int
    receipt_id: str
    state: State
    source: Source | None = None
    """The source that it was read from, without the submission."""
    dataset_id: str | None = None
    """The id of the dataset, or None if only this submission has the receipt."""


class Receipts:
    """Asks for the receipts under way, a few at a time in rounds, and reports the final state of each."""

    def __init__(self, api: Api, tell: Tell, *, looks_once: bool = False) -> None:
        self.api = api
        self.under_way: dict[int, Handed] = {}
        self.waiting: dict[int, Handed] = {}
        self._tell = tell
        self._looks_once = looks_once
        self._catalogued: OrderedDict[str, None] = OrderedDict()
        self._characters = 0
        self._round: Iterator[int] = iter(())

    def __len__(self) -> int:
        return len(self.under_way) + len(self.waiting)

    @property
    def has_room(self) -> bool:
        """Whether there is room for another one."""
        return len(self.under_way) < MOST_UNDER_WAY

    def add(self, handed: Handed) -> None:
        """Follow one more."""
        self.under_way[handed.number] = handed

    def begin_round(self) -> bool:
        """Begin a round of all under way and some that are pending. Returns False if none of them can change."""
        numbers = [*self.under_way, *islice(self.waiting, MOST_ASKED)] if self.under_way else self._may_go_on()
        self._round = iter(numbers)
        return bool(numbers)

    def ask(self) -> tuple[bool, bool]:
        """Ask for the next receipts of the round. Returns whether there were any, and whether there was progress."""
        asked = (self.under_way.get(number) or self.waiting.get(number) for number in self._round)
        page = list(islice(filter(None, asked), MOST_ASKED))
        return bool(page), self._hear(page)

    def end(self, *, may_ask: bool) -> None:
        """Report the last known state of each as its final one."""
        vague = [handed for handed in self.waiting.values() if "waits_for" not in handed.state] if may_ask else []
        for page in _pages(vague):
            self._hear(page)
        for handed in (*self.under_way.values(), *self.waiting.values()):
            self._tell(handed)
        self.under_way, self.waiting = {}, {}

    def _hear(self, page: Iterable[Handed]) -> bool:
        """Ask for these receipts. Returns whether there was progress."""
        asked = list(page)
        answers = self.api.receipts([handed.receipt_id for handed in asked]) if asked else {}
        moved = [
            self._heard(handed, _meant(answers[handed.receipt_id], handed))
            for handed in asked
            if handed.receipt_id in answers
        ]
        return any(moved)

    def _heard(self, handed: Handed, answer: State | None) -> bool:
        if self.waiting.pop(handed.number, None):
            self._characters -= len(repr(handed.state))
        else:
            del self.under_way[handed.number]
        now = replace(handed, state=answer or handed.state)
        word = now.state["state"]
        if word in LAST_WORDS or self._looks_once:
            self._remember(now.state)
            self._tell(now)
        elif word == "pending":
            self._wait(now)
        else:
            self.under_way[now.number] = now  # behind the others, so that nothing stands in their way
        return bool(self._looks_once or word != handed.state["state"])

    def _wait(self, handed: Handed) -> None:
        if self._characters + len(repr(handed.state)) > MOST_WAITING_CHARACTERS:
            in_brief = {name: handed.state.get(name) for name in ("receipt_id", "dataset_id", "path", "state")}
            handed = replace(handed, state=in_brief)
        self._characters += len(repr(handed.state))
        self.waiting[handed.number] = handed

    def _remember(self, state: State) -> None:
        if state["state"] in CATALOGUED and state.get("path"):
            self._catalogued[state["path"]] = None
            if len(self._catalogued) > MOST_REMEMBERED:
                self._catalogued.popitem(last=False)

    def _may_go_on(self) -> list[int]:
        """The pending ones that wait only for datasets that are catalogued, or that are pending in the same way."""
        known = {number: handed.state for number, handed in self.waiting.items() if "waits_for" in handed.state}
        while True:
            hoped_for = self._catalogued.keys() | {state["path"] for state in known.values()}
            still = {number: state for number, state in known.items() if hoped_for.issuperset(state["waits_for"])}
            if len(still) == len(known):
                return list(still)
            known = still


def _meant(answer: State | None, handed: Handed) -> State | None:
    """The submission of this dataset, if several have the same receipt."""
    if answer is None or handed.dataset_id is None:
        return answer
    told = [answer, *answer.get("others", ())]
    return next((one for one in told if str(one["dataset_id"]) == handed.dataset_id), None)


def _pages(handed: Iterable[Handed]) -> Iterator[list[Handed]]:
    unasked = iter(list(handed))
    while page := list(islice(unasked, MOST_ASKED)):
        yield page
