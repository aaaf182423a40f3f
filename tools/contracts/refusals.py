"""The page of rejections: every code with its finder, cause and cure, and the messages that producers get."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.events.codes import Code, Refusal
from shared.events.headers import headers_of
from shared.events.record import Record
from shared.events.topics import SUBMITTED
from shared.events.wire import read
from tools.contracts.system import DeclaredService, codes_named
from tools.contracts.tables import page, table

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "schemas/examples"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


KEPT = """\
## What does not refuse a dataset

`dataset_invalid` is for datasets that nobody could use. It covers identity (path, name, proposal, beamline), type
(impossible inputs), start, an end before the start, and what the kind requires, with the reason in the technique's
file. These findings used to refuse a dataset and are now warnings, because losing a dataset over a minor value is worse
than keeping it with a flag:

- `value_out_of_range`, `value_not_a_number`, `value_not_an_integer`, `value_not_finite`, `value_not_a_boolean`,
  `value_not_a_time`, `value_nested`, `value_too_long`, `unit_unknown`, `unit_not_expected`: the value is kept as it was
  sent, without a canonical value;
- `parameter_missing`, except for the few parameters that a kind requires: the rest of the dataset is as good;
- `parameter_name_invalid`, `too_many_parameters`: the names are made readable, and as many are kept as permitted;
- `end_invalid`, `sample_invalid`: the dataset has no end, or no sample."""


def rejections_page(services: Sequence[DeclaredService]) -> str:
    """Every rejection code, and the messages of the rejected examples."""
    everywhere = codes_named(ROOT / "shared")
    examples = table(
        ("example", "code", "message"),
        (
            (f"[{path.stem}](../{path.relative_to(ROOT)})", f"`{refusal.code}`", refusal.message)
            for path, refusal in _told(services)
        ),
    )
    return page(
        "Rejections",
        "A rejected event goes to `dataset.rejected` with one of these codes, a message, the original bytes and the "
        "position from which they were read. `beamcat rejections list` lists those whose dataset is not catalogued. "
        "`beamcat rejections resubmit ID --edit` corrects one and sends it again ([operating](operating.md#resubmit)).",
        table(("code", "found by", "cause", "cure"), (_row(code, services, everywhere) for code in Code)),
        KEPT,
        "## Messages to producers\n\nThe messages that the rejected examples under `schemas/examples/` get.",
        examples,
    )


def _row(code: Code, services: Sequence[DeclaredService], everywhere: frozenset[str]) -> tuple[str, ...]:
    finders = [service.name for service in services if service.stages and code.name in service.codes]
    return f"`{code}`", "any stage" if code.name in everywhere else ", ".join(finders), code.cause, code.cure


def _told(services: Sequence[DeclaredService]) -> Iterator[tuple[Path, Refusal]]:
    """Each rejected example, and the decision of the stage that judges submissions."""
    [stage] = [
        stage for service in services for stage in service.stages if stage.consumes == SUBMITTED and stage.produces
    ]
    for path in sorted(EXAMPLES.rglob("rejected-*.json")):
        submission = json.loads(path.read_text(encoding="utf-8"))["submission"]
        headers = headers_of(SUBMITTED, receipt_id=path.stem, source="/examples", time=NOW.isoformat())
        value = json.dumps({"submission": submission}).encode()
        record = Record(SUBMITTED.name, 0, 0, 0, None, value, headers)
        for outcome in stage.handle([read(record, SUBMITTED, stage.reads)], None, NOW):
            if isinstance(outcome, Refusal):
                yield path, outcome
