"""Which beamcat is meant: the first place that names one decides, and nothing of another is mixed in."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from beamcat_client import AddressUnknown, Client, NotRunning, ProfileUnknown, SettingUnreadable
from beamcat_client.addresses import (
    GATEWAY_URL,
    RUNNING_FILE,
    SEARCH_URL,
    TOKEN,
    Catalogue,
    find_catalogue,
    mark_of_process,
)
from beamcat_client.profiles import Profiles, profiles_file, read_profiles, write_profiles

pytestmark = pytest.mark.usefixtures("_nothing_named")

ONE = {SEARCH_URL: "http://one:1", GATEWAY_URL: "http://one:2", TOKEN: "token-of-one"}
OTHER = {SEARCH_URL: "http://other:1", GATEWAY_URL: "http://other:2", TOKEN: "token-of-other"}


def run_in(folder: Path, named: Mapping[str, str], process: str | None = None) -> Path:
    """What a beamcat leaves in the folder that it runs in."""
    file = folder / RUNNING_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**named, "process": mark_of_process(os.getpid()) if process is None else process}))
    (file.parent / "lock").touch()
    return file


def store(name: str, named: Mapping[str, str]) -> None:
    profiles = read_profiles()
    profiles.store(name, named)
    write_profiles(profiles)


def export(monkeypatch: pytest.MonkeyPatch, named: Mapping[str, str]) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)


def told(found: Catalogue) -> tuple[str | None, str | None, str, str]:
    return found.variables.get(SEARCH_URL), found.variables.get(GATEWAY_URL), found.token, found.origin


def test_where_nothing_names_a_beamcat_none_is_guessed() -> None:
    with pytest.raises(AddressUnknown) as unknown:
        find_catalogue()
    for way in ("--search-url", "--profile", "BEAMCAT_SEARCH_URL", "make up", "beamcat login"):
        assert way in str(unknown.value)


def test_the_first_place_that_names_one_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given, exported, running, stored = (
        {SEARCH_URL: f"http://{name}:1", GATEWAY_URL: f"http://{name}:2", TOKEN: name} for name in "abcd"
    )
    store("mine", stored)
    assert told(find_catalogue()) == ("http://d:1", "http://d:2", "d", "the profile mine")
    file = run_in(tmp_path / "work", running)
    assert told(find_catalogue()) == ("http://c:1", "http://c:2", "c", str(file))
    export(monkeypatch, exported)
    assert told(find_catalogue()) == ("http://b:1", "http://b:2", "b", "the environment")
    assert told(find_catalogue(profile="mine")) == ("http://d:1", "http://d:2", "d", "the profile mine")
    assert told(find_catalogue(given)) == ("http://a:1", "http://a:2", "a", "the arguments")


def test_a_running_beamcat_is_found_from_every_folder_below_it(tmp_path: Path) -> None:
    below = tmp_path / "work/of/mine"
    below.mkdir(parents=True)
    file = run_in(tmp_path / "work", ONE)
    assert find_catalogue(folder=below).origin == str(file)
    nearer = run_in(tmp_path / "work/of", OTHER)
    assert find_catalogue(folder=below).origin == str(nearer)
    with pytest.raises(AddressUnknown):
        find_catalogue(folder=tmp_path)


def test_two_beamcats_of_one_machine_are_each_asked_from_their_own_folder(tmp_path: Path) -> None:
    for name, named in (("one", ONE), ("other", OTHER)):
        run_in(tmp_path / name, named)
        assert told(find_catalogue(folder=tmp_path / name))[:3] == tuple(named.values())


@pytest.mark.parametrize("place", ["the arguments", "the environment"])
def test_what_the_deciding_place_lacks_is_not_taken_from_another_beamcat(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str
) -> None:
    run_in(tmp_path / "work", OTHER)
    store("other", OTHER)
    search_alone = {SEARCH_URL: "http://one:1"}
    if place == "the environment":
        export(monkeypatch, search_alone)
    found = find_catalogue(search_alone if place == "the arguments" else None)
    assert (told(found), found.token) == (("http://one:1", None, "", place), "")
    with pytest.raises(AddressUnknown, match=f"no gateway is named by {place}: name it there too"):
        found.address(GATEWAY_URL, "gateway")


def test_what_it_lacks_is_taken_from_a_place_that_names_the_same_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_in(tmp_path / "work", ONE)
    export(monkeypatch, {SEARCH_URL: "http://one:1/"})
    assert told(find_catalogue())[1:] == ("http://one:2", "token-of-one", "the environment")
    monkeypatch.setenv(GATEWAY_URL, "http://elsewhere")  # one address is the same, and another one is not
    assert told(find_catalogue()) == ("http://one:1/", "http://elsewhere", "", "the environment")


def test_a_token_alone_in_the_environment_is_for_whichever_beamcat_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(TOKEN, "exported\n")
    run_in(tmp_path / "work", ONE)
    store("other", OTHER)
    found = find_catalogue()
    assert (found.variables[SEARCH_URL], found.token) == ("http://one:1", "exported")
    assert found.token_told == "the token comes from the environment"
    assert find_catalogue({SEARCH_URL: "http://third"}).token == "exported"
    assert find_catalogue(profile="other").token == "token-of-other"  # who names a profile means its token


def test_the_token_of_one_beamcat_is_never_sent_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, ONE)
    found = find_catalogue({SEARCH_URL: "http://third"})
    assert (found.token, found.token_told) == (
        "",
        "no token: set BEAMCAT_TOKEN, or store one with beamcat login",
    )


def test_empty_variables_name_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    export(monkeypatch, {SEARCH_URL: "", GATEWAY_URL: "", TOKEN: ""})
    store("mine", ONE)
    assert told(find_catalogue({SEARCH_URL: None})) == (
        "http://one:1",
        "http://one:2",
        "token-of-one",
        "the profile mine",
    )


def test_a_beamcat_that_was_killed_is_not_replaced_by_another(tmp_path: Path) -> None:
    killed = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = mark_of_process(killed.pid)
    run_in(tmp_path / "work", ONE, mark)
    store("other", OTHER)
    assert find_catalogue().origin.endswith("running.json")
    killed.kill()
    killed.communicate()
    with pytest.raises(NotRunning, match=f"the beamcat of {tmp_path / 'work'} is not running"):
        find_catalogue()
    with pytest.raises(NotRunning):
        Client()
    assert find_catalogue(profile="other").origin == "the profile other"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells when a process began")
def test_a_later_process_with_the_same_number_is_not_that_beamcat(tmp_path: Path) -> None:
    pid, began = mark_of_process(os.getpid()).split()
    run_in(tmp_path / "work", ONE, f"{pid} {int(began) - 1}")
    with pytest.raises(NotRunning):
        find_catalogue()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells the state of a process")
def test_a_process_that_ended_and_is_not_waited_for_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays to be waited for
    assert mark_of_process(child.pid) == ""
    child.communicate()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"BEAMCAT_SEARCH_URL": 7}', '{"process": "x"}'])
def test_a_broken_file_of_a_running_beamcat_is_told(tmp_path: Path, text: str) -> None:
    run_in(tmp_path / "work", ONE).write_text(text)
    store("other", OTHER)
    with pytest.raises((SettingUnreadable, NotRunning)):
        find_catalogue()
    assert find_catalogue(ONE).token == "token-of-one"  # who names one does not mind it


def test_a_stopped_beamcat_of_the_folder_is_told_where_a_profile_is_asked_instead(tmp_path: Path) -> None:
    run_in(tmp_path / "work", ONE).unlink()
    with pytest.raises(AddressUnknown, match=f"the beamcat of {tmp_path / 'work'} is not running"):
        find_catalogue()
    store("other", OTHER)
    assert find_catalogue().note == f"the beamcat of {tmp_path / 'work'} is not running (make up starts it)"
    assert find_catalogue(ONE).note == ""


def test_a_beamcat_of_another_user_is_passed_over_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(tmp_path / "work", ONE)
    store("other", OTHER)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    found = find_catalogue()
    assert (found.origin, found.note) == (
        "the profile other",
        f"the beamcat of {tmp_path / 'work'} belongs to another user",
    )


def test_a_folder_that_may_not_be_read_is_passed_over_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = run_in(tmp_path / "work", ONE)
    run_in(tmp_path, OTHER)
    usual = Path.open

    def closed(path: Path, *arguments: str, **more: str) -> object:
        if path == file:
            raise PermissionError(13, "Permission denied")
        return usual(path, *arguments, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", closed)  # root may read everything, so no real folder would do
    found = find_catalogue()
    assert found.origin == str(tmp_path / RUNNING_FILE)
    assert found.note == f"{file} cannot be read, it may belong to another user"


def test_a_current_folder_that_was_removed_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    store("mine", ONE)
    assert find_catalogue().origin == "the profile mine"
    monkeypatch.chdir(tmp_path)


def test_a_user_without_a_home_has_no_profiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(AddressUnknown):
        find_catalogue()
    with pytest.raises(SettingUnreadable, match="no home folder"):
        write_profiles(Profiles())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"profiles": []}', '{"profiles": {"x": 1}}', '{"profiles": {"x": {"a": 1}}}', "\xff"]
)
def test_broken_profiles_are_told_only_where_they_would_decide(text: str) -> None:
    store("mine", ONE)
    file = profiles_file()
    assert file is not None
    file.write_text(text, encoding="latin-1")
    with pytest.raises(SettingUnreadable, match=r"config\.json .*correct it, or remove it and run beamcat login again"):
        find_catalogue()
    assert find_catalogue(OTHER).token == "token-of-other"


def test_profiles_are_their_owners_alone_and_never_half_written() -> None:
    store("mine", ONE)
    file = profiles_file()
    assert file is not None
    file.chmod(0o644)
    store("other", OTHER)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["config.json"]
    assert read_profiles() == Profiles("other", {"mine": ONE, "other": OTHER})


def test_profiles_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "home/.config").write_text("a file")
    with pytest.raises(SettingUnreadable, match="cannot be written"):
        write_profiles(Profiles())


def test_a_profile_that_is_not_there_is_told_with_those_that_are() -> None:
    store("mine", ONE)
    with pytest.raises(ProfileUnknown, match=r"no profile yours \(there is: mine\)"):
        find_catalogue(profile="yours")


def test_a_forgotten_profile_is_used_no_longer() -> None:
    store("mine", ONE)
    store("other", OTHER)
    profiles = read_profiles()
    profiles.use("mine")
    write_profiles(profiles)
    assert find_catalogue().token == "token-of-one"
    profiles.forget("mine")
    write_profiles(profiles)
    with pytest.raises(AddressUnknown):
        find_catalogue()


@pytest.mark.parametrize("url", ["http://one:2/", "http://one:2//", " http://one:2 "])
def test_an_address_is_used_without_a_slash_at_its_end(url: str) -> None:
    assert Catalogue({GATEWAY_URL: url}).address(GATEWAY_URL, "gateway") == "http://one:2"


def test_an_address_below_a_path_is_kept_as_it_is() -> None:
    assert Catalogue({SEARCH_URL: "http://one/beamcat/"}).address(SEARCH_URL, "search") == "http://one/beamcat"


def run_with(data: Path, named: Mapping[str, str]) -> Path:
    """What a beamcat leaves whose data lie in a folder of another name."""
    data.mkdir(parents=True)
    file = data / "running.json"
    file.write_text(json.dumps({**named, "process": mark_of_process(os.getpid())}))
    for name in ("lock", "ports.json"):
        (data / name).touch()
    return file


def test_in_its_data_and_below_a_beamcat_is_found_too(tmp_path: Path) -> None:
    run_in(tmp_path, OTHER)
    file = run_with(tmp_path / "data", ONE)
    for folder in (tmp_path / "data", tmp_path / "data" / "logs"):
        assert find_catalogue(folder=folder).origin == str(file)
    assert find_catalogue(folder=tmp_path).variables[SEARCH_URL] == OTHER[SEARCH_URL]


def test_a_file_of_that_name_of_another_program_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "running.json").write_text("rubbish")
    with pytest.raises(AddressUnknown):
        find_catalogue(folder=tmp_path)
