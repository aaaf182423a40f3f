"""A folder is read file by file in the order of paths, by the importers of `submit --from`."""

import os
from pathlib import Path
from typing import Any

import pytest

from clients.cli.backfill import folder_source
from clients.cli.backfill.folder_source import PATTERNS, FolderSource
from clients.cli.connection.api import Unreachable
from clients.cli.submissions.sources import Source
from clients.importers.assembly import Given

EXAMPLE = Path(__file__).parents[4] / "examples" / "xia2-ispyb.xml"


class Search:
    """A search service that knows no dataset, or does not answer."""

    is_away = False

    def search(self, route: str, **_: object) -> Any:
        if self.is_away:
            raise Unreachable(f"{route} does not answer")
        return {"datasets": []}


def filled(folder: Path, *names: str) -> FolderSource:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(EXAMPLE.read_bytes())
    return source(folder)


def source(folder: Path, *patterns: str) -> FolderSource:
    return FolderSource(folder, Search(), Given("MX1111", "id30a-3"), patterns or PATTERNS)  # type: ignore[arg-type]  # of both services, it needs only search


NAMES = ("a/xia2/ispyb.xml", "a-b/ispyb.xml", "a/z.xml", "b.xml", "c/d/e/f.xml")


def test_each_file_is_a_dataset_whose_folder_is_that_of_the_file(tmp_path: Path) -> None:
    items = list(filled(tmp_path, *NAMES).read(None))
    assert [item.place for item in items] == ["a/xia2/ispyb.xml", "a/z.xml", "a-b/ispyb.xml", "b.xml", "c/d/e/f.xml"]
    [submission] = items[0].submissions
    assert (submission["proposal"], submission["path"]) == ("MX1111", str(tmp_path / "a" / "xia2"))
    assert submission["parameters"]["Process_program"].startswith("xia2")
    assert all(item.notes for item in items)
    done = [item.done or 0.0 for item in items]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1.0)


def test_reading_goes_on_after_any_file(tmp_path: Path) -> None:
    whole = list(filled(tmp_path, *NAMES).read(None))
    for number, item in enumerate(whole, 1):
        rest = list(source(tmp_path).read(item.after))
        assert [each.receipt_ids() for each in rest] == [each.receipt_ids() for each in whole[number:]]


def test_only_files_that_may_be_results_are_read(tmp_path: Path) -> None:
    filled(tmp_path, "image.cbf", "run.log", "ISPYB.XML")
    assert [item.place for item in source(tmp_path).read(None)] == ["ISPYB.XML"]
    assert [item.place for item in source(tmp_path, "*.log").read(None)] == ["run.log"]


def test_the_state_of_a_backfill_is_no_source(tmp_path: Path) -> None:
    filled(tmp_path, "a.xml", "old.ndjson.backfill/state.json")
    assert [item.place for item in source(tmp_path).read(None)] == ["a.xml"]


def test_a_file_that_is_not_understood_is_listed_and_the_next_one_is_read(tmp_path: Path) -> None:
    filled(tmp_path, "b.xml")
    (tmp_path / "a.json").write_text("{}")
    first, second = source(tmp_path).read(None)
    assert (first.place, first.submissions, bool(first.fault)) == ("a.json", (), True)
    assert second.submissions


def test_a_folder_that_may_not_be_read_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(tmp_path, "a/b.xml", "c.xml")
    scandir = os.scandir

    def denied(folder: Path) -> Any:
        if folder.name == "a":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", denied)
    first, second = source(tmp_path).read(None)
    assert (first.place, first.submissions, second.place) == ("a", (), "c.xml")
    assert first.fault
    assert [item.place for item in source(tmp_path).read(first.after)] == ["c.xml"]


def test_a_service_that_does_not_answer_ends_it_and_makes_no_file_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path, "b.xml")
    without_start = Source(tmp_path / "b.xml", {"path": "/data/b", "input": ["/data/raw"]})
    monkeypatch.setattr(folder_source, "read_results", lambda *_: [without_start])
    [item] = source(tmp_path).read(None)
    assert "give --start" in item.fault
    monkeypatch.setattr(Search, "is_away", True)
    with pytest.raises(Unreachable):
        list(source(tmp_path).read(None))
