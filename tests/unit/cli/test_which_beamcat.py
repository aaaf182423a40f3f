"""Which beamcat a command asks, and that it says so wherever it found nothing."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from beamcat_client.addresses import RUNNING_FILE, mark_of_process
from beamcat_client.profiles import Profiles, profiles_file, read_profiles, write_profiles
from deploy.program import app
from tests.builders.addresses import answering

pytestmark = pytest.mark.usefixtures("_nothing_named")

TOKEN = "beamcat_right"
SUBMISSION = {"name": "run", "path": "/data/run", "proposal": "MX1111", "beamline": "id29"}
EMPTY = {
    "/datasets": {"datasets": [], "count": 0, "next": None, "facets": {"kind": []}},
    "/receipts": {"receipts": []},
    "/rejections": {"rejections": [], "next": None},
    "/rejections/summary": {"groups": []},
    "/pending": {"pending": [], "count": 0, "next": None},
    "/producers": {"producers": []},
    "/techniques": {"techniques": []},
}
NO_ID = "00000000-0000-0000-0000-000000000000"


def empty(method: str, path: str, token: str) -> tuple[int, object]:
    """Search and gateway of a beamcat in which nothing is."""
    if method == "POST":
        if token != TOKEN:
            return 401, {"detail": "the token is unknown; ask for one" if token else "a bearer token is needed"}
        if path == "/datasets:check":
            return 422, {"detail": "name: is missing"}
        return 207, {"results": [{"status": 403, "detail": "the token of x is for bm29, not for 'id29'"}]}
    return (200, EMPTY[path]) if path in EMPTY else (404, {"detail": f"there is no {path}"})


@pytest.fixture(scope="module")
def beamcat() -> Iterator[str]:
    with answering(empty) as url:
        yield url


@pytest.fixture
def submission(tmp_path: Path) -> str:
    file = tmp_path / "said.json"
    file.write_text(json.dumps(SUBMISSION))
    return str(file)


def run(*command: str, typed: str = "", **variables: str) -> Result:
    result = CliRunner().invoke(app, command, input=typed, env=variables)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def run_in(folder: Path, url: str, token: str = TOKEN) -> Path:
    file = folder / RUNNING_FILE
    file.parent.mkdir(parents=True)
    named = {"BEAMCAT_SEARCH_URL": url, "BEAMCAT_GATEWAY_URL": url, "BEAMCAT_TOKEN": token}
    file.write_text(json.dumps({**named, "process": mark_of_process(os.getpid())}))
    return file


def told(result: Result) -> str:
    """What standard error says, whatever the width of the terminal."""
    return " ".join(result.stderr.split())


ASKING = [
    (["find"], "nothing was found"),
    (["find", "--kind", "mx"], "nothing was found"),
    (["status", "/data/no"], "nothing was submitted under /data/no"),
    (["status", NO_ID], f"nothing was submitted under {NO_ID}"),
    (["lineage", "/data/no"], "no dataset is catalogued at /data/no"),
    (["export", "--cif", "/data/no"], "no dataset is catalogued at /data/no"),
    (["audit"], "no dataset is catalogued"),
    (["audit", "--kind", "mx"], "no dataset of kind mx is catalogued"),
    (["producers"], "no producer was found"),
    (["rejections", "list"], "no rejection that is open was found"),
    (["rejections", "list", "--all"], "no rejection was found"),
    (["pending"], "nothing waits for its inputs"),
    (["show", "/data/no"], "/data/no is not catalogued"),
    (["rejections", "show", NO_ID], f"there is no rejection {NO_ID}"),
]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [*ASKING, *(([*command, "--json"], sentence) for command, sentence in ASKING if command[0] != "export")],
)
def test_what_finds_nothing_names_the_catalogue_that_was_asked(beamcat: str, command: list[str], sentence: str) -> None:
    result = run(*command, BEAMCAT_SEARCH_URL=beamcat, BEAMCAT_GATEWAY_URL=beamcat)
    assert f"{sentence} in the catalogue {beamcat} (named by the environment)" in told(result)


def test_what_the_gateway_does_not_know_names_the_gateway(beamcat: str) -> None:
    result = run("--gateway-url", beamcat, "techniques", "show", "mx")
    assert result.exit_code == 1
    assert f"(asked: {beamcat}/techniques/mx/schema, named by the arguments)" in result.stderr


COMMANDS = [
    *(command for command, _ in ASKING),
    *(["submit", "FILE"], ["check", "FILE"], ["techniques", "list"], ["config", "show"]),
    ["announce", "1", "--proposal", "mx1", "--beamline", "id29", "--start", "2026-11-28T00:00:00Z"],
    *(["rejections", "resubmit", NO_ID], ["migrate"], ["integrity"], ["rebuild"], ["topics", "apply"]),
    *(["recover", "--since", "2026-11-28T00:00"], ["tokens", "create", "x"], ["tokens", "list"]),
    ["tokens", "revoke", "x"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_where_none_is_named_no_command_guesses_one(command: list[str], submission: str, tmp_path: Path) -> None:
    result = run(*[submission if word == "FILE" else word for word in command])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no beamcat is named; name one in one of four ways" in result.stderr
    assert not (tmp_path / "work/.beamcat").exists()


OF_EACH_KIND = [["find"], ["submit", "FILE"], ["config", "show"], ["migrate"], ["recover", "--since", "2026-11-28"]]


@pytest.mark.parametrize("command", [*OF_EACH_KIND, ["tokens", "list"]])
def test_no_command_goes_on_to_another_where_the_one_of_the_folder_was_killed(
    beamcat: str, command: list[str], submission: str, tmp_path: Path
) -> None:
    file = run_in(tmp_path / "work", "http://127.0.0.1:1")
    file.write_text(file.read_text().replace(mark_of_process(os.getpid()), f"{os.getpid()} 1"))
    write_profiles(Profiles("mine", {"mine": {"BEAMCAT_SEARCH_URL": beamcat, "BEAMCAT_GATEWAY_URL": beamcat}}))
    result = run(*[submission if word == "FILE" else word for word in command])
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"the beamcat of {tmp_path / 'work'} is not running" in result.stderr


@pytest.mark.parametrize(
    "command", [["--search-url", "URL", "find"], ["find", "--search-url", "URL"], ["find", "x", "--search-url=URL/"]]
)
def test_an_option_before_or_after_the_command_goes_before_all_others(
    beamcat: str, command: list[str], tmp_path: Path
) -> None:
    run_in(tmp_path / "work", "http://127.0.0.1:1")
    said = [word.replace("URL", beamcat) for word in command]
    result = run(*said, BEAMCAT_SEARCH_URL="http://127.0.0.1:1")
    assert f"nothing was found in the catalogue {beamcat} (named by the arguments)" in told(result)


def test_what_a_command_line_names_is_forgotten_with_it(beamcat: str) -> None:
    assert run("find", "--search-url", beamcat).exit_code == 1
    assert run("find").exit_code == 2


def test_a_profile_and_addresses_are_not_named_together(beamcat: str) -> None:
    result = run("find", "--profile", "mine", "--search-url", beamcat)
    assert result.exit_code == 2
    assert "give only one of them" in result.stderr


def test_a_beamcat_that_does_not_answer_is_told_with_who_named_it(tmp_path: Path) -> None:
    file = run_in(tmp_path / "work", "http://127.0.0.1:1")
    result = run("find")
    assert result.exit_code == 3
    assert "http://127.0.0.1:1/datasets does not answer" in result.stderr
    assert f"(named by {file})" in result.stderr


def test_a_missing_token_is_told_as_such(beamcat: str, submission: str) -> None:
    result = run("submit", submission, "--gateway-url", beamcat, "--search-url", beamcat)
    assert result.exit_code == 1
    assert "a bearer token is needed; no token: set BEAMCAT_TOKEN, or store one with beamcat login" in result.stderr


def test_a_wrong_token_is_told_with_where_it_comes_from(beamcat: str, submission: str, tmp_path: Path) -> None:
    file = run_in(tmp_path / "work", beamcat, "wrong")
    said = "the token is unknown; ask for one; the token comes from"
    assert f"{said} {file}" in run("submit", submission).stderr
    assert f"{said} the environment" in run("submit", submission, BEAMCAT_TOKEN="also-wrong").stderr


def test_a_token_for_another_beamline_is_told_with_where_it_comes_from(beamcat: str, submission: str) -> None:
    result = run("submit", submission, BEAMCAT_GATEWAY_URL=beamcat, BEAMCAT_SEARCH_URL=beamcat, BEAMCAT_TOKEN=TOKEN)
    assert result.exit_code == 1
    assert "not for 'id29'; the token comes from the environment" in result.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("status", "exit_code", "told"),
    [
        (200, 1, "did not answer with JSON: is this beamcat?"),
        (404, 1, "is there a proxy"),
        (502, 3, "is there a proxy"),
    ],
)
@pytest.mark.parametrize("command", [["find"], ["submit", "FILE"], ["status", "/data/x"], ["techniques", "list"]])
def test_a_proxy_that_answers_a_page_is_told(
    status: int, exit_code: int, told: str, command: list[str], submission: str
) -> None:
    with answering(lambda *_: (status, "<html><p>the intranet</p></html>")) as url:
        said = [submission if word == "FILE" else word for word in command]
        result = run(*said, "--search-url", url, "--gateway-url", f"{url}/")
    assert result.exit_code == exit_code
    assert told in result.stderr
    assert "<p>" not in result.stderr


def test_an_address_below_a_path_is_asked_below_it() -> None:
    asked: list[str] = []

    def answer(_method: str, path: str, _token: str) -> tuple[int, Any]:
        asked.append(path)
        return 200, EMPTY["/datasets"]

    with answering(answer) as url:
        run("find", "--search-url", f"{url}/portal/beamcat/")
    assert asked == ["/portal/beamcat/datasets"]


def test_what_an_operator_changes_is_named_without_its_password() -> None:
    database = "postgresql://me:secret@127.0.0.1:1/catalogue"
    result = run("migrate", BEAMCAT_DATABASE_URL=f"{database}?password=other")
    assert result.exit_code == 3
    assert "database postgresql://me@127.0.0.1:1/catalogue (named by the environment)" in result.stderr
    assert "secret" not in result.stderr.partition("\n")[0]
    assert "other" not in result.stderr.partition("\n")[0]


def test_an_operator_changes_no_servers_of_two_beamcats(tmp_path: Path) -> None:
    file = run_in(tmp_path / "work", "http://127.0.0.1:1")
    other = {"BEAMCAT_DATABASE_URL": "postgresql://other", "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS": "other:9092"}
    file.write_text(json.dumps({**json.loads(file.read_text()), **other}))
    result = run("rebuild", BEAMCAT_DATABASE_URL="postgresql://127.0.0.1:1/mine")
    assert result.exit_code == 2
    assert "no Kafka is named by the environment: name it there too (BEAMCAT_KAFKA_BOOTSTRAP_SERVERS)" in result.stderr
    assert "no database is named by the arguments" in run("migrate", "--search-url", "http://x").stderr


def test_tokens_are_those_of_the_beamcat_that_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = run_in(tmp_path / "work", "http://127.0.0.1:1")
    tokens = tmp_path / "work/.beamcat/tokens.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "BEAMCAT_TOKENS_FILE": str(tokens)}))
    below = tmp_path / "work/below"
    below.mkdir()
    monkeypatch.chdir(below)
    result = run("tokens", "create", "bm29")
    assert (result.exit_code, result.stderr) == (0, f"tokens file {tokens} (named by {file})\n")
    assert "bm29" in tokens.read_text()
    assert list(below.iterdir()) == []
    own = tmp_path / "own.json"
    assert run("tokens", "create", "x", BEAMCAT_TOKENS_FILE=str(own)).exit_code == 0
    assert own.exists()


def test_a_login_is_checked_stored_and_used_in_every_folder(beamcat: str) -> None:
    result = run(
        "login", "--search-url", f"{beamcat}/", "--gateway-url", beamcat, "--profile", "esrf", typed=f"{TOKEN}\n"
    )
    assert (result.exit_code, TOKEN in result.output) == (0, False)
    assert read_profiles().profiles["esrf"]["BEAMCAT_TOKEN"] == TOKEN
    file = profiles_file()
    assert file is not None
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"in the catalogue {beamcat} (named by the profile esrf)" in told(run("find"))


@pytest.mark.parametrize(
    ("typed", "told"), [("wrong\n", "the token is unknown; ask for one; the token comes from the arguments")]
)
def test_a_login_with_a_wrong_token_stores_nothing(beamcat: str, typed: str, told: str) -> None:
    result = run("login", "--search-url", beamcat, "--gateway-url", beamcat, typed=typed)
    assert result.exit_code == 1
    assert told in result.stderr
    assert read_profiles().profiles == {}


@pytest.mark.parametrize(
    ("url", "exit_code", "told"),
    [
        ("", 2, "give --search-url"),
        ("catalogue.esrf.example", 2, "is not an address"),
        ("ftp://x", 2, "is not an address"),
        ("http://", 2, "is not an address"),
        ("http://[::x", 2, "is not an address"),
        ("http://x:port", 2, "is not an address"),
        ("http://me:secret@x", 2, "is not an address"),
        ("http://x/?a=b", 2, "is not an address"),
        ("http://127.0.0.1:1", 3, "does not answer"),
    ],
)
def test_a_login_to_nowhere_stores_nothing(url: str, exit_code: int, told: str) -> None:
    result = run("login", "--search-url", url)
    assert result.exit_code == exit_code
    assert told in result.stderr
    assert read_profiles().profiles == {}


@pytest.mark.parametrize("answer", [[], {}, {"datasets": []}])
def test_a_login_to_something_else_stores_nothing(answer: object) -> None:
    with answering(lambda *_: (200, answer)) as url:
        result = run("login", "--search-url", url, "--gateway-url", url)
    assert result.exit_code == 1
    assert "of a beamcat" in result.stderr
    assert read_profiles().profiles == {}


def test_what_is_asked_here_and_why_is_shown_without_the_token(beamcat: str, tmp_path: Path) -> None:
    file = run_in(tmp_path / "work", beamcat)
    result = run("config", "show")
    assert f"decided by {file}" in result.stdout
    assert f"BEAMCAT_GATEWAY_URL={beamcat}" in result.stdout
    assert f"the token comes from {file}" in result.stdout
    shown = json.loads(run("config", "show", "--json").stdout)
    assert shown["addresses"] == {"BEAMCAT_GATEWAY_URL": beamcat, "BEAMCAT_SEARCH_URL": beamcat}
    assert TOKEN not in result.output + json.dumps(shown)


def test_profiles_are_listed_chosen_and_forgotten(login: Callable[[str], Result]) -> None:
    login("one")
    login("other")
    listed = json.loads(run("config", "list", "--json").stdout)
    assert [(each["profile"], each["used"], each["token"]) for each in listed] == [
        ("one", False, True),
        ("other", True, True),
    ]
    assert run("config", "use", "one").exit_code == 0
    assert "decided by the profile one" in run("config", "show").stdout
    assert run("config", "forget", "one").exit_code == 0
    assert run("config", "show").exit_code == 2
    assert "decided by the profile other" in run("--profile", "other", "config", "show").stdout
    assert TOKEN not in run("config", "list").output
    for command in (["config", "use", "one"], ["config", "forget", "one"], ["find", "--profile", "one"]):
        result = run(*command)
        assert result.exit_code == 2
        assert "there is no profile one (there is: other)" in result.stderr


@pytest.fixture
def login(beamcat: str) -> Callable[[str], Result]:
    return lambda name: run("login", "--search-url", beamcat, "--gateway-url", beamcat, "--profile", name, typed=TOKEN)


def test_broken_profiles_are_told_by_every_command_that_needs_them(login: Callable[[str], Result]) -> None:
    login("mine")
    file = profiles_file()
    assert file is not None
    file.write_text("{")
    for command in (["find"], ["config", "list"], ["config", "show"], ["config", "use", "mine"]):
        result = run(*command)
        assert result.exit_code == 1
        assert f"{file} cannot be read" in result.stderr


def test_a_stopped_beamcat_of_the_folder_is_told_while_a_profile_is_asked(
    login: Callable[[str], Result], tmp_path: Path
) -> None:
    login("mine")
    run_in(tmp_path / "work", "http://127.0.0.1:1").unlink()
    (tmp_path / "work/.beamcat/lock").touch()
    note = f"the beamcat of {tmp_path / 'work'} is not running (make up starts it), so the profile mine is asked"
    assert note in told(run("find"))
