"""`make faults SEED=…`: 5,000 datasets flow while everything is killed."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.faults.chaos import APART, TOGETHER
from tests.faults.run import nothing_lost

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
parser.add_argument("--datasets", type=int, default=5000)
parser.add_argument("--together", action="store_true", help="run the services of the pipeline in one process")
parser.add_argument("--keep", type=Path, help="a folder to run in and keep, with all logs")
chosen = parser.parse_args()

form = TOGETHER if chosen.together else APART

with tempfile.TemporaryDirectory() as temporary:
    found = asyncio.run(nothing_lost(chosen.seed, chosen.datasets, chosen.keep or Path(temporary), print, form))
for complaint in found:
    print("FAULT", complaint)
print(f"seed {chosen.seed}: {'nothing lost' if not found else f'{len(found)} faults'}")
sys.exit(bool(found))
