"""Submissions from several sources that share receipt ids, and the expected outcome of each."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from shared.events.headers import CONTENT, PRODUCER, fingerprint, headers_of
from shared.events.record import Message
from shared.events.topics import COMMITTED, SUBMITTED
from shared.events.wire import SubmissionId
from tests.builders.pipeline import World
from tests.builders.submissions import dataset_id, processed_submission, raw_submission

SOURCES = ("/producers/owner", "/producers/stranger", "/icat/10.0.0.1")
KEYS = ("one key", "another key")
PARENTS, CHILDREN, ORPHAN = range(3), range(3, 6), 6
"""The places of datasets. Each child comes from the parent three places before it, the orphan from a missing input."""

Kind = Literal["good", "wrong", "poison", "headless"]
State = Literal["committed", "rejected", "pending"]


@dataclass(frozen=True)
class Said:
    """A submission of one dataset by one source under one key. `words` distinguishes contents."""

    source: str
    key: str
    place: int
    words: int
    kind: Kind = "good"

    @property
    def submission(self) -> dict[str, Any]:
        made = _made(self.place)
        made["parameters"] = made["parameters"] | {"MX_transmission": f"{10 + self.words}"}
        return made | {"start": "30 November, noon"} if self.kind == "wrong" else made

    @property
    def message(self) -> Message:
        headers = headers_of(SUBMITTED, receipt_id=self.key, source=self.source, time="2024-11-30T09:00:00Z")
        if self.kind == "headless":
            headers = tuple(header for header in headers if header[0] != "ce_source")
        return Message(SUBMITTED.name, str(dataset_id(self.submission)).encode(), self._value, headers)

    @property
    def id(self) -> SubmissionId:
        """The identity of the submission. An unreadable one has no dataset, whatever its key is."""
        source = "?" if self.kind == "headless" else self.source
        about = None if self.kind in {"poison", "headless"} else dataset_id(self.submission)
        return SubmissionId(source, self.key, about, fingerprint(self._value))

    @property
    def _value(self) -> bytes:
        if self.kind in {"poison", "headless"}:
            return b"{" * (1 + self.words)
        return SUBMITTED.event.model_validate({"submission": self.submission}).model_dump_json().encode()


@dataclass(frozen=True)
class Again:
    """A repetition of an earlier submission: as another record, or because a stage restarts from the beginning."""

    of: int
    by_stage: bool


Story = Sequence[Said | Again]


def _made(place: int) -> dict[str, Any]:
    if place in PARENTS:
        return raw_submission(place + 1, random.Random(place))
    parent = raw_submission(place - 2 if place in CHILDREN else 9, random.Random(0))
    return processed_submission(place, [parent], random.Random(place))


def drawn(chance: random.Random, length: int) -> Story:
    """A random story."""
    kinds: Sequence[Kind] = ("good", "good", "good", "wrong", "poison", "headless")
    return [
        Again(chance.randrange(100), chance.random() < 0.5)
        if chance.random() < 0.2
        else Said(
            chance.choice(SOURCES), chance.choice(KEYS), chance.randrange(7), chance.randrange(3), chance.choice(kinds)
        )
        for _ in range(length)
    ]


async def tell(world: World, batches: Sequence[Story]) -> list[Said]:
    """Run a story batch by batch. Returns the submissions in order."""
    said: list[Said] = []
    for batch in batches:
        messages = []
        for each in batch:
            if isinstance(each, Said):
                said.append(each)
                messages.append(each.message)
            elif each.by_stage:
                world.read[list(world.read)[each.of % len(world.read)]] = 0
            elif said:
                messages.append(said[each.of % len(said)].message)
        await world.send(*messages)
    return said


def expected(said: Sequence[Said]) -> dict[SubmissionId, State]:
    """The expected state of each submission."""
    there = {each.place for each in said if each.kind == "good" and each.place in PARENTS}

    def state(each: Said) -> State:
        if each.kind != "good":
            return "rejected"
        return "committed" if each.place in PARENTS or each.place - 3 in there else "pending"

    return {each.id: state(each) for each in said}


def told(rows: Sequence[dict[str, Any]]) -> dict[SubmissionId, str]:
    """The answer of search for each submission that it knows."""
    return {
        SubmissionId(row["source"], row["receipt_id"], row["dataset_id"], row["content"]): row["state"].replace(
            "unchanged", "committed"
        )
        for row in rows
    }


def check(world: World, said: Sequence[Said], rows: Sequence[dict[str, Any]]) -> None:
    """Check that each submission has its own answer, and each dataset its own proposal, parents and newest content."""
    assert told(rows) == expected(said)
    answered = list(_answered(world))
    assert sorted(answered) == sorted(each for each, state in expected(said).items() if state == "committed")
    for place in {each.place for each in said if expected(said)[each.id] == "committed"}:
        good = list(dict.fromkeys(each.id for each in said if each.kind == "good" and each.place == place))
        last = next(each for each in said if each.id == good[-1])
        _check_document(world, last)


def _answered(world: World) -> Iterator[SubmissionId]:
    for message in world.broker.of(COMMITTED.name):
        headers = {name: value.decode() for name, value in message.headers}
        path_id = next(iter({each for each in _datasets() if str(each).encode() == message.key}))
        yield SubmissionId(headers[PRODUCER], headers["ce_id"], path_id, headers[CONTENT])


def _datasets() -> list[Any]:
    return [dataset_id(_made(place)) for place in range(7)]


def _check_document(world: World, said: Said) -> None:
    submission = said.submission
    revisions = [event["document"] for event in world.said(COMMITTED.name) if event["document"]]
    own = [document for document in revisions if document["path"] == submission["path"]]
    for document in own:
        assert document["investigation"]["proposal"] == submission["proposal"]
        assert [parent["path"] for parent in document["inputs"]] == submission.get("input", [])
    assert own[-1]["parameters"]["MX_transmission"]["original"] == submission["parameters"]["MX_transmission"]
