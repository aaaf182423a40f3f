"""The folder of a backfill says how far it has come, however the process ended."""

from pathlib import Path

import pytest

from clients.cli.backfill.journal import REJECTED, STATE, Journal
from clients.cli.terminal.output import Failed


def opened(folder: Path, source: str = "a source", target: str = "a gateway") -> Journal:
    return Journal(folder, source, target)


def test_what_was_saved_is_there_again(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.append(REJECTED, [{"place": "line 1"}])
        journal.progress.position = [7, 2]
        journal.progress.counts["committed"] += 3
        journal.save()
    with opened(tmp_path) as journal:
        assert (journal.progress.position, journal.progress.counts["committed"]) == ([7, 2], 3)
        assert list(journal.lines(REJECTED)) == [{"place": "line 1"}]


def test_what_was_written_and_not_saved_is_cut_off(tmp_path: Path) -> None:
    with opened(tmp_path) as journal:
        journal.append(REJECTED, [{"place": "line 1"}])
        journal.save()
        journal.append(REJECTED, [{"place": "line 2"}, {"place": "line 3"}])
    assert len((tmp_path / REJECTED).read_text().splitlines()) == 3
    with opened(tmp_path) as journal:
        journal.append(REJECTED, [{"place": "line 2, read again"}])
        assert [line["place"] for line in journal.lines(REJECTED)] == ["line 1", "line 2, read again"]


def test_what_is_cut_off_does_not_count_in_the_next_length(tmp_path: Path) -> None:
    with opened(tmp_path) as killed:
        killed.append(REJECTED, [{"place": "line 1"}])
        killed.save()
        killed.append(REJECTED, [{"place": "line 2"}])
    with opened(tmp_path) as writes_nothing:
        assert [line["place"] for line in writes_nothing.lines(REJECTED)] == ["line 1"]
        writes_nothing.save()
    with opened(tmp_path) as goes_on:
        goes_on.append(REJECTED, [{"place": "line 3"}])
        assert [line["place"] for line in goes_on.lines(REJECTED)] == ["line 1", "line 3"]


def test_only_one_process_works_in_a_folder(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(Failed, match="another backfill works in"):
        opened(tmp_path)
    with opened(tmp_path):
        pass


@pytest.mark.parametrize(
    ("said", "told"), [({"source": "b"}, "another source"), ({"target": "b"}, "another catalogue")]
)
def test_another_source_or_catalogue_does_not_go_on_here(tmp_path: Path, said: dict[str, str], told: str) -> None:
    with opened(tmp_path) as journal:
        journal.save()
    with pytest.raises(Failed, match=f"{told}.*--state"):
        opened(tmp_path, **said)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"source": 1, "counts": {}, "unknown": 2}'])
def test_a_file_that_is_no_state_is_not_overwritten(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    with pytest.raises(Failed, match="is not the state of a backfill"):
        opened(tmp_path)
    assert (tmp_path / STATE).read_text() == text
