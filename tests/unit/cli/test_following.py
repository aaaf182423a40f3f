"""`beamcat submit` waits for what may yet be catalogued, and for nothing else."""

import itertools
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.cli.connection.api import Api, Unreachable
from clients.cli.submissions import receipts as following
from clients.cli.submissions.batch import SubmissionBatch
from clients.cli.submissions.feeds import MOST_AT_ONCE, HandIn, KnownBatch
from clients.cli.submissions.handover import MOST_IDLE_SECONDS, Handover
from clients.cli.submissions.receipts import MOST_ASKED, Handed, Receipts
from clients.cli.submissions.sources import Source
from tests.builders.addresses import NAMED
from tests.unit.cli.beamcat import COMMITTED, FLYING, REJECTED, Beamcat, Passing, away, busy, waits


class Run:
    """A run over a beamcat in memory, in no time."""

    def __init__(
        self, beamcat: Beamcat, submissions: Any, timeout_seconds: float | None = None, *, follows: bool = True
    ) -> None:
        api = Api(NAMED, httpx.MockTransport(beamcat))
        self.told: list[Handed] = []
        self.clock = Passing()
        given = (one and Source(Path("x"), one, line=place) for place, one in enumerate(submissions, 1))
        self.hand_in = HandIn(api, given, self.told.append, self.clock)
        receipts = Receipts(api, self.told.append)
        self.handover = Handover(
            self.hand_in, receipts, follows=follows, timeout_seconds=timeout_seconds, clock=self.clock
        )

    def run(self) -> "Run":
        self.handover.run()
        self.handover.end()
        return self

    @property
    def states(self) -> list[str]:
        return [handed.state["state"] for handed in sorted(self.told, key=lambda handed: handed.number)]


def paths(count: int) -> Iterator[dict[str, Any]]:
    return ({"path": f"/data/{n}"} for n in range(1, count + 1))


@pytest.mark.parametrize(
    ("fates", "ends"),
    [
        ({"a": [waits("b"), COMMITTED], "b": [COMMITTED]}, ["committed", "committed"]),
        ({"a": [waits("b")], "b": [REJECTED]}, ["pending", "rejected"]),
        ({"a": [waits("b")], "b": [waits("c")], "d": [COMMITTED]}, ["pending", "pending", "committed"]),
        ({"a": [waits("b", "elsewhere")], "b": [COMMITTED]}, ["pending", "committed"]),
        ({"a": [FLYING, FLYING, waits("b"), COMMITTED], "b": [FLYING, COMMITTED]}, ["committed", "committed"]),
    ],
)
def test_only_what_is_still_to_come_is_waited_for(fates: dict[str, list[dict[str, Any]]], ends: list[str]) -> None:
    beamcat = Beamcat(fates)
    run = Run(beamcat, [{"path": path} for path in fates]).run()
    assert run.states == ends
    assert run.clock.time < MOST_IDLE_SECONDS


def test_an_input_that_comes_much_later_in_the_stream_is_waited_for() -> None:
    children = {f"/data/child{n}": [waits(f"/data/{n}")] * 3 + [COMMITTED] for n in range(1, 301)}
    beamcat = Beamcat(dict(children))
    run = Run(beamcat, itertools.chain(({"path": path} for path in children), paths(3_000))).run()
    assert set(run.states) == {"committed"}
    assert len(run.states) == 3_300


def test_what_is_under_way_is_bounded_and_what_waits_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_UNDER_WAY", 1_000)
    monkeypatch.setattr(following, "MOST_WAITING_CHARACTERS", 20_000)
    children = [f"/data/child{n}" for n in range(2_000)]
    beamcat = Beamcat({path: [waits("/data/last"), waits("/data/last"), COMMITTED] for path in children})
    run = Run(beamcat, [{"path": path} for path in [*children, "/data/last"]])
    most = 0

    def look() -> None:
        nonlocal most
        most = max(most, len(run.handover.receipts.under_way))

    run.handover.run(look)
    assert 0 < most <= 1_000 + MOST_AT_ONCE
    assert len(run.states) == 2_001
    assert set(run.states) <= {"committed", "pending"}


