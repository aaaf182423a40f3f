"""`beamcat techniques check` and `new`: a technique is described without any service."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from deploy.definitions import report as reports
from deploy.program import app
from tests.builders.described import VOCABULARY

FILE = "techniques/caloric.toml"


WITH_VOCABULARY = reports.read_vocabulary


@pytest.fixture(autouse=True)
def _vocabulary_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "read_vocabulary", lambda *_: VOCABULARY)


def type_(*command: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["techniques", *map(str, command)])
    return result.exit_code, result.output


def report(directory: Path) -> dict[str, Any]:
    [reported] = json.loads(type_("check", directory, "--json")[1])
    assert isinstance(reported, dict)
    return reported


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A directory with the skeleton of a technique that nothing real is called."""
    assert type_("new", "CALORIC", "--into", tmp_path)[0] == 0
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_skeleton_is_right_as_it_stands(schemas: Path) -> None:
    assert type_("check", schemas)[0] == 0
    assert type_("check", schemas / FILE)[0] == 0
    told = report(schemas)
    assert (told["technique"], told["well"], told["examples"]) == ("CALORIC", True, 4)
    assert told["faults"] == told["warnings"] == told["misjudged"] == []


def test_a_skeleton_overwrites_nothing(schemas: Path) -> None:
    (schemas / FILE).write_text("mine")
    code, said = type_("new", "CALORIC", "--into", schemas)
    assert (code, "is there already" in said) == (1, True)
    assert (schemas / FILE).read_text() == "mine"


@pytest.mark.parametrize("title", ['Heat, "weighed"', "a \\ and a\nsecond line", "Wärme"])
def test_a_title_may_be_any_text(tmp_path: Path, title: str) -> None:
    assert type_("new", "CALORIC", "--title", title, "--into", tmp_path)[0] == 0
    assert report(tmp_path)["well"]


@pytest.mark.parametrize("name", ["", "hot-air", "2HEAT", "caloric/../../x", "class", "client", "Wärme", "a b"])
def test_a_name_that_files_or_modules_cannot_have_is_refused(tmp_path: Path, name: str) -> None:
    assert type_("new", name, "--into", tmp_path)[0] == 1
    assert not list(tmp_path.iterdir())


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, said = type_("new", "CALORIC", "--into", tmp_path / "absent")
    assert code == 2
    assert "--into" in said


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert type_("new", "CALORIC", "--into", tmp_path)[0] == 1
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_every_fault_is_told_with_file_line_and_key(schemas: Path) -> None:
    change(schemas / FILE, "await_inputs", "awaits_inputs")
    change(schemas / FILE, 'type = "raw"', 'type = "cooked"')
    told = report(schemas)
    lines = (schemas / FILE).read_text().splitlines()
    places = {(fault["key"], fault["line"]) for fault in told["faults"]}
    assert places == {
        (key, 1 + next(number for number, line in enumerate(lines) if word in line))
        for key, word in (("kind[2].awaits_inputs", "awaits_inputs"), ("kind[1].type", '"cooked"'))
    }
    assert {fault["file"] for fault in told["faults"]} == {str(schemas / FILE)}
    code, said = type_("check", schemas)
    assert code == 1
    assert f"{FILE}, line 21, kind[2].awaits_inputs: unknown key" in said


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('definitions = ["CALORIC"]', 'definitions = ["MX"]', "mx is claimed by"),
        ("Monochromator_energy", "Monochromator_enrgy", "did you mean InstrumentMonochromator_energy?"),
        ("InstrumentDetector01_*", "Calorimeter_*", "Calorimeter_*, which is in no vocabulary"),
        ("[[kind]]", "[[kind", "line"),
    ],
)
def test_what_no_service_starts_with_is_a_fault(schemas: Path, old: str, new: str, fault: str) -> None:
    change(schemas / FILE, old, new)
    told = report(schemas)
    assert not told["well"]
    [said] = told["faults"]
    assert fault in said["message"]


