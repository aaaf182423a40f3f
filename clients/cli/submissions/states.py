"""The states of submissions for people: one line each, with what they can do about it below."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rich.markup import escape

from clients.cli.connection.api import Api
from clients.cli.submissions.receipts import CATALOGUED, Handed, State
from clients.cli.submissions.sources import print_not_submitted
from clients.cli.terminal.output import Failed, console, listed, print_findings

COLOURS = {
    "committed": "green",
    "unchanged": "green",
    "pending": "yellow",
    "in_flight": "yellow",
    "unanswered": "yellow",
}


def whole(api: Api, handed: Handed) -> State:
    """A receipt's state with the findings of the catalogued dataset and of the file's reader."""
    state = handed.state
    if state["state"] in CATALOGUED:
        state = {**state, "findings": _findings(api, state) if state.get("warnings") else []}
    return handed.source.annotated(state) if handed.source else state


def _findings(api: Api, state: State) -> list[State]:
    try:
        findings: list[State] = api.search(f"/datasets/{state['dataset_id']}")["document"]["findings"]
    except Failed:  # search went away meanwhile; the codes are known
        return [{"code": code, "severity": "warning", "message": "see the dataset"} for code in state["warnings"]]
    return findings


def print_states(states: Iterable[State]) -> None:
    """Print each receipt's state on a line, with what a person can do about it below."""
    for state in states:
        word = state["state"]
        revision = f" as revision {state['revision']}" if "revision" in state else ""
        receipt = f"[dim]{escape(str(state.get('receipt_id') or ''))}[/]"
        where = escape(str(state.get("path") or "(no path)"))
        if word == "unreadable":
            where, receipt = escape(state["detail"]), ""
        console.print(f"[{COLOURS.get(word, 'red')}]{word}[/]{revision}  {where}  {receipt}".rstrip(), soft_wrap=True)
        for line in _explanations(state):
            console.print(f"  {line}", markup=False, soft_wrap=True)
        print_findings(state.get("findings", ()))
        print_not_submitted(state.get("not_submitted", ()))


def _explanations(state: State) -> Iterator[str]:
    if state.get("code") and not any(finding["severity"] == "error" for finding in state.get("findings", ())):
        yield f"{state['code']}: {state['message']}"
    if state.get("waits_for"):
        waits_for = listed(state["waits_for"], state.get("waits_for_count"))
        deadline = datetime.fromisoformat(state["deadline"]).isoformat(timespec="seconds")
        yield f"waits until {deadline.replace('+00:00', 'Z')} for {waits_for}"
    if state["state"] == "refused":
        faults = [f"{fault['field']}: {fault['message']}" for fault in state.get("errors", ())]
        yield from faults or [str(state.get("detail", ""))]
