"""What is written to the disk: the log of each topic, and PostgreSQL's own."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from shared.events.topics import TOPICS


def topic_bytes(kafka: Path) -> dict[str, int]:
    """The size of every topic's log below a broker's directory. Kafka's client cannot ask the broker for it."""
    sizes: dict[str, int] = defaultdict(int)
    declared = {topic.name for topic in TOPICS}
    for log in kafka.rglob("*.log"):
        topic, _, _partition = log.parent.name.rpartition("-")
        if topic in declared:
            sizes[topic] += log.stat().st_size
    return sizes


async def wal_bytes(connection: Any) -> int:
    """How many bytes PostgreSQL has written to its log so far."""
    return int(await connection.fetchval("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