def test_two_files_that_claim_the_same_are_both_read(schemas: Path) -> None:
    (schemas / "techniques/again.toml").write_text((schemas / FILE).read_text())
    first, second = json.loads(type_("check", schemas, "--json")[1])
    assert [first["well"], second["well"]] == [True, False]
    assert "again.toml" in second["faults"][0]["message"] + first["file"]


TAKES_ALL = '[[kind]]\nname = "caloric.raw.all"\ntitle = "All"\ntype = "raw"\n\n'


@pytest.mark.parametrize(
    ("first", "warned"),
    [
        (TAKES_ALL, True),
        (TAKES_ALL.replace('"raw"\n\n', '"raw"\nmatch.scan_type = ["slow"]\n\n'), False),
        (TAKES_ALL.replace('"raw"\n\n', '"raw"\nmatch.inputs = { min = 1 }\n\n'), False),
        (TAKES_ALL.replace('"raw"\n\n', '"raw"\nmatch.families = ["MX"]\n\n'), False),
    ],
)
def test_a_kind_that_an_earlier_one_leaves_nothing_is_told(schemas: Path, first: str, *, warned: bool) -> None:
    change(schemas / FILE, "[[kind]]", f"{first}[[kind]]")
    never = [warning for warning in report(schemas)["warnings"] if "is ever of the kind caloric.raw.frames" in warning]
    assert never == ["no dataset is ever of the kind caloric.raw.frames: caloric.raw.all before it takes all"] * warned


def test_several_kinds_may_together_leave_nothing(schemas: Path) -> None:
    slow, fast = (
        TAKES_ALL.replace("all", speed).replace('"raw"\n\n', f'"raw"\nmatch.scan_type = ["{speed}"]\n\n')
        for speed in ("slow", "fast")
    )
    change(schemas / FILE, "[[kind]]", f"{slow}{fast}[[kind]]")
    change(schemas / FILE, 'optional = ["InstrumentD', 'match.scan_type = ["Fast", "slow"]\noptional = ["InstrumentD')
    [never] = [warning for warning in report(schemas)["warnings"] if "no dataset is ever" in warning]
    assert never.startswith("no dataset is ever of the kind caloric.raw.frames: caloric.raw.slow, caloric.raw.fast")


def test_what_no_example_shows_is_told_and_starts_all_the_same(schemas: Path) -> None:
    for file in (schemas / "examples/caloric").glob("*result*"):
        file.unlink()
    told = report(schemas)
    assert told["well"]
    assert [warning.partition(" in ")[0] for warning in told["warnings"]] == [
        "the kind caloric.processed.result has no accepted example",
        "the kind caloric.processed.result has no rejected example",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"warnings": []', '"warnings": ["parameter_unknown"]', "warnings: expected parameter_unknown, found none"),
        ("caloric.raw.frames", "caloric.raw.frame", "kind: expected caloric.raw.frame, found caloric.raw.frames"),
        ('"about"', '"abuot"', "about"),
        ('"path"', '"pth"', "path"),
        ("{", "[", "the file"),
    ],
)
def test_an_example_that_is_judged_otherwise_or_is_none_is_told(schemas: Path, old: str, new: str, told: str) -> None:
    change(schemas / "examples/caloric/accepted-frames.json", old, new)
    said = report(schemas)
    assert not said["well"]
    assert said["faults"] == []
    assert "accepted-frames.json: " in said["misjudged"][0]
    assert told in said["misjudged"][0]
    assert type_("check", schemas)[0] == 1


def test_a_facilitys_own_vocabulary_beside_it_is_known(schemas: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "read_vocabulary", WITH_VOCABULARY)
    (schemas / "vocabulary").mkdir()
    (schemas / "vocabulary/ours.toml").write_text(
        'title = "Ours"\n[parameter]\nCALORIC_weight = { type = "number", unit = "mg", local = true }\n'
    )
    change(schemas / FILE, '"InstrumentDetector01_*"', '"CALORIC_*"')
    assert report(schemas)["well"]


def test_a_directory_without_techniques_is_told(tmp_path: Path) -> None:
    code, said = type_("check", tmp_path)
    assert code == 1
    assert "there is no technique in it" in said
