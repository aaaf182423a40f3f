"""Looking at what was not taken, and sending it again corrected."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from clients.cli.commands import rejections
from clients.cli.connection.api import Api
from clients.cli.rejections import corrections
from clients.cli.rejections.originals import LONGEST_LINE, MOST_LINES, Line, indented, lines_of, shortened
from deploy.program import app
from tests.builders.addresses import CATALOGUE, NAMED
from tests.builders.rejections import COMMITTED, FRAME, ONE, RESOLVED, SUBMISSION, Beamcat, rejection

Typed = Callable[..., Result]


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Typed:
    def run(beamcat: Beamcat, *command: str) -> Result:
        api = Api(NAMED, httpx.MockTransport(beamcat))
        monkeypatch.setattr(rejections, "connect", lambda: api)
        result = CliRunner().invoke(app, ["rejections", *command])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def page(*listed: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"rejections": list(listed), "next": following}


def counted(*counts: int, complete: bool = True) -> dict[str, Any]:
    groups = [
        {
            "code": "dataset_invalid",
            "producer": f"/producers/{n}",
            "count": n,
            "open": n - 1,
            "first": "2024-11-29T12:00:00Z",
            "last": "2024-11-30T12:00:00Z",
            "rejection_id": ONE,
        }
        for n in counts
    ]
    return {"since": "2024-11-01T00:00:00Z", "complete": complete, "groups": groups}


def test_resolved_rejections_are_hidden_unless_asked_for(typed: Typed) -> None:
    beamcat = Beamcat({"/rejections": [page(rejection()) for _ in range(2)] + [page(rejection(resolved=RESOLVED))]})
    assert "resolved" not in typed(beamcat, "list").output
    assert "open" in typed(beamcat, "list", "--all").output
    assert "revision 2 since 2024-11-30T13:00:00Z" in typed(beamcat, "list", "--resolved").output
    assert [asked["state"] for asked in beamcat.asked] == ["open", "all", "resolved"]
    both = typed(beamcat, "list", "--all", "--resolved")
    assert (both.exit_code, "exclude each other" in both.stderr) == (2, True)


def test_the_options_of_a_list_are_the_fields_of_the_question(typed: Typed) -> None:
    beamcat = Beamcat({"/rejections": [page()]})
    said = {"code": "c", "finding": "f", "stage": "s", "producer": "p", "path": "/data/x", "beamline": "id1"}
    result = typed(beamcat, "list", *(word for name, value in said.items() for word in (f"--{name}", value)))
    assert beamcat.asked == [said | {"state": "open", "limit": "20"}]
    told = " ".join(result.stderr.split())
    assert told == f"no rejection that is open was found in {CATALOGUE}; --all lists the others as well"
    beamcat = Beamcat({"/rejections": [page()]})
    typed(beamcat, "list", "--since", "2024-11-30T00:00Z", "--until", "2024-11-30")
    assert beamcat.asked[0]["since"] == "2024-11-30T00:00:00+00:00"
    assert re.fullmatch(r"2024-1(1-30|2-01)T\d\d:59:59.999999\+00:00", beamcat.asked[0]["until"])


def test_short_pages_are_followed_and_the_rest_is_counted(typed: Typed) -> None:
    pages = [page(following="a"), page(rejection(), following="b"), page(rejection(), following="c")]
    beamcat = Beamcat({"/rejections": pages, "/rejections/summary": counted(40, 2)})
    told = typed(beamcat, "list", "--limit", "2", "--code", "dataset_invalid", "--all").output
    assert [(asked.get("cursor"), asked["limit"]) for asked in beamcat.asked[:3]] == [
        (None, "2"),
        ("a", "2"),
        ("b", "1"),
    ]
    assert "42 in all; go on with:" in told
    assert "beamcat rejections list --all --code dataset_invalid --limit 2 --cursor c" in told
    assert f"beamcat rejections show {ONE}" in told
    beamcat = Beamcat({"/rejections": [page(rejection(), following="c")]})
    result = typed(beamcat, "list", "--limit", "1", "--json")
    assert json.loads(result.stdout)["next"] == "c"


def test_a_group_tells_code_and_producer_and_how_to_list_it(typed: Typed) -> None:
    beamcat = Beamcat({"/rejections/summary": counted(7, 3, complete=False)})
    told = typed(beamcat, "list", "--group", "--beamline", "id1").output
    assert beamcat.asked == [{"beamline": "id1", "state": "all"}]
    for word in ("/producers/7", "/producers/3", ONE, "the newest; narrow it down"):
        assert word in told
    assert "beamcat rejections list --code dataset_invalid --producer /producers/7" in told
    assert json.loads(typed(beamcat, "list", "--group", "--json").stdout)["complete"] is False


def test_an_original_is_shown_with_the_findings_beside_what_they_are_about(typed: Typed) -> None:
    beamcat = Beamcat({f"/rejections/{ONE}": rejection()})
    told = typed(beamcat, "show", ONE).output
    lines = told.splitlines()
    assert '  "start": "noon",  ← start_invalid' in lines
    assert '    "MX_flux": "1",  ← unit_unknown' in lines
    assert '    "start": "x"' in lines
    assert "error start_invalid: start = 'noon' is not a time; write one" in told
    assert "it cannot be used" not in told
    assert f"beamcat rejections resubmit {ONE} --edit" in told
    resolved = typed(Beamcat({f"/rejections/{ONE}": rejection(resolved=RESOLVED)}), "show", ONE).output
    assert "resolved: dataset d is catalogued as revision 2" in resolved
    assert f"resubmit {ONE}" not in resolved
    assert "beamcat status /data/run" in resolved


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"", "(the original bytes were not kept, or there were none)"),
        (b'{"submission": {"name": "caf\xe9"', '{"submission": {"name": "caf\\xe9"'),
        (b"[" * 2000, f"{'[' * 200} … 1600 characters … {'[' * 200}"),
        (b'{"submission": {"name": "\\u001b[2J\\u202e"}}', '  "name": "\\u001b[2J\\u202e"'),
    ],
)
def test_an_original_that_is_no_submission_is_shown_as_far_as_it_can_be(typed: Typed, value: bytes, shown: str) -> None:
    told = typed(Beamcat({f"/rejections/{ONE}": rejection(value)}), "show", ONE).output
    assert shown in told.splitlines()


def test_of_a_long_original_beginning_end_and_what_findings_are_about_are_shown() -> None:
    lines = [Line(str(n), ("bad",) if n == 500 else ()) for n in range(1000)]
    shown = shortened(lines)
    assert [line.text for line in shown[98:104]] == ["98", "99", "… 400 lines …", "500", "… 399 lines …", "900"]
    assert shortened(lines[:MOST_LINES]) == lines[:MOST_LINES]
    (line,) = shortened([Line("x" * (LONGEST_LINE + 7))])
    assert " … 7 characters … " in line.text


@pytest.mark.parametrize(
    ("frame", "lines"),
    [
        (
            FRAME.decode(),
            [
                '<?xml version="1.0"?>',
                '<t:dataset complete="true">',
                "  <t:name>run</t:name>",
                "  <t:sample>",
                "    <t:name>a</t:name>",
                "  </t:sample>",
            ],
        ),
        ("<a><b/>text<!-- c --></a>", ["<a>", "  <b/>", "  text", "  <!-- c -->", "</a>"]),
        ("</a></a> < b", ["</a>", "</a>", "< b"]),
        ("no markup", ["no markup"]),
        ("", []),
    ],
)
def test_a_frame_is_shown_element_by_element_also_where_it_is_broken(frame: str, lines: list[str]) -> None:
    assert indented(frame).splitlines() == lines
    told = rejection(frame.encode(), topic="stomp:icatIngest", findings=[])
    assert [line.text for line in lines_of(told)] == lines


def test_only_the_first_correction_is_sent_under_the_id_of_its_rejection(typed: Typed) -> None:
    beamcat = Beamcat({f"/rejections/{ONE}": rejection(), **COMMITTED})
    assert typed(beamcat, "resubmit", ONE).exit_code == 0
    beamcat.answers[f"/receipts/{ONE}"] = {"state": "rejected"}
    assert typed(beamcat, "resubmit", ONE).exit_code == 0
    first, second = beamcat.given
    assert first == SUBMISSION | {"receipt_id": ONE}
    assert second == SUBMISSION | {"receipt_id": second["receipt_id"]}
    assert second["receipt_id"] != ONE


def editor(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An editor for who types no more: `$1` is the file."""
    file = folder / "my editor"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o700)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{file}' --wait")


