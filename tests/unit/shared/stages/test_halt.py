from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.codes import Code, Refusal
from shared.stages.halt import MOST_NAMED, MOST_REMEMBERED, MOST_SOURCES, OURS, STREAK, Halted, HaltRule, short_hash

NOW = datetime(2026, 11, 24, tzinfo=UTC)
DEFECT = Refusal(Code.INTERNAL_ERROR, "a defect in this stage: ZeroDivisionError")
PASSED = object()
CONTENT = [code for code in Code if code not in OURS]


def settle(rule: HaltRule, *events: tuple[str, object], now: datetime = NOW) -> None:
    sources = [source for source, _ in events]
    rule.record(rule.judge(sources, [outcome for _, outcome in events], now))


def each(sources: Sequence[str], outcome: object, times: int = 1) -> list[tuple[str, object]]:
    return [(source, outcome) for _ in range(times) for source in sources]


def named(count: int, prefix: str = "producer") -> list[str]:
    return [f"/producers/{prefix}-{number}" for number in range(count)]


@pytest.mark.parametrize("code", OURS)
def test_several_sources_that_were_fine_and_are_now_all_refused_for_our_reasons_halt(code: Code) -> None:
    rule = HaltRule()
    settle(rule, *each(named(4), PASSED))
    with pytest.raises(Halted, match=f"4 of the 4 sources .*producer-0.*{code}: why"):
        settle(rule, *each(named(4), Refusal(code, "why"), STREAK))


@pytest.mark.parametrize("code", CONTENT)
def test_a_verdict_on_content_never_halts_whatever_its_rate(code: Code) -> None:
    rule = HaltRule()
    settle(rule, *each(named(10), PASSED))
    for _ in range(5):
        settle(rule, *each(named(10), Refusal(code, "why"), 50))


def test_one_source_halts_nothing_beside_a_working_neighbour_or_alone() -> None:
    for neighbours in (named(1, "neighbour"), []):
        rule = HaltRule()
        settle(rule, *each(["/producers/bad", *neighbours], PASSED))
        for _ in range(5):
            settle(rule, *each(["/producers/bad"], DEFECT, 500), *each(neighbours, PASSED))


def test_two_sources_prove_nothing_about_a_stage() -> None:
    rule = HaltRule()
    settle(rule, *each(named(2), PASSED, 100))
    settle(rule, *each(named(2), DEFECT, 100))


def test_many_sources_that_were_never_fine_halt_nothing_and_take_no_room() -> None:
    rule = HaltRule()
    settle(rule, *each(named(2500, "invented"), DEFECT, STREAK))
    assert rule.remembered() == []


def test_invented_sources_that_had_one_event_pass_weigh_little_beside_one_that_works() -> None:
    rule = HaltRule()
    settle(rule, *each(named(1, "neighbour"), PASSED, 100))
    settle(rule, *each(named(50, "invented"), PASSED))
    settle(rule, *each(named(50, "invented"), DEFECT, STREAK))


def test_a_few_of_many_sources_are_no_halt_and_half_of_them_are() -> None:
    rule = HaltRule()
    settle(rule, *each(named(50), PASSED, 5))
    settle(rule, *each(named(3), DEFECT, STREAK), *each(named(50)[3:], PASSED))
    settle(rule, *each(named(20), DEFECT, STREAK))
    with pytest.raises(Halted):
        settle(rule, *each(named(26), DEFECT, STREAK))


def test_a_source_of_which_some_events_pass_is_not_struck() -> None:
    rule = HaltRule()
    settle(rule, *each(named(5), PASSED))
    for _ in range(50):
        settle(rule, *each(named(5), DEFECT, STREAK - 1), *each(named(5), PASSED))


def test_refusals_one_at_a_time_add_up() -> None:
    rule = HaltRule()
    settle(rule, *each(named(3), PASSED))
    *before, last = each(named(3), DEFECT, STREAK)
    for event in before:
        settle(rule, event)
    with pytest.raises(Halted):
        settle(rule, last)


