"""The log says what happens, and how often, in a bounded number of lines."""

import io
import logging
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime.logs import BURST_LINES, LINES_PER_SECOND, MOST_CHARACTERS, MOST_KINDS, LimitedHandler, LineLimit

Say = Callable[..., None]


class Log:
    """A logger, what it has written, and a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.stream = io.StringIO()
        self.handler = LimitedHandler(self.stream, lambda: self.now)
        self.logger = logging.Logger("shared.stages.stage")  # noqa: LOG001  of this test alone
        self.logger.addHandler(self.handler)

    @property
    def lines(self) -> list[str]:
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log() -> Log:
    return Log()


def test_of_a_thousand_equal_lines_some_are_written_and_the_others_counted(log: Log) -> None:
    for number in range(1000):
        log.logger.warning("attempt %d failed", number)
    assert log.lines == [f"attempt {number} failed" for number in range(BURST_LINES)]
    log.handler.tell()
    assert log.lines[BURST_LINES:] == ["950 more lines like this were omitted in the last 10 s: attempt %d failed"]
    log.handler.close()
    assert len(log.lines) == BURST_LINES + 1


def test_what_is_left_out_is_told_without_another_line(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.runtime.logs.TELL_SECONDS", 0.001)
    for _ in range(BURST_LINES + 1):
        log.logger.warning("again")
    assert log.handler._teller is not None
    log.handler._teller.join()
    assert log.lines[-1].startswith("1 more lines like this")


def test_lines_of_another_kind_are_written_meanwhile(log: Log) -> None:
    for _ in range(1000):
        log.logger.warning("noise")
    log.logger.warning("something else")
    log.logger.error("noise")
    assert log.lines[BURST_LINES:] == ["something else", "noise"]


def test_lines_that_differ_by_numbers_alone_are_of_one_kind(log: Log) -> None:
    for number in range(1000):
        log.logger.error(f"Task exception was never retrieved: Task-{number} at 0x{number:x}")  # noqa: G004  as asyncio
    assert len(log.lines) == BURST_LINES


def test_a_line_with_a_traceback_counts_for_several(log: Log) -> None:
    error = OSError(24, "Too many open files")
    for _ in range(1000):
        log.logger.error("socket.accept() out of system resource", exc_info=error)
    assert sum(line.startswith("socket.accept()") for line in log.lines) == BURST_LINES / 5
    assert len(log.stream.getvalue()) < 10_000


def test_a_line_is_cut_in_its_middle_if_it_is_too_long(log: Log) -> None:
    log.logger.error("begin%send", "x" * 10_000_000)
    assert len(log.lines[0]) < MOST_CHARACTERS + 100
    assert log.lines[0].startswith("begin")
    assert log.lines[0].endswith("end")


def test_whatever_the_kinds_memory_and_lines_are_bounded() -> None:
    limit = LineLimit()
    texts = ["".join(word) for word in product("abcdefgh", repeat=3)]
    written = sum(limit.admits(("name", logging.ERROR, text), 1, 0.0) for text in texts * 3)
    assert len(limit._buckets) <= MOST_KINDS + 1
    assert written <= 3 * MOST_KINDS + BURST_LINES
    assert limit.admits(("name", logging.CRITICAL, "the end"), 1, 0.0)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=300))
def test_a_kind_is_written_at_a_bounded_rate(waits: list[float]) -> None:
    limit, now, written = LineLimit(), 0.0, 0
    for wait in waits:
        now += wait / 100
        written += limit.admits(("name", logging.ERROR, "text"), 1, now)
    assert min(len(waits), BURST_LINES) <= written <= BURST_LINES + LINES_PER_SECOND * now + 1
