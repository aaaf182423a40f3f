"""The plan of a run: what is sent, and what must become of it. It depends on the seed alone."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from shared.events.codes import Code
from shared.events.record import Message
from tests.builders.harm import with_header
from tests.builders.submissions import dataset_id, processed_submission, raw_submission, submitted

SOURCES = ("/producers/one", "/producers/two", "/producers/three")
Submitted = tuple[str, UUID]
"""A receipt and its dataset. If several datasets share a key, it is a receipt of each."""

Poisoning = Callable[[Message], Message]


def _body(message: Message, old: bytes, new: bytes) -> Message:
    return Message(message.topic, message.key, message.value.replace(old, new, 1), message.headers)


def _value(message: Message, value: bytes) -> Message:
    return Message(message.topic, message.key, value, message.headers)


def _own_input(message: Message) -> Message:
    payload = json.loads(message.value)
    payload["submission"] |= {"input": [payload["submission"]["path"]]}
    return _value(message, json.dumps(payload).encode())


DEEP = b"[" * 400 + b"]" * 400

POISONS: list[tuple[Code, Poisoning]] = [
    (Code.NOT_JSON, lambda message: _value(message, message.value[:-5])),
    (Code.NOT_UTF8, lambda message: _body(message, b'"mxcube"', b'"mxcub\xe9"')),
    (Code.HEADER_INVALID, lambda message: with_header(message, "x-note", b"\xff\xfe")),
    (Code.NUL_CHARACTER, lambda message: _body(message, b'"mxcube"', b'"mx\\u0000cube"')),
    (Code.NOT_FINITE, lambda message: _body(message, b'"MX_flux":"', b'"MX_fluxEnd":NaN,"MX_flux":"')),
    (Code.NOT_JSON, lambda message: _body(message, b'"MX_flux":', b'"x":' + DEEP + b',"MX_flux":')),
    (Code.SHAPE_INVALID, lambda message: _body(message, b'"proposal":', b'"porposal":')),
    (Code.UNKNOWN_VERSION, lambda message: with_header(message, "ce_type", b"beamcat.dataset.submitted.v7")),
    (Code.DATASET_INVALID, lambda message: _body(message, b'"start":"2', b'"start":"yesterday, 2')),
    (Code.INPUT_SELF, _own_input),
]


@dataclass
class Plan:
    """The messages in the order in which they are sent, and their expected outcomes."""

    seed: int
    messages: list[Message] = field(default_factory=list)
    proposals: dict[UUID, str] = field(default_factory=dict)
    """The proposal whose investigation contains each dataset."""
    revisions: dict[UUID, list[str]] = field(default_factory=dict)
    """The revisions of each valid dataset, oldest first, as the receipts that may have made each."""
    links: set[tuple[UUID, UUID]] = field(default_factory=set)
    """(child, parent), as declared by the newest revisions."""
    unchanged: set[Submitted] = field(default_factory=set)
    """The submissions that repeat an earlier one."""
    rejected: dict[str, Code] = field(default_factory=dict)

    @property
    def answered(self) -> set[Submitted]:
        """Every submission that the catalogue must answer."""
        made = {(receipt, dataset) for dataset, receipts in self.revisions.items() for receipt in receipts}
        return made | self.unchanged

    @property
    def endings(self) -> int:
        """How many submissions must end in a final state."""
        return len(self.answered) + len(self.rejected)


def make_plan(seed: int, datasets: int) -> Plan:
    """Make a plan: a third of the datasets have inputs, some arrive before their inputs, some twice, some change later.

    One in fifty is invalid. One in ten has the one shared key, from any of three sources.
    """
    chance = random.Random(seed)
    plan = Plan(seed)
    raws: list[dict[str, Any]] = []
    sent: list[tuple[float, Message]] = []
    for number in range(datasets):
        at = number + chance.uniform(-0.01, 0.01)
        if number % 50 == 7:
            code, poisoning = POISONS[number // 50 % len(POISONS)]
            receipt = f"poison-{seed}-{number}"
            poison = poisoning(submitted(raw_submission(10**6 + number, chance), receipt))
            if raws and chance.random() < 0.5:  # with the key of a dataset that others may wait for
                poison = replace(poison, key=str(dataset_id(raws[-1])).encode())
                code = Code.KEY_WRONG if code is Code.INPUT_SELF else code  # the linker checks it after the key
            plan.rejected[receipt] = code
            sent.append((at, poison))
        elif raws and number % 3 == 0:
            parents = chance.sample(raws[-60:], k=min(len(raws), chance.choice([1, 1, 1, 2, 4])))
            early = chance.choice([0, 0, 0, 100])  # some overtake their inputs
            _send(plan, sent, at - early, processed_submission(number, parents, chance), chance)
        else:
            submission = raw_submission(number, chance)
            raws.append(submission)
            _send(plan, sent, at, submission, chance)
    plan.messages = [message for _, message in sorted(sent, key=lambda entry: entry[0])]
    return plan


def _send(
    plan: Plan, sent: list[tuple[float, Message]], at: float, submission: dict[str, Any], chance: random.Random
) -> None:
    child = dataset_id(submission)
    source = chance.choice(SOURCES)
    receipt = f"first-{plan.seed}-{child}" if chance.random() < 0.9 else f"shared-{plan.seed}"
    first = submitted(submission, receipt, source=source)
    plan.proposals[child] = submission["proposal"]
    plan.revisions[child] = [receipt]
    plan.links |= {(child, dataset_id({"path": path})) for path in submission.get("input", ())}
    sent.append((at, first))
    if chance.random() < 0.05:  # a client that reconnects and sends the same event again
        sent.append((at + chance.uniform(0.1, 30), first))
    if chance.random() < 0.05:  # a client that sends the same again as a new event
        again = f"again-{plan.seed}-{child}"
        plan.unchanged.add((again, child))
        sent.append((at + chance.uniform(0.1, 5), submitted(submission, again, source=source)))
    if chance.random() < 0.05:
        later = f"later-{plan.seed}-{child}"
        plan.revisions[child].append(later)
        changed = submission | {"parameters": submission["parameters"] | {"group_by": "later"}}
        sent.append((at + chance.uniform(31, 60), submitted(changed, later, source=source)))
