import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.slowdown import (
    FEWEST_REJECTED,
    GOOD_AFTER_SECONDS,
    LATELY_SECONDS,
    LONGEST_WAIT_SECONDS,
    MOST_SOURCES,
    MOST_TRACKED,
    Slowdown,
)

BAD, NEIGHBOUR = "/producers/bad", "/producers/neighbour"


def send(rule: Slowdown, source: str, count: int, at: float, *, rejected: int, name: str = "r") -> None:
    """Events one by one, of which the first are rejected a second later."""
    for number in range(count):
        rule.admitted(source, [f"{name}-{number}"], at)
    for number in range(rejected):
        rule.rejected(source, f"{name}-{number}", at + 1)


def slowed(at: float = 0.0, events: int = FEWEST_REJECTED) -> Slowdown:
    rule = Slowdown()
    send(rule, BAD, events, at - 1, rejected=events)
    assert rule.slowed(at) == [BAD]
    return rule


def test_a_source_of_which_everything_is_rejected_is_slowed_and_its_neighbour_is_not() -> None:
    rule = Slowdown()
    for round_ in range(25):
        send(rule, BAD, 100, round_, rejected=100, name=f"bad-{round_}")
        send(rule, NEIGHBOUR, 10, round_, rejected=0, name=f"good-{round_}")
    assert rule.slowed(26) == [BAD]
    assert rule.wait_seconds(NEIGHBOUR, 26) == 0


def test_few_rejections_slow_nobody() -> None:
    rule = Slowdown()
    send(rule, BAD, FEWEST_REJECTED - 1, 0, rejected=FEWEST_REJECTED - 1)
    assert rule.slowed(2) == []


def test_a_source_of_which_a_fifth_is_good_is_not_slowed() -> None:
    rule = Slowdown()
    for round_ in range(60):
        send(rule, BAD, 5, round_, rejected=4, name=f"r-{round_}")
        assert rule.slowed(round_ + 1) == []


def test_what_is_still_on_its_way_is_no_excuse() -> None:
    rule = Slowdown()
    send(rule, BAD, 100, 0, rejected=100)
    send(rule, BAD, 100, 1.5, rejected=0, name="on its way")
    assert rule.slowed(2) == [BAD]


def test_a_slowed_source_is_admitted_once_a_second_and_a_batch_counts_its_items() -> None:
    rule = slowed()
    assert rule.wait_seconds(BAD, 0) == 0
    rule.admitted(BAD, ["a"], 0)
    assert rule.wait_seconds(BAD, 0) == 1
    assert rule.wait_seconds(BAD, 1) == 0
    rule.admitted(BAD, [f"b-{number}" for number in range(20)], 1)
    assert rule.wait_seconds(BAD, 1) == 20
    rule.admitted(BAD, [f"c-{number}" for number in range(10**4)], 21)
    assert rule.wait_seconds(BAD, 21) == LONGEST_WAIT_SECONDS


def test_one_good_event_restores_it() -> None:
    rule = slowed()
    send(rule, BAD, 5, 1, rejected=5, name="worse")
    rule.admitted(BAD, ["good"], 10)
    assert rule.slowed(10 + GOOD_AFTER_SECONDS - 1) == [BAD]
    assert rule.wait_seconds(BAD, 10 + GOOD_AFTER_SECONDS) == 0
    assert rule.slowed(10 + GOOD_AFTER_SECONDS) == []
    send(rule, BAD, 50, 50, rejected=50, name="again")
    assert rule.slowed(52) == []


def test_who_stays_bad_stays_slow_and_who_is_silent_is_forgiven() -> None:
    rule = slowed()
    for second in range(0, 1000, 5):
        send(rule, BAD, 1, second, rejected=1, name=f"r-{second}")
        assert rule.slowed(second + 1) == [BAD]
    assert rule.slowed(1000 + LATELY_SECONDS + 1) == []


def test_nobody_slows_another_by_rejections_in_its_name() -> None:
    rule = Slowdown()
    send(rule, NEIGHBOUR, 50, 0, rejected=0, name="good")
    for number in range(2500):
        rule.rejected(NEIGHBOUR, f"forged-{number}", 1)
        rule.rejected("/producers/unheard-of", f"forged-{number}", 1)
    assert rule.slowed(2) == []


def test_one_frame_with_many_paths_is_as_many_events() -> None:
    rule = Slowdown()
    receipts = [f"r-{number}" for number in range(1500)]
    rule.admitted("/icat/10.0.0.1", receipts, 0)
    for receipt in receipts:
        rule.rejected("/icat/10.0.0.1", receipt, 1)
    assert rule.slowed(1) == ["/icat/10.0.0.1"]


def test_what_was_admitted_while_rejections_were_not_read_is_no_witness() -> None:
    rule = Slowdown()
    send(rule, BAD, 500, 0, rejected=0, name="unread")
    rule.forget_awaited()
    send(rule, BAD, FEWEST_REJECTED, 1, rejected=FEWEST_REJECTED)
    assert rule.slowed(3) == [BAD]


def test_memory_is_bounded_whoever_sends_whatever() -> None:
    rule = Slowdown()
    for number in range(3 * MOST_SOURCES):
        rule.admitted(f"/icat/{number}", [f"r-{receipt}" for receipt in range(300)], number / 100)
    assert len(rule._sources) == MOST_SOURCES
    assert all(len(conduct.awaited) <= MOST_TRACKED for conduct in rule._sources.values())


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(0, 2**32))
def test_whatever_is_sent_a_wait_ends_and_a_source_that_turns_good_is_restored(sent: list[bool], start: int) -> None:
    rule = Slowdown()
    now = float(start)
    for number, good in enumerate(sent):
        now += rule.wait_seconds(BAD, now)
        assert rule.wait_seconds(BAD, now) == pytest.approx(0, abs=1e-6)
        rule.admitted(BAD, [f"r-{number}"], now)
        if not good:
            rule.rejected(BAD, f"r-{number}", now + 0.1)
        now += 0.2
    rule.admitted(BAD, ["good"], now)
    assert rule.slowed(now + GOOD_AFTER_SECONDS) == []
