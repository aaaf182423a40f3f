"""What a producer may have meant by a path that is not catalogued."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.linker.inputs.near import MOST_INPUTS, MOST_NEAR, key_of, near_each, near_misses, places_of, searched_for

SEGMENTS = st.text("aB1 _.é", min_size=1, max_size=4)
PATHS = st.lists(SEGMENTS, min_size=1, max_size=6).map(lambda segments: "/" + "/".join(segments))


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("/a", ["/a"]),
        ("/a/b", ["/a/b", "/a"]),
        ("/a/b/c/d/e", ["/a/b/c/d/e", "/a/b/c/d", "/a/b/c", "/a/b"]),
    ],
)
def test_a_path_is_searched_for_there_and_in_the_folders_around_it(path: str, places: list[str]) -> None:
    assert places_of(path) == places


@given(PATHS)
def test_letter_case_and_blanks_lead_to_the_same_path(path: str) -> None:
    assert key_of(path.swapcase().replace("/", " /") + " ") == key_of(path)


@given(st.lists(PATHS, max_size=4), st.lists(PATHS, max_size=8))
def test_what_is_told_is_catalogued_and_near_and_little(missing: list[str], catalogued: list[str]) -> None:
    found = {
        place: [path for path in catalogued if key_of(path) == key_of(place)]
        for path in missing
        for place in places_of(path)
    }
    for finding in near_misses("/own", missing, near_each(missing, found)):
        assert finding.value in missing
        assert finding.expected in catalogued
        assert finding.message.count("/own") == 0
    assert all(len(near) <= MOST_NEAR for near in near_each(missing, found).values())


def test_who_misses_many_inputs_is_told_of_the_first() -> None:
    assert searched_for(map(str, range(1000))) == [str(n) for n in range(MOST_INPUTS)]
