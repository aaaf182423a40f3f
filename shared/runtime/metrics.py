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
LATENCY_BUCKETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 15, 60, 300, 3600)

EVENTS = Counter(
    "beamcat_events",
    "Events settled, by outcome (passed, waiting, learned, refused) and rejection code.",
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
    "Seconds spent on batches; divided by beamcat_events_total it is the time an event.",
    ["stage"],
)
RETRIES = Counter(
    "beamcat_retries",
    "Attempts of a stage, relay or timer that failed for a passing reason and were made again, by error.",
    ["stage", "error"],
)
REBALANCES = Counter("beamcat_rebalances", "Times that the consumer group gave this process partitions.", ["stage"])
MOVED_BACK = Counter(
    "beamcat_positions_moved_back",
    "Partitions that are read again from an earlier record, because the log has lost records that were settled.",
    ["stage"],
)
LAG = Gauge(
    "beamcat_lag_events",
    "Events between the end of a partition and what this process has settled.",
    ["stage", "partition"],
)
LAST_PROGRESS = Gauge(
    "beamcat_last_progress_timestamp_seconds",
    "Unix time of the last settled batch, or of the last empty poll.",
    ["stage"],
)
HALTED = Gauge(
    "beamcat_stage_halted",
    "1 while a stage waits since sources that were fine are refused for reasons that can be ours.",
    ["stage"],
)
RELAYED = Counter("beamcat_relayed", "Messages that a relay moved from an outbox to Kafka.", ["relay"])
SLOWED = Gauge(
    "beamcat_producer_slowed",
    "1 for a producer that a door admits slowly, because nearly all of it was rejected lately; at most 20 are named.",
    ["door", "producer"],
)
SLOWED_REQUESTS = Counter(
    "beamcat_slowed_requests", "Requests that a door answered 429 because their producer is admitted slowly.", ["door"]
)
QUESTIONS_REFUSED = Counter(
    "beamcat_questions_refused",
    "Questions that were not answered, by kind (quick, costly) and why: asker (its own others take its share),"
    " busy (those of all take every connection), slow (the statement took too long).",
    ["kind", "why"],
)
HELD = Gauge("beamcat_held_datasets", "Datasets that wait for their inputs.")
LONGEST_HELD = Gauge(
    "beamcat_longest_held_seconds", "How long the dataset has waited that waits longest for its inputs; 0 if none does."
)
SUBMITTED_TO_COMMITTED = Histogram(
    "beamcat_submitted_to_committed_seconds",
    "Seconds from submission to the catalogue's commit.",
    buckets=LATENCY_BUCKETS,
)
SUBMITTED_TO_SEARCHABLE = Histogram(
    "beamcat_submitted_to_searchable_seconds",
    "Seconds from submission until search finds it.",
    buckets=LATENCY_BUCKETS,
)
UNKNOWN_PARAMETERS = Counter(
    "beamcat_unknown_parameters", "Parameters that no vocabulary knows, by the producer's software.", ["software"]
)
GATEWAY_REQUESTS = Counter(
    "beamcat_gateway_requests", "Requests that the gateway answered, by route and status.", ["route", "status"]
)
KEYS_FORGOTTEN = Counter(
    "beamcat_gateway_keys_forgotten", "Receipt ids that the gateway forgot to make room, so that their reuse passes."
)
DOOR_REFUSED = Counter(
    "beamcat_quota_refused", "Requests and frames refused because their source had sent what it may send in a day."
)
REJECTIONS_SHORTENED = Counter(
    "beamcat_rejections_shortened",
    "Rejections that keep only beginning and end of the event: its source had used what is kept whole in an hour.",
)
ICAT_FRAMES = Counter(
    "beamcat_icat_frames",
    "Frames by what made them durable: published (Kafka) or spooled (the disk); what was spooled is then delivered.",
    ["queue", "outcome"],
)
ICAT_SPOOL_FRAMES = Gauge("beamcat_icat_spool_frames", "Frames that wait on the disk for Kafka.")
ICAT_ASIDE = Gauge(
    "beamcat_icat_frames_set_aside",
    "Frames over which process after process died; each lies in a file of the spool's folder that ends in .aside.",
)
ICAT_SPOOL_BYTES = Gauge("beamcat_icat_spool_bytes", "What the frames on the disk occupy.")
ICAT_SPOOL_OLDEST = Gauge(
    "beamcat_icat_spool_oldest_seconds", "How long the frame has waited that waits longest on the disk; 0 if none does."
)
ICAT_WAITING_BYTES = Gauge("beamcat_icat_waiting_bytes", "Frames that were read and are not durable yet, in bytes.")
ICAT_CONNECTIONS = Gauge("beamcat_icat_connections", "STOMP connections that are open.")
ICAT_REFUSED = Counter("beamcat_icat_refused", "STOMP connections ended with an ERROR frame, by reason.", ["reason"])
HTTP_CONNECTIONS = Gauge("beamcat_http_connections", "HTTP connections that are open.")
HTTP_ENDED = Counter(
    "beamcat_http_connections_ended",
    "HTTP connections that were closed: crowded (to make room for a newcomer), or because the head or the body of a "
    "request, or the reading of its answer, took too long.",
    ["reason"],
)
HTTP_REFUSED = Counter(
    "beamcat_http_requests_refused", "Requests answered 503 because too many of them were under way at a time."
)
LOG_LINES_LEFT_OUT = Counter(
    "beamcat_log_lines_left_out", "Lines that were not logged because too many of their kind were, and were counted."
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
"""While Kafka or PostgreSQL is away."""
OPEN_LABELS = {
    RETRIES: "error: whatever a client library may raise",
    UNKNOWN_PARAMETERS: "software: producers name it",
}
"""Counters with a label of which nobody knows all values beforehand, and which label that is."""


def begin(counter: Counter, *values: Iterable[str | int]) -> None:
    """Let a counter begin at 0 for each combination of these label values.

    A counter that first appears with its first burst has no increase for Prometheus: it never saw what was before.
    """
    for labels in product(*values):
        counter.labels(*labels)


def begin_stage(stage: str) -> None:
    """Let everything that is counted of a stage begin at 0."""
    begin(EVENTS, [stage], OUTCOMES, [""])
    begin(EVENTS, [stage], [REFUSED], Code)
    begin(RETRIES, [stage], USUAL_ERRORS)
    begin(EVENT_SECONDS, [stage])
    begin(MOVED_BACK, [stage])
    begin(REBALANCES, [stage])


class Timer:
    """Seconds spent inside a `with`."""

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
    """Every metric as it stands now, as Prometheus reads it, and the media type of that."""
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
    """Count an attempt that failed for a passing reason."""
    RETRIES.labels(stage, type(error).__name__).inc()


def _label(outcome: object) -> str:
    return {"Passed": "passed", "Waiting": "waiting", "Refusal": REFUSED}.get(type(outcome).__name__, "learned")
