"""Catalogued paths near an input that is not: what its producer may have meant. Pure.

A path is near if it differs in letter case or blanks alone, or if it is that of the dataset in whose folder the input
lies, as a file of it does.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from shared.events.pending import NearPaths
from shared.events.sections import Finding

NEAR_MISS = "input_near_miss"
MOST_INPUTS = 20
"""Of one dataset that are looked for elsewhere: who misses twenty has made one mistake."""
MOST_NEAR = 3
LEVELS_UP = 3
"""A file lies in the dataset's folder, or in a folder of that for images or scans."""

Near = Mapping[str, Sequence[str]]
"""By the path of an input that is not catalogued."""


def key_of(path: str) -> str:
    """What near paths have in common; the database has an index of it."""
    return path.replace(" ", "").lower()


def places_of(path: str) -> list[str]:
    """Where to look for what a path may mean: there, then in the folders around it."""
    folders = path.split("/")
    return ["/".join(folders[: len(folders) - level]) for level in range(min(LEVELS_UP + 1, len(folders) - 1))]


def near_each(paths: Iterable[str], found: Mapping[str, Sequence[str]]) -> Near:
    """Of each path, the catalogued ones near it, by what was found at its places."""
    at_first = {path: next((found[place] for place in places_of(path) if found.get(place)), ()) for path in paths}
    return {path: sorted(near)[:MOST_NEAR] for path, near in at_first.items() if near}


def looked_for(paths: Iterable[str]) -> list[str]:
    """Of the missing inputs of one dataset, those that are looked for elsewhere."""
    return list(islice(paths, MOST_INPUTS))


def near_paths(own_path: str, missing: Iterable[str], near: Near) -> list[NearPaths]:
    """Of the missing inputs of a dataset, those with near paths. A dataset is not an input of itself."""
    looked_up = ((path, [other for other in near.get(path, ()) if other != own_path]) for path in missing)
    return [NearPaths(path=path, near=others) for path, others in looked_up if others]


def near_misses(own_path: str, missing: Iterable[str], near: Near) -> list[Finding]:
    """What is to be said of the missing inputs of a dataset."""
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