def test_who_has_been_silent_for_long_says_nothing_of_today() -> None:
    rule = HaltRule()
    settle(rule, *each(named(50, "by-day"), PASSED), *each(named(4, "by-night"), PASSED))
    with pytest.raises(Halted, match="4 of the 4"):
        settle(rule, *each(named(4, "by-night"), DEFECT, STREAK), now=NOW + timedelta(hours=1))


def test_what_was_judged_and_not_recorded_is_forgotten() -> None:
    rule = HaltRule()
    settle(rule, *each(named(3), PASSED))
    with pytest.raises(Halted):
        settle(rule, *each(named(3), DEFECT, STREAK))
    settle(rule, *each(named(3), DEFECT))  # the first in a row


def test_who_was_refused_a_thousand_times_no_longer_counts_as_fine() -> None:
    rule = HaltRule()
    settle(rule, *each(named(2), PASSED))
    settle(rule, *each(named(2), DEFECT, 1000))
    settle(rule, *each(named(1, "third"), PASSED))
    settle(rule, *each(named(2), DEFECT, STREAK), *each(named(1, "third"), DEFECT, STREAK))
    assert rule.remembered() == [short_hash("/producers/third-0")]


def test_a_bad_deployment_is_told_right_after_the_restart_that_it_is() -> None:
    before, after = HaltRule(), HaltRule()
    settle(before, *each(named(5), PASSED))
    for _ in range(3):  # once a partition
        after.recall(before.remembered())
    with pytest.raises(Halted, match=r"3 of the 3 .*producer-0"):
        settle(after, *each(named(3), DEFECT, STREAK))


def test_what_is_recalled_does_not_outweigh_what_is_known_better() -> None:
    rule = HaltRule()
    settle(rule, *each(named(2), PASSED))
    rule.recall([short_hash(name) for name in named(3)])
    settle(rule, *each(named(2), DEFECT, STREAK))


def test_it_remembers_a_hundred_and_keeps_a_thousand() -> None:
    rule = HaltRule()
    settle(rule, *each(named(3 * MOST_SOURCES), PASSED))
    remembered = rule.remembered()
    assert len(remembered) == MOST_REMEMBERED
    assert all(len(key) == 8 and int(key, 16) >= 0 for key in remembered)
    assert remembered[-1] == short_hash(named(3 * MOST_SOURCES)[-1])
    rule.recall([f"{number:08x}" for number in range(5 * MOST_SOURCES)])
    assert len(rule._standings) == MOST_SOURCES


def test_where_nothing_may_stop_nothing_does() -> None:
    rule = HaltRule(halts=False)
    settle(rule, *each(named(5), PASSED))
    settle(rule, *each(named(5), DEFECT, 100))


def test_the_reason_stays_short_and_printable_whatever_sources_are_called() -> None:
    names = [f"\x1b[2J\n{'x' * 1000}{number}" for number in range(50)]
    rule = HaltRule()
    settle(rule, *[(name, PASSED) for name in names])
    with pytest.raises(Halted) as halted:
        settle(rule, *each(names, DEFECT, STREAK))
    why = str(halted.value)
    assert why.isprintable()
    assert len(why) < 1500
    assert f"and {50 - MOST_NAMED} more" in why


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["/producers/bad", "/producers/a", "/producers/b"]), st.sampled_from([PASSED, DEFECT])
        ),
        max_size=200,
    ),
    st.lists(st.sampled_from(CONTENT), max_size=50),
)
def test_whatever_happens_two_sources_and_content_alone_never_halt(
    events: list[tuple[str, object]], codes: list[Code]
) -> None:
    rule = HaltRule()
    few = [event for event in events if event[0] != "/producers/b"]
    judged = [(f"/producers/{number}", Refusal(code, "no")) for number, code in enumerate(codes)]
    settle(rule, *few, *judged)
    settle(rule, *few[::-1], *judged)
