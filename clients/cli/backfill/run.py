"""The run of a backfill: chunk by chunk, and at the end the datasets that wait for their inputs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from clients.cli.backfill.chunk import Chunk, Entry
from clients.cli.backfill.item import Item, Origin
from clients.cli.backfill.journal import NOTES, REJECTED, Journal, Line
from clients.cli.backfill.pace import Pace
from clients.cli.connection.api import MOST_CHECKED, Api, Unreachable
from clients.cli.submissions.feeds import Clock
from clients.cli.submissions.receipts import CATALOGUED, MOST_ASKED, State
from clients.cli.terminal.output import UNREACHABLE, fail

MOST_STALLED_SECONDS = 600.0
"""How long a backfill waits for a catalogue that neither answers nor moves."""
PAUSE_SECONDS = 5.0
"""Between two attempts at the same chunk."""
RELEASE_SECONDS = 5.0
"""The time within which the linker releases a dataset whose last input was committed."""
MOST_BYTES = 32 * 1024 * 1024
"""The most bytes of a chunk, so that memory has a limit whatever the size of a dataset is."""
PROBLEMS = ("rejected", "refused")


class Backfill:
    """Brings one source into one catalogue."""

    def __init__(self, api: Api, origin: Origin, journal: Journal, pace: Pace, clock: Clock | None = None) -> None:
        self.progress = journal.progress
        self.pace = pace
        self.done: float | None = None
        """The part of the source that was read, if it is known."""
        self.trouble = ""
        self._api, self._origin, self._journal = api, origin, journal
        self._clock = clock or Clock()
        self._seconds = 0.0
        """How long the last chunk took."""
        self._may_be_known = True
        """Whether an earlier run may have submitted what comes next."""

    def run(self, look: Callable[[], None] = lambda: None) -> None:
        """Submit what was not submitted yet, and ask again for what is pending. `look` is called again and again.

        Raises:
            Failed: nothing is accepted, or nothing moves any more. The same command goes on later.
        """
        if not self.progress.is_read:
            items = self._origin.read(self.progress.position)
            while chunk := self._next_chunk(items):
                self._bring_in(chunk, look)
            self.progress.is_read = True
            self._journal.save()
        self.done = 1.0
        self._settle_pending(look)

    def _next_chunk(self, items: Iterator[Item]) -> Chunk | None:
        gathered, size = [], 0
        for item in islice(items, self.pace.size):
            gathered.append(item)
            size += item.size
            if size > MOST_BYTES:
                break
        return Chunk(gathered) if gathered else None

    def _bring_in(self, chunk: Chunk, look: Callable[[], None]) -> None:
        if self._may_be_known:
            self._may_be_known = chunk.look_up(self._api) or not chunk.entries
        count, began = len(chunk.open()), self._clock.now()
        self._submit(chunk, look)
        self._seconds = self._clock.now() - began
        self._record(chunk)
        self.pace = self.pace.after(count, self._seconds, slowed=chunk.was_slowed)
        look()
        if count:
            self._clock.sleep(self.pace.rest_seconds(self._seconds))

    def _submit(self, chunk: Chunk, look: Callable[[], None]) -> None:
        """Submit a chunk until each of its datasets is answered."""
        moved = self._clock.now()
        while before := len(chunk.open()):
            self._attempt(chunk, look, is_first=self.progress.position is None)
            if len(chunk.open()) < before:
                moved = self._clock.now()
            elif self._clock.now() - moved > MOST_STALLED_SECONDS:
                fail(f"{before:,} datasets are not answered ({self.trouble or 'the stages do not move'})", UNREACHABLE)
            if chunk.open():
                look()
                self._clock.sleep(PAUSE_SECONDS)

    def _attempt(self, chunk: Chunk, look: Callable[[], None], *, is_first: bool) -> None:
        def see() -> None:
            self.trouble = chunk.trouble
            look()

        try:
            chunk.submit(self._api, self._clock, self._seconds, see)
        except Unreachable as away:
            if is_first:
                raise
            self.trouble = str(away)
        else:
            self.trouble = chunk.trouble

    def _record(self, chunk: Chunk) -> None:
        """Write what became of a chunk, and then the position after it."""
        progress, entries = self.progress, list(chunk.entries.values())
        faults = [item for item in chunk.items if item.fault]
        progress.counts.update(entry.outcome for entry in entries)
        progress.counts["unreadable"] += len(faults)
        self._journal.append(REJECTED, map(_unreadable, faults))
        self._journal.append(REJECTED, (_line(entry) for entry in entries if entry.outcome in PROBLEMS))
        self._journal.append(progress.pending, (_line(entry) for entry in entries if entry.outcome == "pending"))
        noted = [item for item in chunk.items if item.notes]
        self._journal.append(NOTES, ({"place": item.place, **item.notes} for item in noted))
        progress.position, self.done = chunk.items[-1].after, chunk.items[-1].done
        self._journal.save()

    def _settle_pending(self, look: Callable[[], None]) -> None:
        """Ask again for what waits for inputs, as long as the linker releases any of it."""
        moved = self._clock.now()
        while self.progress.counts["pending"] and self._clock.now() - moved <= RELEASE_SECONDS:
            if self._ask_pending():
                moved = self._clock.now()
            look()
            if self.progress.counts["pending"]:
                self._clock.sleep(1.0)

    def _ask_pending(self) -> bool:
        """Ask once for all that is pending, and write those anew that still are. Returns whether any went on."""
        progress, former = self.progress, self.progress.pending
        lines, before = self._journal.lines(former), progress.counts["pending"]
        progress.generation += 1
        while page := list(islice(lines, MOST_ASKED)):
            self._sort_pending(page, self._api.receipts([line["receipt_id"] for line in page]))
        self._journal.save()
        self._journal.forget(former)
        return progress.counts["pending"] < before

    def _sort_pending(self, page: Sequence[Line], answers: dict[str, State | None]) -> None:
        counts = self.progress.counts
        still, rejected = [], []
        for line in page:
            answer = answers.get(line["receipt_id"]) or {"state": "pending"}
            word = answer["state"]
            if word in CATALOGUED or word in PROBLEMS:
                counts.update({"pending": -1, word: 1})
            if word in PROBLEMS:
                rejected.append(_about(line["place"], line["receipt_id"], line["submission"], answer))
            elif word not in CATALOGUED:
                still.append(line)
        self._journal.append(REJECTED, rejected)
        self._journal.append(self.progress.pending, still)


def _line(entry: Entry) -> Line:
    return _about(entry.item.place, entry.receipt_id, entry.submission, entry.state)


def _about(place: str, receipt_id: str, submission: dict[str, Any], state: State) -> Line:
    """A dataset that needs attention: where it stands, why, what would cure it, and what was submitted."""
    findings = list(state.get("findings") or ())
    faults = [f"{fault['field']}: {fault['message']}" for fault in state.get("errors") or ()]
    said = {
        "place": place,
        "receipt_id": receipt_id,
        "path": submission.get("path"),
        "state": state["state"],
        "code": state.get("code"),
        "message": state.get("message") or "; ".join(faults) or state.get("detail"),
        "cure": "; ".join(finding["cure"] for finding in findings if finding.get("cure")) or None,
        "waits_for": state.get("waits_for"),
        "findings": findings or None,
    }
    return {name: value for name, value in said.items() if value is not None} | {"submission": submission}


def _unreadable(item: Item) -> Line:
    return {"place": item.place, "state": "unreadable", "message": item.fault, "original": item.original}


def check(api: Api, items: Iterable[Item]) -> Iterator[tuple[Item, list[Line]]]:
    """Each item of a source, with what would be refused of it, and why. Publishes nothing."""
    unread = iter(items)
    while page := list(islice(unread, MOST_CHECKED)):
        verdicts = iter(api.check([submission for item in page for submission in item.submissions]))
        for item in page:
            judged = list(zip(item.submissions, verdicts, strict=False))
            problems = [
                _about(item.place, "", submission, {**verdict, "state": "refused"})
                for submission, verdict in judged
                if not verdict.get("accepted")
            ]
            yield item, [*([_unreadable(item)] if item.fault else []), *problems]
