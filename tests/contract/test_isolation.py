"""Whatever reads Kafka reads what transactions have committed, and nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PROBE = "shared/kafka/group_positions.py"
"""Looks at the log as it is, to compare it with what was settled; nothing that it reads is settled."""


def readers() -> Iterator[tuple[str, dict[str, str]]]:
    """Each place that makes a consumer, with the keywords that it is made with."""
    for package in ("shared", "services", "clients", "deploy"):
        for file in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("AIOKafkaConsumer", "broker.subscriber"):
                    keywords = {each.arg: ast.unparse(each.value) for each in node.keywords if each.arg}
                    yield str(file.relative_to(PROJECT)), keywords


def test_every_consumer_reads_committed_records_only() -> None:
    found = list(readers())
    assert {file for file, _ in found} >= {"shared/stages/subscription.py", "shared/kafka/rewind.py", PROBE}
    assert [file for file, said in found if said.get("isolation_level") != "ONLY_COMMITTED"] == [PROBE]
