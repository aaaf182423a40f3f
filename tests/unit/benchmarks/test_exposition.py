"""What benchmarks read from the metrics of services."""

import pytest

from benchmarks.instruments.exposition import Exposition, events_a_batch, latency_quantile, quantile, read_exposition

TEXT = """
# TYPE beamcat_batch_events histogram
beamcat_batch_events_bucket{stage="linker",le="+Inf"} 4
beamcat_batch_events_count{stage="linker"} 4
beamcat_batch_events_sum{stage="linker"} 1000
# TYPE beamcat_submitted_to_searchable_seconds histogram
beamcat_submitted_to_searchable_seconds_bucket{le="0.1"} 3
beamcat_submitted_to_searchable_seconds_bucket{le="+Inf"} 5
beamcat_submitted_to_searchable_seconds_count 5
beamcat_submitted_to_searchable_seconds_sum 1.5
"""
OTHER = '# TYPE beamcat_batch_events histogram\nbeamcat_batch_events_count{stage="validator"} 2\n'
OTHER += 'beamcat_batch_events_sum{stage="validator"} 7\n'


def test_the_metrics_of_all_processes_are_read_together() -> None:
    assert read_exposition([TEXT, OTHER]) == Exposition(
        latency={0.1: 3.0, float("inf"): 5.0}, batches={"linker": (1000.0, 4.0), "validator": (7.0, 2.0)}
    )


def test_the_mean_of_a_batch_is_that_of_the_batches_in_between() -> None:
    before = Exposition({}, {"linker": (100.0, 1.0), "search": (5.0, 5.0)})
    after = Exposition({}, {"linker": (700.0, 3.0), "search": (5.0, 5.0), "validator": (9.0, 3.0)})
    assert events_a_batch(before, after) == {"linker": 300.0, "validator": 3.0}


def test_a_quantile_leaves_out_what_was_counted_before() -> None:
    before = Exposition({0.1: 90.0, 0.2: 90.0, float("inf"): 100.0}, {})
    after = Exposition({0.1: 90.0, 0.2: 100.0, float("inf"): 110.0}, {})
    assert latency_quantile(before, after, 0.5) == pytest.approx(0.15)


@pytest.mark.parametrize(("share", "value"), [(0.25, 0.5), (0.5, 1.0), (0.75, 1.5), (1.0, 2.0)])
def test_a_quantile_is_linear_within_its_bucket(share: float, value: float) -> None:
    assert quantile({1.0: 50.0, 2.0: 100.0, float("inf"): 100.0}, share) == pytest.approx(value)


def test_a_quantile_beyond_the_last_bound_is_infinite() -> None:
    assert quantile({1.0: 1.0, float("inf"): 9.0}, 0.99) == float("inf")
