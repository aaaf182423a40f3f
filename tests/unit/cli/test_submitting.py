"""`beamcat submit` takes datasets from files and pipes, tells what became of them, and says it by its exit code too."""

import gc
import json
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.commands import submissions
from clients.cli.connection.api import Api
from clients.cli.submissions import feeds, outcome
from clients.cli.submissions import lines as streams
from clients.cli.submissions.feeds import HandIn
from clients.cli.submissions.handover import Handover
from clients.cli.submissions.outcome import Outcome
from clients.cli.submissions.receipts import Receipts
from clients.cli.submissions.sources import Source, read_sources
from clients.cli.terminal.output import console
from deploy.program import app
from tests.builders.addresses import NAMED
from tests.unit.cli.beamcat import COMMITTED, FLYING, REJECTED, Beamcat, Passing, away, busy, lines, waits

ASK = "beamcat status --batch "


@pytest.fixture
def beamcat(monkeypatch: pytest.MonkeyPatch) -> Beamcat:
    beamcat = Beamcat()
    monkeypatch.setattr(feeds, "GATHER_SECONDS", 60.0)  # however slow the machine is
    monkeypatch.setattr(submissions, "connect", lambda: Api(NAMED, httpx.MockTransport(beamcat)))
    return beamcat


def typed(*command: str | Path, said: str | bytes | None = None) -> Result:
    result = CliRunner().invoke(app, [*map(str, command)], input=said)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def batch_of(result: Result) -> str:
    """The name under which to ask again."""
    [name] = {line.partition(ASK)[2].split()[0] for line in result.output.splitlines() if ASK in line}
    return name


