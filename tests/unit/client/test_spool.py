"""The spool against a plain list."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beamcat_client.spool import Settlement, Spool, Spooled

PATHS = st.sampled_from(["/data/a", "/data/b", "/data/c"])


@dataclass
class Kept:
    spooled: Spooled
    held_until: float = 0
    refused: bool = False


class SpoolAgainstList(RuleBasedStateMachine):
    """Whatever is done in whatever order, the spool holds what a list would."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.spool = Spool(self.folder)
        self.kept: list[Kept] = []
        self.now = 0.0

    def teardown(self) -> None:
        self.spool.close()
        shutil.rmtree(self.folder)

    def waiting(self) -> list[Kept]:
        return [kept for kept in self.kept if not kept.refused]

    def due(self) -> list[Spooled]:
        blocked: set[str] = set()
        due = []
        for kept in self.waiting():
            if kept.held_until > self.now:
                blocked.add(kept.spooled.path)
            elif kept.spooled.path not in blocked:
                due.append(kept.spooled)
        return due

    @rule(path=PATHS, size=st.integers(2, 50))
    def add(self, path: str, size: int) -> None:
        spooled = Spooled(str(uuid4()), path, b'{"x":"' + b"y" * size + b'"}')
        self.spool.add(spooled.receipt_id, path, spooled.body)
        self.kept.append(Kept(spooled))

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        spooled = data.draw(st.sampled_from(self.waiting())).spooled
        self.spool.add(spooled.receipt_id, spooled.path, spooled.body)
        with pytest.raises(ValueError, match=f"belongs to other content of {spooled.path}"):
            self.spool.add(spooled.receipt_id, spooled.path, b'{"other":1}')

    @rule(seconds=st.integers(1, 100))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        settlement = Settlement(held_until=self.now + 60)
        for kept in self.waiting():
            outcome = data.draw(st.sampled_from(["delivered", "refused", "held", None]))
            if outcome:
                getattr(settlement, outcome)[kept.spooled.receipt_id] = {"status": 422, "detail": "why"}
            kept.refused |= outcome == "refused"
            kept.held_until = settlement.held_until if outcome == "held" else kept.held_until
        self.spool.settle(settlement)
        self.kept = [kept for kept in self.kept if kept.spooled.receipt_id not in settlement.delivered]

    @rule()
    def forget_refused(self) -> None:
        for kept in self.kept:
            assert self.spool.forget(kept.spooled.receipt_id) is kept.refused
        self.kept = self.waiting()

    @rule()
    def retry_refused(self) -> None:
        for kept in self.kept:
            assert self.spool.retry(kept.spooled.receipt_id) is kept.refused
            kept.held_until = 0 if kept.refused else kept.held_until
            kept.refused = False

    @rule()
    def reopen(self) -> None:
        self.spool.close()
        self.spool = Spool(self.folder)

    @rule(most=st.integers(1, 4), most_bytes=st.integers(1, 120))
    def a_lot_is_the_oldest_that_fit(self, most: int, most_bytes: int) -> None:
        lot = list(self.spool.due(most, most_bytes, self.now))
        assert lot == self.due()[: len(lot)]
        assert bool(lot) is bool(self.due())
        assert len(lot) <= most
        assert len(lot) == 1 or sum(len(each.body) for each in lot) <= most_bytes

    @invariant()
    def it_holds_what_the_list_holds(self) -> None:
        assert list(self.spool.due(1000, 10**9, self.now)) == self.due()
        assert self.spool.waiting() == len(self.waiting())
        refused = [kept.spooled.receipt_id for kept in self.kept if kept.refused]
        assert [each.receipt_id for each in self.spool.refused()] == refused
        for kept in self.kept:
            assert self.spool.is_waiting(kept.spooled.receipt_id) is not kept.refused


SpoolAgainstList.TestCase.settings = settings(max_examples=12, stateful_step_count=20, deadline=None)
TestSpoolAgainstList = SpoolAgainstList.TestCase


def test_one_sender_at_a_time_and_the_next_after_it(tmp_path: Path) -> None:
    first, second = Spool(tmp_path), Spool(tmp_path)
    with first.sending() as mine:
        assert mine
        with second.sending() as theirs, first.sending() as again:
            assert not theirs
            assert not again
    with second.sending() as theirs:
        assert theirs
    first.close()
    second.close()


def test_the_folder_is_its_owners_alone(tmp_path: Path) -> None:
    Spool(tmp_path / "deep" / "spool").close()
    assert (tmp_path / "deep" / "spool").stat().st_mode & 0o777 == 0o700
