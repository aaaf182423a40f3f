"""The outcome of a batch: dataset by dataset if there are few, otherwise counts and the first problems."""

from collections import Counter
from collections.abc import Iterator

import typer
from rich.markup import escape

from clients.cli.connection.api import Api
from clients.cli.submissions.batch import SubmissionBatch
from clients.cli.submissions.receipts import Handed, State
from clients.cli.submissions.states import COLOURS, print_states, whole
from clients.cli.terminal.output import FAILED, UNREACHABLE, console, errors, json_text

FEW = 20
"""Up to this many are printed one by one, in the order in which they were given."""
MOST_PROBLEMS = 5
WORDS = {
    "committed": "committed",
    "unchanged": "unchanged",
    "pending": "pending",
    "rejected": "rejected",
    "refused": "refused",
    "unreadable": "unreadable",
    "in_flight": "still under way",
    "unanswered": "not answered",
    "unknown": "unknown to search",
}
"""The states, in the order of a summary."""
PROBLEMS = ("rejected", "refused", "unreadable")
ENDED = ("committed", "unchanged", "rejected", "refused", "unreadable")
EXIT_CODES = {
    **dict.fromkeys((*PROBLEMS, "unknown"), FAILED),
    **dict.fromkeys(("in_flight", "unanswered"), UNREACHABLE),
}
"""The exit codes of states that are not a success. The lowest one counts, because a no will not change."""
HINTS = {
    "pending": "their inputs are awaited",
    "unanswered": "no answer came; the gateway may have them or not",
    "unknown": "refused by the gateway, or never submitted",
}


class Outcome:
    """Takes the final state of each dataset, and prints it at once, at the end, or not at all."""

    def __init__(self, api: Api, *, as_json: bool, verbose: bool) -> None:
        self.counts: Counter[str] = Counter()
        self.api = api
        self._warned = 0
        self._as_json = as_json
        self._verbose = verbose
        self._few: list[Handed] = []
        self._problems: list[State] = []
        self._array = JsonArray()

    @property
    def are_few(self) -> bool:
        """Whether there are so few that each is printed without being asked for."""
        return self.counts.total() <= FEW

    @property
    def ended(self) -> int:
        """How many have reached their final state."""
        return sum(self.counts[state] for state in ENDED)

    def tell(self, handed: Handed) -> None:
        """Take the final state of one dataset."""
        self.counts[handed.state["state"]] += 1
        self._warned += bool(handed.state.get("warnings"))
        self._few.append(handed)
        if not self.are_few:
            self._print_few()

    def exit_code(self, allowed: tuple[str, ...] = ()) -> int:
        """The exit code: 0 only if everything is catalogued, visibly pending, or in a state that is allowed."""
        codes = [EXIT_CODES[state] for state in self.counts if state in EXIT_CODES and state not in allowed]
        return min(codes, default=0)

    def first_fault(self) -> str | None:
        """The reason why there is nothing to report, if no submission could be read."""
        if self.are_few and set(self.counts) == {"unreadable"}:
            more = f" (and {len(self._few) - 1} more)" if len(self._few) > 1 else ""
            return f"{self._few[0].state['detail']}{more}"
        return None

    def close(self, batch: SubmissionBatch) -> None:
        """Print what is not printed yet, and a summary if there are many."""
        are_few = self.are_few
        self._few.sort(key=lambda handed: handed.number)
        self._print_few(are_few=are_few)
        if self._as_json:
            self._array.close()
        if not are_few:
            self._print_summary(batch)

    def progress(self, under_way: int, waiting: int) -> str:
        """The progress, on one line."""
        counts = {**self.counts, "in_flight": under_way, "pending": waiting}
        return " · ".join(f"{counts[state]:,} {word}" for state, word in WORDS.items() if counts.get(state))

    def _print_few(self, *, are_few: bool = False) -> None:
        for handed in self._few:
            self._print(handed, are_few=are_few)
        self._few = []

    def _print(self, handed: Handed, *, are_few: bool) -> None:
        if self._as_json:
            number = {"number": handed.number} if handed.number else {}
            self._array.add(number | whole(self.api, handed))
        elif self._verbose or are_few:
            print_states([whole(self.api, handed)])
        elif handed.state["state"] in PROBLEMS and len(self._problems) < MOST_PROBLEMS:
            self._problems.append(whole(self.api, handed))

    def _print_summary(self, batch: SubmissionBatch) -> None:
        where = errors if self._as_json else console
        print_states(self._problems)
        ask = f"beamcat status --batch {batch.name}"
        missed = sum(self.counts[state] for state in PROBLEMS) - len(self._problems)
        if self._problems and missed:
            where.print(f"… and {missed:,} more that went wrong: {ask} --verbose", soft_wrap=True)
        for line in self._lines():
            where.print(line, soft_wrap=True)

    def _lines(self) -> Iterator[str]:
        width = max(len(f"{count:,}") for count in self.counts.values())
        for state, word in WORDS.items():
            if count := self.counts[state]:
                hint = f"{self._warned:,} with warnings" if state == "committed" and self._warned else HINTS.get(state)
                told = f"[{COLOURS.get(state, 'red')}]{count:>{width},} {word}[/]"
                yield f"{told}: {escape(hint)}" if hint else told


class JsonArray:
    """A JSON list on standard output, written element by element, with control characters as escapes."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, value: object) -> None:
        """Write the next element on its own line."""
        typer.echo(f"{',' if self._count else '['}\n{json_text(value)}", nl=False)
        self._count += 1

    def close(self) -> None:
        """Write the end of the list."""
        typer.echo("\n]" if self._count else "[]")
