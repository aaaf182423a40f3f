"""Finds the addresses and the token of a beamcat.

It looks in these places, in order: the arguments, the environment, the nearest `.beamcat/running.json` in the current
folder or above it, the profile. The first place that has an address decides. A later place adds missing values only if
it means the same beamcat: it has one of the same addresses and none that differs. An environment with a token but no
address applies to any beamcat.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from beamcat_client.errors import AddressUnknown, BeamcatError, NotRunning, SettingUnreadable
from beamcat_client.profiles import read_profiles

PREFIX = "BEAMCAT_"
SEARCH_URL, GATEWAY_URL, TOKEN = "BEAMCAT_SEARCH_URL", "BEAMCAT_GATEWAY_URL", "BEAMCAT_TOKEN"
STOMP = ("BEAMCAT_STOMP_HOST", "BEAMCAT_STOMP_PORT")
DATABASE_URL, KAFKA = "BEAMCAT_DATABASE_URL", "BEAMCAT_KAFKA_BOOTSTRAP_SERVERS"
RUNNING_FILE = Path(".beamcat", "running.json")
"""The file in which a running beamcat writes its addresses."""
PROCESS = "process"
"""The key of that file for the process that wrote it."""

GIVEN, ENVIRONMENT = "the arguments", "the environment"
NO_TOKEN = "no token: set BEAMCAT_TOKEN, or store one with beamcat login"  # noqa: S105 - words, not a token
FOUR_WAYS = (
    "no beamcat is named; name one in one of four ways: give its addresses (--search-url and --gateway-url, or "
    "--profile; in Python Client(url, search_url=...)), or set BEAMCAT_SEARCH_URL and BEAMCAT_GATEWAY_URL, or work in "
    "the folder of a running one (make up) or below it, or store a profile with beamcat login"
)


@dataclass(frozen=True)
class Source:
    """One place, with its variables."""

    name: str
    variables: Mapping[str, str]

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of services, for comparison."""
        found = {name: self.variables.get(name, "") for name in (SEARCH_URL, GATEWAY_URL, DATABASE_URL, KAFKA)}
        found["STOMP"] = ":".join(said for name in STOMP if (said := self.variables.get(name, "")))
        return {name: said.strip().rstrip("/") for name, said in found.items() if said}

    def means(self, other: Source) -> bool:
        """Whether both certainly mean the same beamcat."""
        mine, theirs = self.addresses, other.addresses
        both = mine.keys() & theirs.keys()
        return bool(both) and all(mine[name] == theirs[name] for name in both)

    def may_add_to(self, deciding: Source | None) -> bool:
        """Whether its values may be used in addition to those of the deciding place, or before one is found."""
        if not self.addresses:
            return self.name in (GIVEN, ENVIRONMENT)
        return deciding is not None and self.means(deciding)


@dataclass(frozen=True)
class Catalogue:
    """One beamcat, as `BEAMCAT_*` variables, and the place that named it."""

    variables: Mapping[str, str]
    origin: str = GIVEN
    """The place that decided."""
    token_origin: str = GIVEN
    note: str = ""
    """The places that were skipped, in words."""

    def address(self, name: str, service: str) -> str:
        """The address with that name, without a trailing slash.

        Raises:
            AddressUnknown: the place with the other addresses does not have this one.
        """
        if said := self.variables.get(name, "").strip().rstrip("/"):
            return said
        raise AddressUnknown(
            f"no {service} is named by {self.origin}: name it there too ({name}); "
            "other places are not used for it, because they may mean another beamcat"
        )

    @property
    def token(self) -> str:
        """The bearer token; empty if there is none."""
        return self.variables.get(TOKEN, "").strip()

    @property
    def token_told(self) -> str:
        """Where the token comes from, or what to do if there is none."""
        return f"the token comes from {self.token_origin}" if self.token else NO_TOKEN


def find_catalogue(
    given: Mapping[str, str | None] | None = None, profile: str | None = None, folder: Path | None = None
) -> Catalogue:
    """Find the beamcat for a folder, by default the current one.

    Args:
        given: variables that take precedence over all others.
        profile: the name of a profile, which takes precedence over the environment.
        folder: where to look for a running beamcat.

    Raises:
        AddressUnknown: no place names one.
        ProfileUnknown: there is no such profile.
        NotRunning: this folder names a beamcat that has ended without removing its file.
        SettingUnreadable: a place cannot be read, and no earlier place decides.
    """
    places = _Places(folder)
    said = {name: value for name, value in (given or {}).items() if value}
    looks = [lambda: Source(GIVEN, said), places.environment, places.running, places.current_profile]
    if profile is not None:
        looks.insert(1, lambda: _profile(profile))
    deciding: Source | None = None
    merged: list[Source] = []
    for look in looks:
        try:
            source = look()
        except BeamcatError:
            if deciding is None:
                raise
            continue  # it could only have added something
        if deciding is None and source.addresses:
            deciding = source
        if source is deciding or source.may_add_to(deciding):
            merged.append(source)
    if deciding is None:
        raise AddressUnknown("; ".join(filter(None, (FOUR_WAYS, places.note))))
    return _merged(merged, deciding, places.note)