FORMS: dict[str, Callable[[list[dict[str, Any]]], str]] = {
    "one.json": lambda all_: json.dumps(all_[0]),
    "one-pretty.json": lambda all_: json.dumps(all_[0], indent=2),
    "list.json": json.dumps,
    "list-pretty.json": lambda all_: json.dumps(all_, indent=1),
    "list-a-line.json": lambda all_: "[\n" + ",\n".join(map(json.dumps, all_)) + "\n]\n",
    "datasets.json": lambda all_: json.dumps({"datasets": all_}),
    "datasets-pretty.json": lambda all_: json.dumps({"datasets": all_}, indent=4),
    "datasets-a-line.json": lambda all_: '{"datasets": [\n' + ",\n".join(map(json.dumps, all_)) + "\n]}",
    "lines.ndjson": lambda all_: "\n\n".join(map(json.dumps, all_)) + "\n",
    "lines.jsonl": lambda all_: "\r\n".join(map(json.dumps, all_)),
    "lines.json": lambda all_: "\n".join(map(json.dumps, all_)),
    "lines": lambda all_: "\ufeff" + "".join(f"{json.dumps(one)}\n" for one in all_),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("as_file", [True, False])
def test_submissions_come_in_any_form_from_a_file_or_a_pipe(
    beamcat: Beamcat, tmp_path: Path, name: str, *, as_file: bool
) -> None:
    all_ = [{"name": "é", "path": f"/data/{n}"} for n in range(1, 4)]
    text = FORMS[name](all_)
    (tmp_path / name).write_text(text, encoding="utf-8")
    told = typed("submit", tmp_path / name) if as_file else typed("submit", "-", said=text)
    assert told.exit_code == 0, told.output
    given = all_[:1] if name.startswith("one") else all_
    assert list(beamcat.taken.values()) == [one["path"] for one in given]
    assert told.stdout.count("committed as revision 1  /data/") == len(given)


def test_few_are_told_one_by_one_in_the_order_given_with_their_findings(beamcat: Beamcat) -> None:
    beamcat.fates = {
        "/data/1": [FLYING, COMMITTED | {"warnings": ["parameter_unknown"]}],
        "/data/2": [REJECTED],
        "/data/3": [waits("/data/elsewhere")],
    }
    beamcat.refused = {"/data/4": "beamline: is missing; give it"}
    told = typed("submit", "-", said=lines(4))
    assert told.exit_code == 1
    texts = [line.split("  ")[:2] for line in told.stdout.splitlines() if not line.startswith(" ")]
    states = ["committed as revision 1", "rejected", "pending", "refused"]
    assert texts == [[state, f"/data/{n}"] for n, state in enumerate(states, 1)]
    assert "warning parameter_unknown: MX_flx; send MX_flux" in told.stdout
    assert "dataset_invalid: start is no time" in told.stdout
    assert "waits until 2026-12-01T19:38:54Z for /data/elsewhere" in told.stdout
    assert "beamline: is missing; give it" in told.stdout
    assert ASK not in told.output


def test_many_are_summed_up_with_the_first_that_went_wrong(beamcat: Beamcat) -> None:
    beamcat.fates = {f"/data/{n}": [REJECTED] for n in range(10, 17)}
    beamcat.fates |= {f"/data/{n}": [waits("/data/x")] for n in range(20, 22)}
    beamcat.fates |= {
        "/data/30": [COMMITTED | {"warnings": ["parameter_unknown"]}],
        "/data/31": [COMMITTED | {"state": "unchanged"}],
    }
    beamcat.refused = {f"/data/{n}": "beamline: is missing; give it" for n in range(1, 3)}
    told = typed("submit", "-", said=lines(1) + "{\n" + lines(1_499, first=2))
    assert told.exit_code == 1
    assert told.stdout.splitlines()[-8:] == [
        f"… and 5 more that went wrong: {ASK}{batch_of(told)} --verbose",
        "1,488 committed: 1 with warnings",
        "    1 unchanged",
        "    2 pending: their inputs are awaited",
        "    7 rejected",
        "    2 refused",
        "    1 unreadable",
        f"ask again: {ASK}{batch_of(told)}",
    ]
    problems = told.stdout.splitlines()[:-8]
    states = [line.split()[0] for line in problems if line[0] != " "]
    assert states == ["unreadable", "refused", "refused", "rejected", "rejected"]
    assert "  beamline: is missing; give it" in problems
    assert "  dataset_invalid: start is no time" in problems
    assert "/datasets/d" not in beamcat.requests  # nobody reads documents for a sum


def test_every_line_is_told_to_whoever_asks_for_it(beamcat: Beamcat) -> None:
    told = typed("submit", "-", "--verbose", said=lines(300))
    assert told.stdout.count("committed as revision 1") == 300
    assert "300 committed" in told.stdout
    assert len(beamcat.taken) == 300


def test_json_is_one_list_of_everything_however_much_it_is(beamcat: Beamcat) -> None:
    beamcat.fates = {"/data/7": [REJECTED], "/data/8": [COMMITTED | {"warnings": ["parameter_unknown"]}]}
    beamcat.refused = {"/data/9": "\x1b[31mno\u202e"}
    for count in (10, 700):
        told = typed("submit", "-", "--json", said=lines(count) + "broken\n")
        assert told.exit_code == 1
        assert not {"\x1b", "\u202e"} & set(told.stdout)
        states = json.loads(told.stdout)
        assert len(states) == count + 1
        by_number = {state.get("number"): state for state in states}
        assert {number for number in by_number if number} == set(range(1, count + 1))
        assert by_number[7]["state"] == "rejected"
        assert by_number[8]["findings"][0]["cure"] == "send MX_flux"
        assert by_number[9]["detail"] == "\x1b[31mno\u202e"
        assert by_number[None]["state"] == "unreadable"
        assert ("rejected" in told.stderr) is (count > 20)  # the summary, for people


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{", "is not JSON"),
        ('{"name": "x", "parameters": {"a": NaN}}', "it does not know NaN"),
        ('{"name": 1e999}', "is not JSON"),
        ('{"name": "\\ud800"}', "is not JSON"),
        ("[1]", "contains no submission: give one JSON object a line"),
        ("null", "contains no submission"),
        ("[" * 100_000, "it is nested too deeply"),
        (b"\xff\xfe", "byte 0 is 0xff, which is not UTF-8"),
        (b"\x89PNG\r\x1a", "is not UTF-8"),
        ('{"x": "' + "x" * 20 * 1024 * 1024 + '"}', "has more than 16 MiB; move bulk data into files"),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_broken_line_is_said_with_its_number_and_the_others_go_on(
    beamcat: Beamcat, tmp_path: Path, broken: str | bytes, told: str, place: int
) -> None:
    given = [line.encode() for line in lines(2).splitlines()]
    given.insert(place - 1, broken.encode() if isinstance(broken, str) else broken)
    file = tmp_path / "said.ndjson"
    file.write_bytes(b"\n".join(given))
    answer = typed("submit", file)
    assert answer.exit_code == 1
    assert list(beamcat.taken.values()) == ["/data/1", "/data/2"]
    assert f"said.ndjson, line {place} " in answer.stdout
    assert told in answer.stdout


def test_a_first_line_that_is_broken_is_said_as_such_in_a_pipe_too(beamcat: Beamcat) -> None:
    told = typed("submit", "-", said='{"name": \n' + lines(2))
    assert "standard input, line 1 is not JSON" in told.stdout
    assert list(beamcat.taken.values()) == ["/data/1", "/data/2"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON: it is empty"),
        (b" \n\n ", "is not JSON: it is empty"),
        (b"\x1f\x8b\x08\x00" + bytes(range(256)) * 100, "is not JSON: byte 1 is 0x8b, which is not UTF-8"),
        (b"\x00" * 1000, "is not JSON"),
        (b"name,path\nx,/data/x\n", "is not JSON"),
        (b"<html>", "is not JSON"),
        (b"[", "is not JSON"),
        (b"{}]", "is not JSON"),
        (b"[]", "contains no submission"),
        (b'{"datasets": 1}', "contains no submission"),
    ],
)
def test_what_holds_no_submission_is_one_sentence(beamcat: Beamcat, tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "said.json"
    file.write_bytes(content)
    for answer, name in ((typed("submit", file), str(file)), (typed("submit", "-", said=content), "standard input")):
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert answer.stderr.startswith(f"beamcat: {name} ")
        assert told in answer.stderr
        assert answer.stderr.count("\n") == 1
    assert json.loads(typed("submit", file, "--json").stdout)["exit_code"] == 1
    assert not beamcat.requests


def test_an_empty_file_of_lines_and_one_that_is_gone_are_said(beamcat: Beamcat, tmp_path: Path) -> None:
    (tmp_path / "none.ndjson").touch()
    assert "none.ndjson contains no submission" in typed("submit", tmp_path / "none.ndjson").stderr
    missing = typed("submit", tmp_path / "gone.ndjson")
    assert missing.exit_code == 2
    assert "does not exist" in missing.stderr
    assert not beamcat.requests


def test_a_file_that_cannot_be_read_does_not_harm_the_one_beside_it(beamcat: Beamcat, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.ndjson").write_text(lines(2))
    told = typed("submit", tmp_path / "a.json", tmp_path / "b.ndjson")
    assert told.exit_code == 1
    assert "a.json is not JSON" in told.stdout
    assert len(beamcat.taken) == 2


def test_a_document_too_large_to_be_read_whole_says_how_to_write_it(
    beamcat: Beamcat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_DOCUMENT_BYTES", 1024 * 1024)
    (tmp_path / "large.json").write_text(json.dumps([{"path": "x" * 1000}] * 2000))
    told = typed("submit", tmp_path / "large.json")
    assert (told.exit_code, len(beamcat.taken)) == (1, 0)
    assert "has more than 1 MiB in one JSON document; give one submission a line" in told.stderr


@pytest.mark.parametrize("many", [1, 300])
@pytest.mark.parametrize(
    ("fates", "options", "code"),
    [
        ({}, [], 0),
        ({"/data/1": [COMMITTED | {"state": "unchanged"}]}, [], 0),
        ({"/data/1": [waits("/data/x")]}, [], 0),
        ({"/data/1": [REJECTED]}, [], 1),
        ({"/data/1": [FLYING]}, ["--timeout", "1"], 3),
        ({"/data/1": [FLYING]}, ["--no-wait"], 0),
    ],
)
def test_the_exit_code_means_what_it_says(
    beamcat: Beamcat, many: int, fates: dict[str, Any], options: list[str], code: int
) -> None:
    beamcat.fates = fates
    told = typed("submit", "-", *options, said=lines(many))
    assert told.exit_code == code, told.output
    assert (ASK in told.output) is (many > 1 or code == 3)
    if many > 1 and code == 3:
        assert "  1 still under way" in told.stdout


def test_a_gateway_that_is_not_there_is_said_at_once_and_one_that_goes_away_with_what_was_taken(
    beamcat: Beamcat, monkeypatch: pytest.MonkeyPatch
) -> None:
    beamcat.gateway = deque([away])
    down = typed("submit", "-", "--json", said=lines(5))
    assert (down.exit_code, json.loads(down.stdout)["exit_code"]) == (3, 3)

    def first() -> httpx.Response:
        request = json.loads(requests[0])
        return beamcat._take(request["datasets"])

    requests: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request.content)
        return beamcat(request)

    beamcat.gateway = deque([first, *[away] * 50])
    monkeypatch.setattr(submissions, "connect", lambda: Api(NAMED, httpx.MockTransport(answer)))
    gone = typed("submit", "-", "--timeout", "2", said=lines(1_200))
    assert gone.exit_code == 3
    assert "500 committed" in gone.stdout
    assert "500 not answered: no answer came; the gateway may have them or not" in gone.stdout
    assert "does not answer (connection refused)" in gone.stdout
    assert "not submitted: standard input, line 501 and everything after it; submit it again" in gone.stdout
    assert batch_of(gone).endswith("-1000")


@pytest.mark.parametrize("status", [429, 503])
def test_what_a_gateway_wants_later_is_handed_in_later(beamcat: Beamcat, status: int) -> None:
    beamcat.gateway = deque([busy(status, "1")])
    told = typed("submit", "-", said=lines(2))
    assert told.exit_code == 0
    assert told.stdout.count("committed") == 2


def test_who_interrupts_learns_what_was_taken_and_how_to_ask_later(beamcat: Beamcat) -> None:
    def interrupt() -> httpx.Response:
        raise KeyboardInterrupt

    for count in (3, 100):
        beamcat.taken.clear()
        beamcat.search = deque([interrupt])
        told = typed("submit", "-", said=lines(count))
        assert told.exit_code == 130
        assert f"{count} still under way" in told.stdout or told.stdout.count("in_flight  /data/") == count
        later = typed("status", "--batch", batch_of(told))
        assert later.exit_code == 0
        assert later.stdout.count("committed") == (1 if count > 20 else count)
        beamcat.search = deque([interrupt])
        assert len(json.loads(typed("submit", "-", "--json", said=lines(count)).stdout)) == count


@pytest.mark.parametrize(("options", "code"), [([], 130), (["--timeout", "1"], 3)])
def test_a_pipe_that_stays_silent_holds_nobody_who_wants_to_leave(
    beamcat: Beamcat, options: list[str], code: int
) -> None:
    def interrupt() -> httpx.Response:
        raise KeyboardInterrupt

    beamcat.search = deque([] if options else [interrupt])
    reading, writing = os.pipe()
    os.write(writing, lines(1).encode())
    told = typed("submit", f"/dev/fd/{reading}", *options)
    os.close(writing)
    os.close(reading)
    assert told.exit_code == code, told.output
    assert "not submitted: what is still to come" in told.stdout
    assert batch_of(told).endswith("-1")


def test_a_batch_is_asked_for_later_by_its_name(beamcat: Beamcat) -> None:
    beamcat.fates = {"/data/1": [FLYING, FLYING, REJECTED], "/data/2": [FLYING]}
    beamcat.refused = {"/data/3": "no"}
    name = batch_of(typed("submit", "-", "--no-wait", said=lines(700)))
    told = typed("status", "--batch", name)
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "697 committed",
        "  2 still under way",
        "  1 unknown to search: refused by the gateway, or never submitted",
    ]
    states = json.loads(typed("status", "--batch", name, "--json").stdout)
    assert [state["number"] for state in states] == list(range(1, 701))
    verbose = typed("status", "--batch", name, "--verbose", "--wait", "--timeout", "1").stdout
    assert "rejected  /data/1" in verbose
    assert "dataset_invalid: start is no time" in verbose
    assert verbose.count("\n") > 700


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--batch", "y"], ["--batch", "y"], ["--batch", "-1"], ["--batch", "9" * 500]]
)
def test_a_batch_that_cannot_be_meant_is_a_command_that_is_written_wrongly(
    beamcat: Beamcat, arguments: list[str]
) -> None:
    told = typed("status", *arguments)
    assert told.exit_code == 2
    assert told.stderr.startswith("beamcat: ")
    assert not beamcat.requests


def test_how_far_it_has_come_is_told_by_state() -> None:
    told = Outcome(Api(NAMED), as_json=False, verbose=False)
    told.counts.update(committed=1_200, rejected=3)
    assert told.progress(40, 2) == "1,200 committed · 2 pending · 3 rejected · 40 still under way"


def test_what_a_pipe_brings_is_handed_in_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    seen = threading.Event()

    class Watched(Beamcat):
        def _take(self, given: list[dict[str, Any]]) -> httpx.Response:
            seen.set()
            return super()._take(given)

    def write() -> None:
        with os.fdopen(writing, "w") as pipe:
            pipe.write(lines(2))
            pipe.flush()
            assert seen.wait(60)
            pipe.write(lines(1, 3))

    beamcat = Watched()
    monkeypatch.setattr(submissions, "connect", lambda: Api(NAMED, httpx.MockTransport(beamcat)))
    writer = threading.Thread(target=write)
    writer.start()
    told = typed("submit", f"/dev/fd/{reading}")
    writer.join()
    os.close(reading)
    assert told.exit_code == 0, told.output
    assert list(beamcat.taken.values()) == ["/data/1", "/data/2", "/data/3"]


class Forgetting(Api):
    """Commits everything, and keeps nothing of it."""

    def submit(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{"status": 202, "dataset_id": "d"} for _ in submissions]

    def receipts(self, ids: Sequence[str]) -> dict[str, dict[str, Any] | None]:
        return {receipt_id: COMMITTED | {"receipt_id": receipt_id, "path": receipt_id} for receipt_id in ids}


def test_memory_does_not_grow_with_the_number_of_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are objects, which costs nothing; their bytes would cost seconds."""
    monkeypatch.setattr("clients.cli.submissions.sources.CHUNK_BYTES", 16 * 1024)
    for bound in ("MOST_REMEMBERED", "MOST_UNDER_WAY"):
        monkeypatch.setattr(f"clients.cli.submissions.receipts.{bound}", 500)
    peaks = []
    for count in (2_000, 20_000):
        file = tmp_path / f"{count}.ndjson"
        file.write_text(lines(count))
        told = Outcome(Forgetting({}), as_json=False, verbose=False)
        hand_in = HandIn(told.api, sources_of(told.api, file), told.tell)
        blocks: list[int] = []
        gc.collect()
        before = sys.getallocatedblocks()
        run = Handover(hand_in, Receipts(told.api, told.tell), clock=Passing())
        run.run(lambda blocks=blocks: blocks.append(sys.getallocatedblocks()))  # type: ignore[misc]
        peaks.append(max(blocks) - before)
        assert told.counts == {"committed": count}
    assert peaks[1] < peaks[0] + 2_000, peaks


def sources_of(api: Api, file: Path) -> Iterator[Source | None]:
    from clients.importers.assembly import Given

    return read_sources(api, [file], Given(), None, from_pipelines=False)


def test_a_summary_has_a_word_for_every_state_and_says_no_where_it_is_no() -> None:
    told = Outcome(Api(NAMED), as_json=False, verbose=False)
    codes = {}
    for state in outcome.WORDS:
        told.counts.clear()
        told.counts[state] = 1
        codes[state] = told.exit_code()
    assert codes == {
        **dict.fromkeys(("committed", "unchanged", "pending"), 0),
        **dict.fromkeys(("rejected", "refused", "unreadable", "unknown"), 1),
        **dict.fromkeys(("in_flight", "unanswered"), 3),
    }
    told.counts.update(in_flight=1, rejected=1)
    assert told.exit_code() == 1
    assert console.width
