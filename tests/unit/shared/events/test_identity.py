"""The path is a dataset's identity: one folder, one spelling, one id."""

import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.identity import Identities, PathInvalid, PathPrefixes, normalise_path, sample_key, sample_name

ROOT = Path(__file__).parents[4]

# Letters in composed, decomposed and compatibility forms, and what a path may hold besides.
LETTERS = "aZ0-_.% é\u0301\u00c5\u212b\ufb01\uac01\u1100\u1161"
SEGMENTS = st.text(LETTERS, min_size=1, max_size=8).filter(lambda segment: segment not in (".", ".."))
PATHS = st.lists(SEGMENTS, min_size=1, max_size=6).map(lambda segments: "/" + "/".join(segments))
DETOURS = st.sampled_from(["/", "//", "/./", "///.//"])


@given(PATHS)
def test_a_normal_path_stays_as_it_is(path: str) -> None:
    once = normalise_path(path)
    assert normalise_path(once) == once


@given(st.lists(SEGMENTS, min_size=1, max_size=6), st.lists(DETOURS, min_size=7, max_size=7))
def test_empty_and_dot_segments_and_a_trailing_slash_change_nothing(segments: list[str], detours: list[str]) -> None:
    wandering = "".join(detour + segment for detour, segment in zip(detours, segments, strict=False)) + detours[6]
    assert normalise_path(wandering) == normalise_path("/" + "/".join(segments))


@given(PATHS)
def test_composed_and_decomposed_characters_are_one_path(path: str) -> None:
    decomposed = unicodedata.normalize("NFD", path)
    assert normalise_path(decomposed) == normalise_path(path)


@given(PATHS, PATHS)
def test_two_folders_share_an_id_only_if_they_are_one(one: str, other: str) -> None:
    identities = Identities("facility.example")
    same = normalise_path(one) == normalise_path(other)
    assert (identities.dataset(normalise_path(one)) == identities.dataset(normalise_path(other))) == same


MOUNTS = {"/mnt/storage": "/data", "/mnt/storage/inhouse": "/home/inhouse", "/gpfs/é": "/data/gpfs"}
HERE = Identities("facility.example", PathPrefixes(MOUNTS))


@given(PATHS, st.sampled_from(["", *MOUNTS, *MOUNTS.values()]))
def test_a_catalogued_path_stays_as_it_is_and_a_mounted_one_is_the_same_dataset(path: str, prefix: str) -> None:
    catalogued = HERE.path(prefix + path)
    assert HERE.path(catalogued) == catalogued
    assert HERE.path(unicodedata.normalize("NFD", prefix) + "//" + path + "/") == catalogued
    assert not any(f"{catalogued}/".startswith(f"{mounted}/") for mounted in MOUNTS)


@pytest.mark.parametrize(
    ("said", "catalogued"),
    [
        ("/mnt/storage/a", "/data/a"),
        ("/mnt/storage", "/data"),
        ("/mnt/storages/a", "/mnt/storages/a"),
        ("/mnt/storage/inhouse/a", "/home/inhouse/a"),
        ("/mnt/storage/inhouses/a", "/data/inhouses/a"),
        ("/x/mnt/storage/a", "/x/mnt/storage/a"),
        ("/gpfs/e\u0301/a", "/data/gpfs/a"),
        ("/data/mnt/storage/a", "/data/mnt/storage/a"),
    ],
)
def test_the_longest_prefix_of_whole_folders_counts(said: str, catalogued: str) -> None:
    assert HERE.path(said) == HERE.file(said) == catalogued


def test_a_file_within_its_dataset_is_named_as_it_was_said() -> None:
    assert [HERE.file(said) for said in ("a.h5", "./b.h5", "mnt/storage/c.h5")] == [
        "a.h5",
        "./b.h5",
        "mnt/storage/c.h5",
    ]


def test_only_identities_spell_paths_so_that_no_door_forgets_where_they_are_mounted() -> None:
    sources = [path for root in ("services", "clients", "shared") for path in (ROOT / root).rglob("*.py")]
    spelling = {str(path.relative_to(ROOT)) for path in sources if "normalise_path" in path.read_text(encoding="utf-8")}
    assert spelling == {"shared/events/identity.py"}


@given(st.text(max_size=40))
def test_any_text_is_normalised_or_refused_and_nothing_else(text: str) -> None:
    try:
        path = normalise_path(text)
    except PathInvalid:
        return
    assert path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/")[1:])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("relative/path", "not absolute"),
        ("", "not absolute"),
        ("/data/../etc", "'..'"),
        ("/data/a\x00b", "control character"),
        ("/data/a\nb", "control character"),
        ("/", "root folder"),
        ("/./.", "root folder"),
    ],
)
def test_a_path_that_identifies_nothing_is_refused_with_the_cure(path: str, reason: str) -> None:
    with pytest.raises(PathInvalid, match=reason):
        normalise_path(path)


def test_ids_never_change() -> None:
    assert Identities("facility.example").dataset("/data/a") == UUID("303db8d7-0270-51b9-a1f1-5bcb4d455519")


def test_facilities_and_things_have_ids_of_their_own() -> None:
    here, there = Identities("here.example"), Identities("there.example")
    ids = {
        here.dataset("/data/a"),
        there.dataset("/data/a"),
        here.investigation("/data/a"),
        here.opened("mx1111", "id30a-3", datetime(2026, 11, 24, tzinfo=UTC)),
        here.sample(here.investigation("1"), "a"),
        here.sample(here.investigation("2"), "a"),
    }
    assert len(ids) == 6


BLANKS = "\u00a0\u2009\u202f\u3000\t\n "
UNSEEN = "\u200b\ufeff\u00ad\x00\x07"
NAMES = st.text(st.sampled_from("Lé1ßİΣ,_-" + BLANKS + UNSEEN + "\u0301"), max_size=12) | st.text(max_size=12)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Fus_RAC1b", "Fus_RAC1b"),
        (" Lyso\u00a0 native\t", "Lyso native"),
        ("e\u0301", "é"),
        ("e\u200b\u0301\ufeff", "é"),
        ("\u3000\u200b", ""),
        ("lyso, native", "lyso, native"),
        ("½ µm", "½ µm"),
    ],
)
def test_a_sample_name_has_one_spelling(said: str, name: str) -> None:
    assert sample_name(said) == name


@given(NAMES)
def test_a_sample_name_in_its_spelling_stays_as_it_is(said: str) -> None:
    name = sample_name(said)
    assert sample_name(name) == name
    assert unicodedata.is_normalized("NFC", name)
    assert name == " ".join(name.split())


@given(NAMES, st.sampled_from(BLANKS), st.sampled_from(UNSEEN))
def test_blanks_unicode_forms_and_letter_case_make_no_other_sample(said: str, blank: str, unseen: str) -> None:
    written = unicodedata.normalize("NFD", said.replace(" ", blank + blank) + blank).replace(blank, unseen + blank)
    assert sample_key(written) == sample_key(said)
    assert sample_key(said.swapcase()) == sample_key(said) or not said.isascii()


def test_the_id_of_a_sample_follows_from_the_one_spelling_of_its_name() -> None:
    investigation = Identities("facility.example").investigation("4711")
    assert Identities.sample(investigation, "Lyso\u00a0é ") == Identities.sample(investigation, "Lyso e\u0301")
    assert Identities.sample(investigation, "Fus_RAC1b") == UUID("4f503433-b350-5dd2-9197-0a830fa0f4fe")