def test_receipts_are_asked_in_few_requests_while_handing_in_goes_on() -> None:
    class Slow(Beamcat):
        def _take(self, given: list[dict[str, Any]]) -> httpx.Response:
            run.clock.time += 0.1
            return super()._take(given)

    beamcat = Slow()
    run = Run(beamcat, paths(2_000))
    assert run.run().states == ["committed"] * 2_000
    asked = [place for place, route in enumerate(beamcat.requests) if route == "/receipts"]
    assert 2_000 / MOST_ASKED <= len(asked) <= 2 * 2_000 / MOST_ASKED
    assert "/datasets:batch" in beamcat.requests[asked[0] :]
    assert beamcat.most_at_once <= MOST_AT_ONCE
    assert run.clock.time < 2


def test_large_submissions_go_in_requests_of_few_bytes() -> None:
    beamcat = Beamcat()
    Run(beamcat, ({"path": f"/data/{n}", "name": "x" * 400_000} for n in range(10))).run()
    assert beamcat.most_at_once == 3


@pytest.mark.parametrize("trouble", [away, busy(503, "1"), busy(429, "7"), busy(429, "Sat, 28 Nov 2026 05:00:00 GMT")])
def test_a_gateway_that_takes_nothing_for_a_while_is_waited_for_and_gets_the_same_receipts(trouble: Any) -> None:
    beamcat = Beamcat()
    run = Run(beamcat, paths(1_500))
    lost: list[httpx.Response] = []

    def taken_but_not_answered() -> httpx.Response:
        lost.append(beamcat._take([{"path": "/data/501", "receipt_id": run.hand_in.batch.receipt_id(501)}]))
        raise httpx.ReadError("connection reset")

    beamcat.gateway.extend([lambda: beamcat._take(first), taken_but_not_answered, trouble, trouble])
    first = [{"path": f"/data/{n}", "receipt_id": run.hand_in.batch.receipt_id(n)} for n in range(1, 501)]
    run.run()
    assert run.states == ["committed"] * 1_500
    assert list(beamcat.taken) == [run.hand_in.batch.receipt_id(n) for n in range(1, 1_501)]
    assert list(beamcat.taken.values()) == [f"/data/{n}" for n in range(1, 1_501)]


def test_retry_after_is_respected() -> None:
    beamcat = Beamcat(gateway=deque([busy(429, "60")]))
    run = Run(beamcat, paths(1)).run()
    assert run.states == ["committed"]
    assert 60 <= run.clock.time < 62


def test_a_gateway_that_never_answered_is_said_to_be_away_at_once() -> None:
    beamcat = Beamcat()
    beamcat.gateway.append(away)
    with pytest.raises(Unreachable, match="does not answer"):
        Run(beamcat, paths(1)).run()


def test_a_gateway_that_stays_away_ends_the_waiting_and_what_was_taken_is_told() -> None:
    beamcat = Beamcat()
    run = Run(beamcat, paths(1_200))
    first = [{"path": f"/data/{n}", "receipt_id": run.hand_in.batch.receipt_id(n)} for n in range(1, 501)]
    beamcat.gateway.extend([lambda: beamcat._take(first), *[away] * 100])
    run.handover.run()
    assert run.hand_in.leave() == "x, line 501"
    assert run.states == ["committed"] * 500 + ["unanswered"] * 500
    assert MOST_IDLE_SECONDS <= run.clock.time < MOST_IDLE_SECONDS + 6


def test_a_time_limit_holds_while_things_move_and_while_they_do_not() -> None:
    class Slow(Beamcat):
        def _tell(self, ids: Any) -> httpx.Response:
            run.clock.time += 0.5
            return super()._tell(ids)

    waited_out = Beamcat(gateway=deque([busy(429, "4")] * 10))
    for beamcat in (Slow(), waited_out, Beamcat({f"/data/{n}": [FLYING] for n in range(1, 501)})):
        run = Run(beamcat, paths(10_000), timeout_seconds=9)
        run.run()
        assert 9 <= run.clock.time < 10


def test_what_does_not_move_is_under_way_when_patience_ends() -> None:
    run = Run(Beamcat({"/data/2": [FLYING]}), paths(3)).run()
    assert run.states == ["committed", "in_flight", "committed"]
    assert MOST_IDLE_SECONDS <= run.clock.time < MOST_IDLE_SECONDS + 2


def test_a_search_that_is_away_for_a_while_is_waited_for() -> None:
    beamcat = Beamcat()
    beamcat.search.extend([away, busy(503, "1"), busy(429, "1")])
    assert Run(beamcat, paths(700)).run().states == ["committed"] * 700