def _merged(sources: list[Source], deciding: Source, note: str) -> Catalogue:
    variables: dict[str, str] = {}
    for source in reversed(sources):
        variables.update({name: value for name, value in source.variables.items() if value})
    token_origin = next((source.name for source in sources if source.variables.get(TOKEN)), deciding.name)
    is_near = deciding.name in (GIVEN, ENVIRONMENT)
    return Catalogue(variables, deciding.name, token_origin, "" if is_near else note)


def _profile(name: str) -> Source:
    return Source(f"the profile {name}", read_profiles().of(name))


class _Places:
    """The places to look in, after the arguments."""

    def __init__(self, folder: Path | None) -> None:
        self.note = ""
        """The skipped beamcat of this folder, and why it was skipped."""
        self._folder = folder

    def environment(self) -> Source:
        """The variables of this process."""
        return Source(ENVIRONMENT, {name: value for name, value in os.environ.items() if name.startswith(PREFIX)})

    def current_profile(self) -> Source:
        """The profile in use."""
        current = read_profiles().current
        return _profile(current) if current else Source("no profile", {})

    def running(self) -> Source:
        """The beamcat that runs in the folder, or in the nearest one above it."""
        for file in self._files():
            folder = _folder_of(file)
            try:
                with file.open(encoding="utf-8") as opened:
                    if _is_ours(opened.fileno()):
                        return _running(file, opened.read())
                self._pass_over(f"the beamcat of {folder} belongs to another user")
            except PermissionError:
                self._pass_over(f"{file} cannot be read, it may belong to another user")
            except OSError:  # no such file
                if _was_here(file.parent):
                    self._pass_over(f"the beamcat of {folder} is not running (make up starts it)")
        return Source("no running beamcat", {})

    def _files(self) -> Iterator[Path]:
        for folder in self._upwards():
            yield folder / RUNNING_FILE
            if _was_here(folder) and (folder / "ports.json").is_file():  # the folder itself has the data of a beamcat
                yield folder / RUNNING_FILE.name

    def _upwards(self) -> Iterator[Path]:
        with suppress(OSError):  # the current folder was removed
            folder = (self._folder or Path.cwd()).absolute()
            yield folder
            yield from folder.parents

    def _pass_over(self, why: str) -> None:
        self.note = self.note or why


def _is_ours(descriptor: int) -> bool:
    """Whether this user wrote the file: in a shared folder, such as /tmp, anybody could name a beamcat."""
    return not hasattr(os, "getuid") or os.fstat(descriptor).st_uid == os.getuid()


def _folder_of(file: Path) -> Path:
    """The folder that names a beamcat: the one with `.beamcat`, or the one with its data."""
    return file.parent.parent if file.parent.name == RUNNING_FILE.parent.name else file.parent


def _was_here(data: Path) -> bool:
    """Whether a beamcat has its data in the folder."""
    try:
        return (data / "lock").is_file()
    except OSError:
        return False


def _running(file: Path, text: str) -> Source:
    """The variables of a running beamcat.

    Raises:
        SettingUnreadable: the file is invalid.
        NotRunning: the process that wrote the file has ended.
    """
    folder = _folder_of(file)
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise SettingUnreadable(f"{file} is broken: remove it, and start the beamcat of {folder} again (make up)")
    process = said.pop(PROCESS, "")
    pid = process.partition(" ")[0]
    if process and not (pid.isdecimal() and mark_of_process(int(pid)) == process):
        raise NotRunning(
            f"the beamcat of {folder} is not running (it was killed): start it there (make up), or remove {file}"
        )
    return Source(str(file), said)


def mark_of_process(pid: int) -> str:
    """A mark that distinguishes a process from a later one with the same number; empty if it has ended."""
    if os.name != "posix":
        return str(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:  # it runs, as another user
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return str(pid)  # not Linux: only the number
    return "" if fields[0] == "Z" else f"{pid} {fields[19]}"
