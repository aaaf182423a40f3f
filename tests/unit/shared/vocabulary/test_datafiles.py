"""A bad data file is one clear error with file, line and key."""

from pathlib import Path

import pytest
from pydantic import Field

from shared.runtime.error_kinds import ErrorKind, error_kind
from shared.vocabulary.datafiles import DataFileInvalid, Table, data_files, own_folders, read_data_file


class Wheel(Table):
    spokes: int = 3


class Cart(Table):
    name: str
    wheel: list[Wheel] = Field(default=[])


class Fleet(Table):
    cart: list[Cart] = Field(default=[])
    depots: dict[str, Wheel] = Field(default={})


GOOD = """\
[[cart]]
name = "first"

[[cart]]
name = "second"

[[cart.wheel]]
spokes = 4

[[cart.wheel]]
spokes = 5

[depots]
"north {gate}" = { spokes = 6 }
"""


def _written(directory: Path, text: str) -> Path:
    file = directory / "fleet.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_good_file_is_read_as_its_model(tmp_path: Path) -> None:
    fleet = read_data_file(_written(tmp_path, GOOD), Fleet)
    assert [wheel.spokes for wheel in fleet.cart[1].wheel] == [4, 5]


@pytest.mark.parametrize(
    ("good", "bad", "complaint"),
    [
        ("spokes = 5", "spoke = 5", "line 11, cart[2].wheel[2].spoke: unknown key"),
        ("spokes = 4", 'spokes = "four"', "line 8, cart[2].wheel[1].spokes: Input should be a valid integer"),
        ('name = "second"', "", "line 4, cart[2].name: Field required"),
        ("[depots]", "[depot]", "line 13, depot: unknown key"),
        ("{ spokes = 6 }", "{ spoke = 6 }", "line 14, depots.north {gate}.spoke: unknown key"),
        ("[[cart.wheel]]", "[[cart.wheel", "line 7"),
        ('"second"', "second", "line 5"),
    ],
)
def test_a_slip_is_named_with_its_line_and_key(tmp_path: Path, good: str, bad: str, complaint: str) -> None:
    file = _written(tmp_path, GOOD.replace(good, bad, 1))
    with pytest.raises(DataFileInvalid) as caught:
        read_data_file(file, Fleet)
    assert str(caught.value).startswith(str(file))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_text_that_is_not_utf8_is_an_error_with_the_file(tmp_path: Path) -> None:
    file = tmp_path / "fleet.toml"
    file.write_bytes(b'name = "\xff"')
    with pytest.raises(DataFileInvalid, match=r"fleet\.toml"):
        read_data_file(file, Fleet)


def test_a_bad_data_file_ends_the_service_that_reads_it() -> None:
    assert error_kind(DataFileInvalid("fleet.toml, line 3")) is ErrorKind.FATAL


def test_a_facility_adds_files_of_its_own(tmp_path: Path) -> None:
    own = _written(tmp_path, "")
    files = list(data_files("techniques", [tmp_path]))
    assert files[-1] == own
    assert "mx.toml" in [file.name for file in files[:-1]]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFileInvalid, match="no such directory"):
        list(data_files("techniques", [tmp_path / "absent"]))


def test_a_directory_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataFileInvalid, match="this directory cannot be read: Permission denied"):
        list(data_files("techniques", [tmp_path]))
    monkeypatch.setattr(Path, "is_dir", refuse)
    with pytest.raises(DataFileInvalid, match="this directory cannot be read: Permission denied"):
        own_folders("techniques", [tmp_path])
