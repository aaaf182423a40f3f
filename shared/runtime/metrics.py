"""Every metric, declared once. `docs/metrics.md` is generated from this file."""

import time
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from itertools import product
from types import TracebackType
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from shared.events.codes import Code, Refusal

OUTCOMES, REFUSED = ("passed", "waiting", "learned"), "refused"
LATENCY_BUCKETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 15, 60, 300, 3600)

EVENTS = Counter(
    "beamcat_events",
    "Settled events, by outcome (passed, waiting, learned, refused) and rejection code.",
    ["stage", "outcome", "code"],
)
BATCH_EVENTS = Histogram(
    "beamcat_batch_events", "Events in a batch.", ["stage"], buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
)
BATCH_SECONDS = Histogram(
    "beamcat_batch_seconds",
    "Seconds from a batch's arrival until it was durable and published.",
    ["stage"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60),
)
EVENT_SECONDS = Counter(
    "beamcat_event_seconds",
    "Seconds spent on batches. Divided by beamcat_events_total, this is the time per event.",
    ["stage"],
)
RETRIES = Counter(
    "beamcat_retries",
    "Attempts of a stage, relay or timer that failed with a transient error and were repeated, by error.",
    ["stage", "error"],
)
REBALANCES = Counter(
    "beamcat_rebalances", "How often the consumer group assigned partitions to this process.", ["stage"]
)
MOVED_BACK = Counter(
    "beamcat_positions_moved_back",
    "Partitions that are read again from an earlier record, because the log has lost settled records.",
    ["stage"],
)
LAG = Gauge(
    "beamcat_lag_events",
    "Events of a partition that this process has not settled yet.",
    ["stage", "partition"],
)
LAST_PROGRESS = Gauge(
    "beamcat_last_progress_timestamp_seconds",
    "Unix time of the last settled batch, or of the last empty poll.",
    ["stage"],
)
HALTED = Gauge(
    "beamcat_stage_halted",
    "1 while a stage is halted: it refuses sources that were fine before, for reasons that may be beamcat's fault.",
    ["stage"],
)
RELAYED = Counter("beamcat_relayed", "Messages that a relay published from an outbox to Kafka.", ["relay"])
SLOWED = Gauge(
    "beamcat_producer_slowed",
    "1 for a producer that an edge slows down, because nearly everything from it was rejected. At most 20 are named.",
    ["door", "producer"],
)
SLOWED_REQUESTS = Counter(
    "beamcat_slowed_requests",
    "Requests that an edge answered with 429 because their producer is slowed down.",
    ["door"],
)
QUESTIONS_REFUSED = Counter(
    "beamcat_questions_refused",
    "Questions that were not answered, by kind (quick, costly) and reason: asker (the client's other questions use its"
    " share), busy (all connections are in use), slow (the statement took too long).",
    ["kind", "why"],
)
HELD = Gauge("beamcat_held_datasets", "Datasets that wait for their inputs.")
LONGEST_HELD = Gauge("beamcat_longest_held_seconds", "Age of the longest-waiting dataset; 0 if none waits.")
SUBMITTED_TO_COMMITTED = Histogram(
    "beamcat_submitted_to_committed_seconds",
    "Seconds from submission to commit.",
    buckets=LATENCY_BUCKETS,
)
SUBMITTED_TO_SEARCHABLE = Histogram(
    "beamcat_submitted_to_searchable_seconds",
    "Seconds from submission until search finds the dataset.",
    buckets=LATENCY_BUCKETS,
)
UNKNOWN_PARAMETERS = Counter(
    "beamcat_unknown_parameters", "Parameters that are not in the vocabulary, by the producer's software.", ["software"]
)
GATEWAY_REQUESTS = Counter(
    "beamcat_gateway_requests", "Requests that the gateway answered, by route and status.", ["route", "status"]
)
KEYS_FORGOTTEN = Counter(
    "beamcat_gateway_keys_forgotten",
    "Receipt ids that the gateway forgot to make room, so that it no longer detects their reuse.",
)
DOOR_REFUSED = Counter(
    "beamcat_quota_refused",
    "Requests and frames that were refused because their source had used its quota for the day.",
)
REJECTIONS_SHORTENED = Counter(
    "beamcat_rejections_shortened",
    "Rejections that keep only the beginning and end of the event, because its source had used its quota for the hour.",
)
ICAT_FRAMES = Counter(
    "beamcat_icat_frames",
    "Frames by what made them durable: published (Kafka) or spooled (the disk). Spooled frames are later delivered.",
    ["queue", "outcome"],
)
ICAT_SPOOL_FRAMES = Gauge("beamcat_icat_spool_frames", "Frames in the spool, which wait for Kafka.")
ICAT_ASIDE = Gauge(
    "beamcat_icat_frames_set_aside",
    "Frames over which several processes died; each is in a file of the spool's folder that ends in .aside.",
)
ICAT_SPOOL_BYTES = Gauge("beamcat_icat_spool_bytes", "Size of the spool.")
ICAT_SPOOL_OLDEST = Gauge(
    "beamcat_icat_spool_oldest_seconds", "Age of the oldest frame in the spool; 0 if it is empty."
)
ICAT_WAITING_BYTES = Gauge("beamcat_icat_waiting_bytes", "Size of the frames that were read but are not durable yet.")
ICAT_CONNECTIONS = Gauge("beamcat_icat_connections", "Open STOMP connections.")
ICAT_REFUSED = Counter(
    "beamcat_icat_refused", "STOMP connections that were closed with an ERROR frame, by reason.", ["reason"]
)
HTTP_CONNECTIONS = Gauge("beamcat_http_connections", "Open HTTP connections.")
HTTP_ENDED = Counter(
    "beamcat_http_connections_ended",
    "HTTP connections that were closed: crowded (to make room for a new one), or because the head or the body of a "
    "request, or the reading of its answer, took too long.",
    ["reason"],
)
HTTP_REFUSED = Counter(
    "beamcat_http_requests_refused", "Requests that were answered with 503 because too many were in progress."
)
LOG_LINES_LEFT_OUT = Counter(
    "beamcat_log_lines_left_out",
    "Lines that were counted instead of logged, because there were too many of their kind.",
)


