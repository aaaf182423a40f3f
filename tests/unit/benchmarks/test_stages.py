"""The benchmark of single stages."""

import json

from benchmarks.instruments.workload import messages_of
from benchmarks.stages import STEPS, Cost, by_inputs, line


def test_a_cost_is_what_was_used_in_between() -> None:
    before, after = Cost(1.0, 2.0, 3.0, 100), Cost(1.5, 2.5, 4.0, 300)
    assert after.since(before) == Cost(0.5, 0.5, 1.0, 200)
    assert after.since(before).plus(Cost(0.5, 0.0, 0.0, 50)) == Cost(1.0, 0.5, 1.0, 250)


def test_a_line_says_what_a_dataset_costs() -> None:
    said = line("linker", Cost(0.188, 0.014, 0.021, 68_000), 1000)
    assert said == "linker             python   188  postgres    14  kafka    21  sum   223   wal     68 B"


def test_what_has_inputs_comes_after_what_has_none() -> None:
    without, with_some = by_inputs(messages_of(0, 25, 1))
    assert [len(without), len(with_some)] == [20, 5]
    known = {json.loads(message.value)["submission"]["path"] for message in without}
    assert all(set(json.loads(message.value)["submission"]["input"]) <= known for message in with_some)


def test_every_topic_that_a_step_reads_was_written_by_a_step_before() -> None:
    written = {"dataset.submitted"}
    for step in STEPS:
        assert {topic.name for topic in step.reads.values()} <= written
        written |= {step.writes.name} if step.writes else set()
