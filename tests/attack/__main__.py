"""`make attack SEED=…`: runs every attack, or those that are named, in full."""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from tests.attack.attacks import ATTACKS
from tests.attack.run import neighbours_are_served

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("attacks", nargs="*", metavar="ATTACK", help=f"of {', '.join(ATTACKS)}; without any, all")
parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
parser.add_argument("--scale", type=float, default=1.0, help="how much of everything is sent")
parser.add_argument("--keep", type=Path, help="a folder to run in and keep, with all logs")
chosen = parser.parse_args()
if unknown := set(chosen.attacks) - ATTACKS.keys():
    parser.error(f"there is no attack {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}")

picked = {name: ATTACKS[name] for name in chosen.attacks or ATTACKS}
with tempfile.TemporaryDirectory() as temporary:
    directory = chosen.keep or Path(temporary)
    found = asyncio.run(neighbours_are_served(picked, chosen.seed, chosen.scale, directory, print))
for complaint in found:
    print("FAULT", complaint)
print(f"seed {chosen.seed}: {'neighbours were served' if not found else f'{len(found)} faults'}")
sys.exit(bool(found))