def test_a_search_that_is_none_leaves_everything_handed_in_and_under_way() -> None:
    beamcat = Beamcat()
    beamcat.search.extend([lambda: httpx.Response(200, text="<html>")])
    run = Run(beamcat, paths(700)).run()
    assert run.states == ["in_flight"] * 700
    assert "is this beamcat?" in run.handover.trouble


def test_a_silent_pipe_is_waited_for_and_what_it_brought_is_handed_in_meanwhile() -> None:
    silent = [None] * 200
    beamcat = Beamcat()
    seen: list[int] = []

    def stream() -> Iterator[Any]:
        yield from paths(3)
        yield from silent
        seen.append(len(beamcat.asked))
        yield {"path": "/data/later"}

    run = Run(beamcat, stream()).run()
    assert seen == [3]
    assert run.states == ["committed"] * 4


def test_one_submission_that_spoils_a_request_is_refused_alone() -> None:
    class Strict(Beamcat):
        def _take(self, given: list[dict[str, Any]]) -> httpx.Response:
            if any(one["path"] == "/data/77" for one in given):
                return httpx.Response(413 if len(given) > 3 else 400, json={"detail": "no", "status": 400})
            return super()._take(given)

    run = Run(Strict(), paths(200)).run()
    assert run.states == ["committed"] * 76 + ["refused"] + ["committed"] * 123


def test_a_gateway_that_wants_no_more_of_it_ends_the_handing_in_and_what_was_taken_is_followed() -> None:
    beamcat = Beamcat()
    run = Run(beamcat, paths(1_200))
    first = [{"path": f"/data/{n}", "receipt_id": run.hand_in.batch.receipt_id(n)} for n in range(1, 501)]
    refusal = httpx.Response(401, json={"detail": "the token has expired"})
    beamcat.gateway.extend([lambda: beamcat._take(first), lambda: refusal])
    run.handover.run()
    assert run.hand_in.stopped.startswith("the token has expired; ")
    assert run.hand_in.leave() == "x, line 501"
    assert run.states == ["committed"] * 500 + ["unanswered"] * 500


def test_without_waiting_all_are_handed_in_and_none_is_asked_for() -> None:
    beamcat = Beamcat()
    run = Run(beamcat, paths(12_000), follows=False).run()
    assert run.states == ["in_flight"] * 12_000
    assert "/receipts" not in beamcat.requests


def test_a_receipt_of_ones_own_is_answered_for_its_dataset_alone() -> None:
    class Reused(Beamcat):
        def _tell(self, ids: Any) -> httpx.Response:  # noqa: ARG002  it answers always the same
            answer = {"receipt_id": "own", "dataset_id": "other", "path": "/data/0", "state": "rejected"}
            mine = {"receipt_id": "own", "dataset_id": "d", "path": "/data/1", "state": "committed", "warnings": []}
            return httpx.Response(200, json={"receipts": [answer | {"others": [mine]}], "unknown": []})

    assert Run(Reused(), [{"path": "/data/1", "receipt_id": "own"}]).run().states == ["committed"]


def test_a_batch_is_known_by_its_name_alone() -> None:
    beamcat = Beamcat({"/data/3": [waits("/data/elsewhere")], "/data/4": [REJECTED], "/data/5": [FLYING]})
    batch = SubmissionBatch(count=7)
    beamcat.taken = {batch.receipt_id(n): f"/data/{n}" for n in range(1, 7)}
    for looks_once in (True, False):
        told: list[Handed] = []
        api, clock = Api(NAMED, httpx.MockTransport(beamcat)), Passing()
        receipts = Receipts(api, told.append, looks_once=looks_once)
        handover = Handover(KnownBatch(batch), receipts, clock=clock)
        handover.run()
        handover.end()
        states = {handed.number: handed.state["state"] for handed in told}
        expected = ["committed", "committed", "pending", "rejected", "in_flight", "committed", "unknown"]
        assert [states[n] for n in range(1, 8)] == expected
        assert clock.time < 1 if looks_once else clock.time > MOST_IDLE_SECONDS


def test_receipts_that_were_never_heard_of_are_not_waited_for_long() -> None:
    told: list[Handed] = []
    clock = Passing()
    receipts = Receipts(Api(NAMED, httpx.MockTransport(Beamcat())), told.append)
    handover = Handover(KnownBatch(SubmissionBatch(count=3)), receipts, clock=clock)
    handover.run()
    handover.end()
    assert [handed.state["state"] for handed in told] == ["unknown"] * 3
    assert clock.time < 10
