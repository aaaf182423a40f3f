"""A file of lines is read from any line on, plain or compressed, and no line is lost without a reason."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from clients.cli.backfill import line_source
from clients.cli.backfill.item import Item
from clients.cli.backfill.line_source import LineSource
from clients.cli.submissions import lines as streams

PLAIN = {"name": "x", "path": "/data/1", "receipt_id": "00000000-0000-0000-0000-000000000001"}


def written(folder: Path, *lines: object, compressed: bool = False) -> LineSource:
    text = b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
    file = folder / "lines.ndjson"
    file.write_bytes(gzip.compress(text) if compressed else text)
    return LineSource(file)


def paths(items: list[Item]) -> list[Any]:
    return [submission["path"] for item in items for submission in item.submissions]


@pytest.mark.parametrize("compressed", [False, True])
def test_reading_goes_on_after_any_line(tmp_path: Path, *, compressed: bool) -> None:
    lines = [{"name": "é", "path": f"/data/{number}"} for number in range(9)]
    source = written(tmp_path, *lines[:4], b"", *lines[4:], compressed=compressed)
    whole = list(source.read(None))
    assert paths(whole) == [line["path"] for line in lines]
    for number, item in enumerate(whole, 1):
        position = json.loads(json.dumps(item.after))
        assert [rest.receipt_ids() for rest in source.read(position)] == [rest.receipt_ids() for rest in whole[number:]]
    assert whole[-1].done == 1.0


def test_a_compressed_file_has_the_same_receipts(tmp_path: Path) -> None:
    [plain] = written(tmp_path, PLAIN).read(None)
    [packed] = written(tmp_path, PLAIN, compressed=True).read(None)
    assert plain.receipt_ids() == packed.receipt_ids()


def test_a_receipt_follows_from_the_line_and_its_content_alone(tmp_path: Path) -> None:
    twice = list(written(tmp_path, PLAIN, PLAIN).read(None))
    again = list(written(tmp_path, PLAIN, {**PLAIN, "name": "corrected"}).read(None))
    assert twice[0].receipt_ids() == again[0].receipt_ids()
    assert len({*twice[0].receipt_ids(), *twice[1].receipt_ids(), *again[1].receipt_ids()}) == 3
    assert "receipt_id" not in twice[0].submissions[0]


def test_what_cannot_be_read_is_kept_with_its_reason(tmp_path: Path) -> None:
    source = written(tmp_path, b'{"name": ', b"[1]", b"\xff", b'{"a": NaN}', {"commit": {}, "document": {"parts": 1}})
    faults = [(item.place, item.fault, item.original) for item in source.read(None)]
    assert [place for place, _, _ in faults] == [f"line {number}" for number in range(1, 6)]
    for (_, fault, _), told in zip(faults, ("not JSON", "no submission", "UTF-8", "NaN", "no document"), strict=True):
        assert told in fault
    assert faults[0][2] == '{"name": \n'


@pytest.mark.parametrize("compressed", [False, True])
def test_a_line_that_is_too_long_is_skipped_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, compressed: bool
) -> None:
    for module in (line_source, streams):
        monkeypatch.setattr(module, "MOST_LINE_BYTES", 100)
    source = written(tmp_path, {"path": "x" * 1000}, {"path": "/data/2"}, compressed=compressed)
    long, short = source.read(None)
    assert "more than" in long.fault
    assert (short.place, short.submissions) == ("line 2", [{"path": "/data/2"}])
    assert paths(list(source.read(long.after))) == ["/data/2"]


def test_lines_about_rejections_are_submitted_again_under_new_receipts(tmp_path: Path) -> None:
    [first] = written(tmp_path, PLAIN).read(None)
    about = {"place": first.place, "receipt_id": first.receipt_ids()[0], "submission": first.submissions[0]}
    [again] = written(tmp_path, about).read(None)
    assert again.submissions == first.submissions
    assert again.receipt_ids() != first.receipt_ids()


def test_a_file_is_known_by_its_name_and_first_line(tmp_path: Path) -> None:
    source = written(tmp_path, PLAIN)
    before = source.identity
    with source.file.open("a") as file:
        file.write('{"more": 1}\n')
    assert source.identity == before
    assert written(tmp_path, {"path": "/data/other"}).identity != before