EDITED = 'sed -i s/noon/2024-11-30/ "$2"'


def drafts(folder: Path) -> list[str]:
    return [file.read_text() for file in folder.glob("beamcat-*")]


def test_an_edited_submission_is_checked_and_sent(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(tmp_path, monkeypatch, EDITED)
    beamcat = Beamcat({f"/rejections/{ONE}": rejection(), **COMMITTED})
    result = typed(beamcat, "resubmit", ONE, "--edit")
    assert result.exit_code == 0, result.output
    corrected = SUBMISSION | {"start": "2024-11-30"}
    assert beamcat.checked == [corrected]
    assert beamcat.given == [corrected | {"receipt_id": ONE}]
    assert result.output.index("start_invalid") < result.output.index("it would be accepted")
    assert "committed" in result.output
    assert drafts(tmp_path) == []


def test_an_edited_frame_is_sent_as_it_was_left(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    editor(tmp_path, monkeypatch, 'echo "</t:dataset>" >> "$2"')
    sent: list[tuple[str, bytes]] = []
    monkeypatch.setattr(corrections, "send", lambda _address, queue, body: sent.append((queue, body)))
    beamcat = Beamcat({f"/rejections/{ONE}": rejection(FRAME, topic="stomp:icatIngest", findings=[])})
    assert typed(beamcat, "resubmit", ONE, "--edit").exit_code == 0
    assert sent == [("icatIngest", FRAME + b"</t:dataset>\n")]


@pytest.mark.parametrize(
    ("script", "told", "kept"),
    [
        ("exit 0", "nothing was changed, so nothing is sent", 0),
        ("echo >> $2; exit 3", "the editor ended with exit code 3, so nothing is sent", 1),
        ('kill -9 $$; echo "$2"', "the editor ended with exit code -9", 1),
        ("echo { > $2", "beamcat: nothing is sent", 1),
        ("sed -i s/noon/night/ $2", "beamcat: nothing is sent", 1),
        ("rm $2", "was not left", 0),
    ],
)
def test_nothing_is_sent_that_was_not_corrected(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str, kept: int
) -> None:
    editor(tmp_path, monkeypatch, script)
    beamcat = Beamcat({f"/rejections/{ONE}": rejection()})
    result = typed(beamcat, "resubmit", ONE, "--edit")
    assert (result.exit_code, beamcat.given, len(drafts(tmp_path))) == (1, [], kept)
    assert told in result.stderr
    assert ("your text is kept in" in result.stderr) == bool(kept)


@pytest.mark.parametrize("fate", [httpx.Response(503, json={"detail": "Kafka is away"}), None])
def test_a_correction_that_is_not_taken_is_kept(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fate: httpx.Response | None
) -> None:
    editor(tmp_path, monkeypatch, EDITED)

    class Unlucky(Beamcat):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            return fate if fate and request.url.path == "/datasets:batch" else super().__call__(request)

    told = {"code": "input_missing", "message": "it never came"}
    rejected = {"state": "rejected", "dataset_id": "d", "path": "/data/run", **told}
    beamcat = Unlucky({f"/rejections/{ONE}": rejection(), "/receipts/n": rejected})
    result = typed(beamcat, "resubmit", ONE, "--edit")
    assert result.exit_code == (3 if fate else 1)
    (draft,) = drafts(tmp_path)
    assert "2024-11-30" in draft
    assert "your text is kept in" in result.stderr


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, "no editor is set: set EDITOR, as in EDITOR=nano"),
        ({"EDITOR": "/no/such/editor"}, "the editor /no/such/editor cannot be started"),
        ({"VISUAL": "/no/such/visual", "EDITOR": "true"}, "the editor /no/such/visual cannot be started"),
        ({"EDITOR": "'"}, "which is not a command"),
    ],
)
def test_an_editor_that_is_not_there_is_told(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = typed(Beamcat({f"/rejections/{ONE}": rejection()}), "resubmit", ONE, "--edit")
    assert told in result.stderr
    assert "--save" in result.stderr or "not a command" in told


def test_an_editor_needs_a_person(typed: Typed) -> None:
    result = typed(Beamcat({}), "resubmit", ONE, "--edit", "--json")
    assert (result.exit_code, "--edit is for a person at a terminal" in result.stderr) == (2, True)
