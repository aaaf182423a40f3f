"""Catalogued paths near a missing input, which its producer may have meant: pure.

A path is near if it differs only in letter case or blanks, or if it is the path of the dataset in whose folder the
input lies, as a file of that dataset does.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from shared.events.pending import NearPaths
from shared.events.sections import Finding

NEAR_MISS = "input_near_miss"
MOST_INPUTS = 20
"""How many missing inputs of one dataset are searched for. Twenty missing inputs are usually one mistake."""
MOST_NEAR = 3
"""How many near paths are named for one input."""
LEVELS_UP = 3
"""How far up a dataset is searched for. A file lies in its folder, or in a folder in it for images or scans."""

Near = Mapping[str, Sequence[str]]
"""The near paths of each input that is not catalogued."""


def key_of(path: str) -> str:
    """What near paths have in common. The database has an index of it."""
    return path.replace(" ", "").lower()


def places_of(path: str) -> list[str]:
    """The places to search for what a path may mean: the path itself, then the folders around it."""
    folders = path.split("/")
    return ["/".join(folders[: len(folders) - level]) for level in range(min(LEVELS_UP + 1, len(folders) - 1))]


def near_each(paths: Iterable[str], found: Mapping[str, Sequence[str]]) -> Near:
    """The near paths of each path, from what was found at its places."""
    at_first = {path: next((found[place] for place in places_of(path) if found.get(place)), ()) for path in paths}
    return {path: sorted(near)[:MOST_NEAR] for path, near in at_first.items() if near}


def searched_for(paths: Iterable[str]) -> list[str]:
    """Those missing inputs of one dataset that are searched for."""
    return list(islice(paths, MOST_INPUTS))


def near_paths(own_path: str, missing: Iterable[str], near: Near) -> list[NearPaths]:
    """The missing inputs of a dataset that have near paths. A dataset is not near its own inputs."""
    found = ((path, [other for other in near.get(path, ()) if other != own_path]) for path in missing)
    return [NearPaths(path=path, near=others) for path, others in found if others]


def near_misses(own_path: str, missing: Iterable[str], near: Near) -> list[Finding]:
    """The warnings about the missing inputs of a dataset."""
    return [_near_miss(each.path, each.near) for each in near_paths(own_path, missing, near)]


def _near_miss(path: str, others: Sequence[str]) -> Finding:
    *more, last = others
    what = f"{', '.join(more)} and {last} are" if more else f"{last} is"
    return Finding.warning(
        NEAR_MISS,
        f"the input {path} is not catalogued, but {what}",
        "name one of these as the input, if it is meant" if more else "name that as the input, if it is meant",
        value=path,
        expected=others[0],
    )
