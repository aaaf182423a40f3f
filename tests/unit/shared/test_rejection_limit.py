import pytest

from shared.rejection_limit import Halted, RejectionLimit
from shared.rejections import Code, Refusal

REFUSED = Refusal(Code.DATASET_INVALID, "no")


def test_a_few_rejections_never_halt_however_large_their_share() -> None:
    RejectionLimit(minimum=500).check([REFUSED] * 499)


def test_old_outcomes_leave_the_window() -> None:
    limit = RejectionLimit(fraction=0.5, window=10, minimum=10)
    limit.record([REFUSED] * 10)
    limit.record([None] * 10)
    limit.check([REFUSED] * 9)
    with pytest.raises(Halted):
        limit.check([REFUSED] * 11)


def test_a_stage_that_refuses_less_than_the_fraction_goes_on() -> None:
    limit = RejectionLimit(fraction=0.9, window=100, minimum=10)
    for _ in range(20):
        limit.check([REFUSED] * 9 + [None])
        limit.record([REFUSED] * 9 + [None])