USUAL_ERRORS = (
    "AdminShutdownError",
    "CannotConnectNowError",
    "ConnectionDoesNotExistError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "InterfaceError",
    "KafkaConnectionError",
    "KafkaTimeoutError",
    "NodeNotReadyError",
    "TimeoutError",
)
"""The errors of client libraries while Kafka or PostgreSQL is away."""
OPEN_LABELS = {
    RETRIES: "error: any error that a client library may raise",
    UNKNOWN_PARAMETERS: "software: producers name it",
}
"""Counters with a label whose values are not known in advance, and that label."""


def begin(counter: Counter, *values: Iterable[str | int]) -> None:
    """Start a counter at 0 for each combination of these label values.

    A counter that first appears with its first burst has no increase for Prometheus, which never saw the 0 before.
    """
    for labels in product(*values):
        counter.labels(*labels)


def begin_stage(stage: str) -> None:
    """Start all counters of a stage at 0."""
    begin(EVENTS, [stage], OUTCOMES, [""])
    begin(EVENTS, [stage], [REFUSED], Code)
    begin(RETRIES, [stage], USUAL_ERRORS)
    begin(EVENT_SECONDS, [stage])
    begin(MOVED_BACK, [stage])
    begin(REBALANCES, [stage])


class Timer:
    """Measures the seconds inside a `with`."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._start


for _kind in ("quick", "costly"):
    for _why in ("asker", "busy", "slow"):
        QUESTIONS_REFUSED.labels(_kind, _why)


def exposition() -> tuple[bytes, str]:
    """The present value of every metric in Prometheus' format, and its media type."""
    return generate_latest(), CONTENT_TYPE_LATEST


def observe_batch(stage: str, outcomes: Sequence[object], seconds: float) -> None:
    """Count a settled batch."""
    tally = Tally((_label(outcome), outcome.code.value if isinstance(outcome, Refusal) else "") for outcome in outcomes)
    for (label, code), count in tally.items():
        EVENTS.labels(stage, label, code).inc(count)
    BATCH_EVENTS.labels(stage).observe(len(outcomes))
    BATCH_SECONDS.labels(stage).observe(seconds)
    EVENT_SECONDS.labels(stage).inc(seconds)
    LAST_PROGRESS.labels(stage).set_to_current_time()


def observe_retry(stage: str, error: Exception) -> None:
    """Count an attempt that failed with a transient error."""
    RETRIES.labels(stage, type(error).__name__).inc()


def _label(outcome: object) -> str:
    return {"Passed": "passed", "Waiting": "waiting", "Refusal": REFUSED}.get(type(outcome).__name__, "learned")
