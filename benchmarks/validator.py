"""The CPU time of the validator's verdict on about 60 parameters, compared with a pydantic parse of the same event.

    python -m benchmarks.validator

Each event has numbers of its own, except where a law ties them together.
"""

import itertools
import json
import random
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic_core import to_json

from services.validator.checker import Checker
from services.validator.handler import validating
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.identity import Identities
from shared.events.record import Record
from shared.events.topics import SUBMITTED
from shared.events.wire import Received, read
from shared.host.process import spare_garbage
from shared.stages.outcomes import Outcome, Passed
from shared.vocabulary.techniques import TechniqueBook
from shared.vocabulary.vocabulary import Vocabulary

EXAMPLES = Path(__file__).parents[1] / "schemas" / "examples" / "mx"
NOW = datetime(2024, 11, 30, 12, tzinfo=UTC)
BATCH = 100
ROUNDS = 40
SEED = 20241130
AIM = "accepted-data-collection"
AIM_MICROSECONDS = 60
TIED = re.compile(r"_(axis_|oscillation|cell_|resolution)")
PARAMETERS_AT_LEAST = 30
"""The fewest parameters of an example. Smaller ones show one case each, and are not like real events."""


def varied(submission: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """The same dataset with other values: every number with decimals is replaced by one with as many decimals."""

    def another(name: str, text: str) -> str:
        number = None if TIED.search(name) else re.fullmatch(r"\d+\.(\d+)", text)
        return f"{float(text) * chance.uniform(0.9, 1):.{len(number[1])}f}" if number else text

    parameters = {name: another(name, text) for name, text in submission["parameters"].items()}
    return submission | {"path": f"{submission['path']}_{chance.randrange(10**9)}", "parameters": parameters}


def record_of(submission: dict[str, Any]) -> Record:
    """A submitted event as read from Kafka."""
    value = json.dumps({"submission": submission}, separators=(",", ":")).encode()
    headers = headers_of(SUBMITTED, receipt_id="benchmark", source="/benchmark", time=NOW.isoformat())
    return Record(SUBMITTED.name, 0, 0, 0, b"", value, headers)


def microseconds(acts: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The CPU time of one event in each step. Rounds alternate and the best counts, to exclude other load."""
    best = dict.fromkeys(acts, float("inf"))
    for _ in range(ROUNDS):
        for name, act in acts.items():
            begin = time.process_time_ns()
            act()
            best[name] = min(best[name], (time.process_time_ns() - begin) / BATCH / 1000)
    return best


def measure(example: Path, checker: Checker) -> None:
    """Print a line with the CPU time of one event in each step."""
    chance = random.Random(SEED)
    submission = json.loads(example.read_text())["submission"]
    batches = itertools.cycle([[record_of(varied(submission, chance)) for _ in range(BATCH)] for _ in range(ROUNDS)])
    validate = validating(checker)
    records = next(batches)
    events: list[Received[DatasetSubmitted]] = []
    outcomes: list[Outcome] = []

    def receive() -> None:
        nonlocal records
        records = next(batches)
        events[:] = [read(record, SUBMITTED, DatasetSubmitted) for record in records]

    def decide() -> None:
        outcomes[:] = validate(events, None, NOW)

    def parse() -> None:
        for record in records:
            DatasetSubmitted.model_validate_json(record.value or b"")

    def write() -> None:
        for outcome in outcomes:
            if isinstance(outcome, Passed):
                to_json(outcome.sections)

    took = microseconds({"wire.read": receive, "verdict": decide, "plain parse": parse, "to_json": write})
    figures = "  ".join(f"{name} {figure:5.1f} µs" for name, figure in took.items())
    count = len(submission["parameters"])
    print(f"{example.stem:34} {count:3} parameters  {figures}  = {took['verdict'] / took['plain parse']:.1f} parses")


def main() -> None:
    """All examples of the folder."""
    begin = time.process_time()
    vocabulary = Vocabulary.load()
    identities = Identities("facility.example")
    checker = Checker(vocabulary, TechniqueBook.load(), identities, ["/data"], ZoneInfo("Europe/Paris"))
    spare_garbage()  # as the service does
    print(
        f"vocabulary and techniques loaded in {time.process_time() - begin:.2f} s of CPU: {len(vocabulary.terms)} terms"
    )
    print(f"the aim is a verdict in less than {AIM_MICROSECONDS} µs on {AIM}, on a core of its own")
    for file in sorted(EXAMPLES.glob("*.json")):
        if len(json.loads(file.read_text())["submission"]["parameters"]) >= PARAMETERS_AT_LEAST:
            measure(file, checker)


if __name__ == "__main__":
    main()
