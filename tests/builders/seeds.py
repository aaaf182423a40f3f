"""The seed of a random test. `SEED=… make unit` (or pytest) repeats a run. A failed test shows its seed."""

import os
import random


def seed_of_run(fixed: int | None = None) -> int:
    """The number in the environment variable `SEED`, otherwise `fixed`, otherwise a random one.

    It is printed, because pytest shows the output of a failed test.
    """
    chosen = os.environ.get("SEED")
    drawn = random.SystemRandom().randrange(2**32) if fixed is None else fixed
    seed = drawn if chosen is None else int(chosen)
    print(f"SEED={seed}")  # noqa: T201
    return seed
