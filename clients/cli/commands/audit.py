"""The command that judges the catalogue by today's rules, and changes nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer
from rich.markup import escape

from clients.cli.catalogue.resubmission import said_again
from clients.cli.connection.api import MOST_CHECKED, Api, connect
from clients.cli.terminal.output import (
    Json,
    console,
    errors,
    fail,
    print_json,
    print_table,
    print_verdict,
    progress_bar,
)

PAGE_ROWS = 500
NOT_PERMITTED = 403
SHAPE_INVALID = "shape_invalid"
"""The code under which stages reject what the gateway refuses without a code."""

Only = Annotated[str | None, typer.Option(help="Only these, separated by commas.")]


@dataclass
class Tally:
    """The verdicts so far. A dataset counts once for each code of its findings."""

    judged: int = 0
    refused: int = 0
    waiting: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    datasets: list[dict[str, Any]] = field(default_factory=list)
    """The datasets that would not pass."""

    def add(self, document: Mapping[str, Any], verdict: Mapping[str, Any]) -> None:
        """Count one dataset and its verdict."""
        self.judged += 1
        found = {(finding["severity"], finding["code"]) for finding in verdict.get("findings", ())}
        if "detail" in verdict:
            found.add(("error", SHAPE_INVALID))
        self.errors.update(code for severity, code in found if severity == "error")
        self.warnings.update(code for severity, code in found if severity == "warning")
        accepted = verdict.get("accepted", False)
        waits_for = (verdict.get("links") or {}).get("waits_for", []) if accepted else []
        if accepted and not waits_for:
            return
        self.refused += not accepted
        self.waiting += bool(waits_for)
        said = {name: document[name] for name in ("dataset_id", "path", "kind")}
        told = {name: verdict[name] for name in ("detail", "errors", "findings") if name in verdict}
        self.datasets.append(said | {"accepted": accepted, "waits_for": waits_for} | told)


def audit(
    *,
    technique: Only = None,
    kind: Only = None,
    proposal: Only = None,
    beamline: Only = None,
    as_json: Json = False,
) -> None:
    """List the catalogued datasets that would not pass today's rules, and change nothing. Exit code 1 if there are any.

    The token must be valid for every beamline in question.
    """
    wanted = {"technique": technique, "kind": kind, "proposal": proposal, "beamline": beamline}
    api = connect()
    report = judge(api, wanted)
    if not report.judged and (said := [f"{name} {value}" for name, value in wanted.items() if value]):
        fail(api.nothing(f"no dataset of {', '.join(said)} is catalogued"))
    if not report.judged:
        errors.print(api.nothing("no dataset is catalogued"), markup=False, soft_wrap=True)
    if as_json:
        print_json(vars(report))
    else:
        print_report(report)
    if report.datasets:
        raise typer.Exit(1)


def judge(api: Api, wanted: Mapping[str, str | None]) -> Tally:
    """Judge every requested dataset of the catalogue as an update of itself."""
    report = Tally()
    with progress_bar() as progress:
        task = progress.add_task("judged", total=None)
        for rows, count in pages(api, wanted):
            progress.update(task, total=count)
            for start in range(0, len(rows), MOST_CHECKED):
                documents = [_document(api, row["dataset_id"]) for row in rows[start : start + MOST_CHECKED]]
                verdicts = api.check([said_again(document) for document in documents])
                for document, verdict in zip(documents, verdicts, strict=True):
                    if verdict["status"] == NOT_PERMITTED:
                        fail(f"{document['path']} cannot be judged: {verdict['detail']}")
                    report.add(document, verdict)
                progress.advance(task, len(documents))
    return report


def pages(api: Api, wanted: Mapping[str, str | None]) -> Iterator[tuple[Sequence[dict[str, Any]], int]]:
    """Pages of the catalogue, each with the total count.

    They are in the order of the commits: a dataset that changes meanwhile moves to the end, so none is skipped.
    """
    query = {**wanted, "sort": "committed_at", "order": "asc", "limit": PAGE_ROWS}
    page = api.search("/datasets", **query, count="true")
    count = page["count"]
    yield page["datasets"], count
    while page["next"]:
        page = api.search("/datasets", **query, cursor=page["next"])
        yield page["datasets"], count


def _document(api: Api, dataset_id: str) -> dict[str, Any]:
    document: dict[str, Any] = api.search(f"/datasets/{dataset_id}")["document"]
    return document


def print_report(report: Tally) -> None:
    """Print each dataset that would not pass, then the codes, the most frequent first."""
    for dataset in report.datasets:
        word = "[yellow]would wait[/]" if dataset["accepted"] else "[red]would be refused[/]"
        console.print(f"{escape(dataset['path'])}: {word}  [dim]{escape(dataset['kind'])}[/]", soft_wrap=True)
        print_verdict(dataset)
        for path in dataset["waits_for"]:
            console.print(f"  waits for {escape(path)}", soft_wrap=True)
    rows = [
        (severity, code, number)
        for severity, counted in (("error", report.errors), ("warning", report.warnings))
        for code, number in counted.most_common()
    ]
    if rows:
        print_table(("severity", "code", "datasets"), rows)
    passing = report.judged - report.refused - report.waiting
    console.print(
        f"{report.judged} judged: {passing} would pass, {report.refused} would be refused, {report.waiting} would wait"
    )
