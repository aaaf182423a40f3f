"""Which beamcat is meant: its addresses and the token, from the one place that names it.

The places, in order: what was given, the environment, the nearest `.beamcat/running.json` upwards from the current
folder, the profile. The first that names an address decides. A later one adds what is missing only if it means the same
beamcat: it names one of the same addresses and none that differs. An environment with a token and no address means
whichever beamcat is asked.
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
"""Where a beamcat that runs in a folder says what it serves."""
PROCESS = "process"
"""What the file says besides: the process that wrote it."""

GIVEN, ENVIRONMENT = "the arguments", "the environment"
NO_TOKEN = "no token: set BEAMCAT_TOKEN, or store one with beamcat login"  # noqa: S105 - words, not a token
FOUR_WAYS = (
    "no beamcat is named; name one in one of four ways: give its addresses (--search-url and --gateway-url, or "
    "--profile; in Python Client(url, search_url=...)), or set BEAMCAT_SEARCH_URL and BEAMCAT_GATEWAY_URL, or work in "
    "the folder of a running one (make up) or below it, or store a profile with beamcat login"
)


@dataclass(frozen=True)
class Source:
    """One place, and the variables that it names."""

    name: str
    variables: Mapping[str, str]

    @property
    def addresses(self) -> dict[str, str]:
        """Where services are, to be compared."""
        found = {name: self.variables.get(name, "") for name in (SEARCH_URL, GATEWAY_URL, DATABASE_URL, KAFKA)}
        found["STOMP"] = ":".join(said for name in STOMP if (said := self.variables.get(name, "")))
        return {name: said.strip().rstrip("/") for name, said in found.items() if said}

    def means(self, other: Source) -> bool:
        """Whether both are certainly of one beamcat."""
        mine, theirs = self.addresses, other.addresses
        both = mine.keys() & theirs.keys()
        return bool(both) and all(mine[name] == theirs[name] for name in both)

    def may_add_to(self, deciding: Source | None) -> bool:
        """Whether what it says may be used beside what the deciding place says, or before one is found."""
        if not self.addresses:
            return self.name in (GIVEN, ENVIRONMENT)
        return deciding is not None and self.means(deciding)


@dataclass(frozen=True)
class Catalogue:
    """One beamcat, as `BEAMCAT_*` variables, and who named it."""

    variables: Mapping[str, str]
    origin: str = GIVEN
    """The place that decided."""
    token_origin: str = GIVEN
    note: str = ""
    """What was passed over on the way here, in words."""

    def address(self, name: str, service: str) -> str:
        """The address under that name, without a slash at its end.

        Raises:
            AddressUnknown: the place that names the others does not name this one.
        """
        if said := self.variables.get(name, "").strip().rstrip("/"):
            return said
        raise AddressUnknown(
            f"no {service} is named by {self.origin}: name it there too ({name}); "
            "no other place is asked for it, since that may mean another beamcat"
        )

    @property
    def token(self) -> str:
        """The bearer token; empty if there is none."""
        return self.variables.get(TOKEN, "").strip()

    @property
    def token_told(self) -> str:
        """Where the token comes from or, if there is none, what to do."""
        return f"the token comes from {self.token_origin}" if self.token else NO_TOKEN


def find_catalogue(
    given: Mapping[str, str | None] | None = None, profile: str | None = None, folder: Path | None = None
) -> Catalogue:
    """The beamcat that is meant in a folder, the current one unless given.

    Args:
        given: variables that go before all others.
        profile: a profile that is meant by its name; goes before the environment.
        folder: where to look for a running beamcat.

    Raises:
        AddressUnknown: nothing names one.
        ProfileUnknown: there is no such profile.
        NotRunning: this folder names a beamcat that has ended without removing its file.
        SettingUnreadable: a place cannot be read, and none before it decides.
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
    """Where to look, after what was given."""

    def __init__(self, folder: Path | None) -> None:
        self.note = ""
        """Which beamcat of this folder was passed over, and why."""
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
            except OSError:  # there is none
                if _was_here(file.parent):
                    self._pass_over(f"the beamcat of {folder} is not running (make up starts it)")
        return Source("no running beamcat", {})

    def _files(self) -> Iterator[Path]:
        for folder in self._upwards():
            yield folder / RUNNING_FILE
            if _was_here(folder) and (folder / "ports.json").is_file():  # it is itself where one has its data
                yield folder / RUNNING_FILE.name

    def _upwards(self) -> Iterator[Path]:
        with suppress(OSError):  # the current folder was removed
            folder = (self._folder or Path.cwd()).absolute()
            yield folder
            yield from folder.parents

    def _pass_over(self, why: str) -> None:
        self.note = self.note or why


def _is_ours(descriptor: int) -> bool:
    """Whether this user wrote the file: in a folder of all, such as /tmp, anybody might name a beamcat."""
    return not hasattr(os, "getuid") or os.fstat(descriptor).st_uid == os.getuid()


def _folder_of(file: Path) -> Path:
    """The folder that a beamcat is named after: the one that holds `.beamcat`, or the one that holds its data."""
    return file.parent.parent if file.parent.name == RUNNING_FILE.parent.name else file.parent


def _was_here(data: Path) -> bool:
    """Whether a beamcat has its data in the folder."""
    try:
        return (data / "lock").is_file()
    except OSError:
        return False


def _running(file: Path, text: str) -> Source:
    """What a running beamcat says of itself.

    Raises:
        SettingUnreadable: it cannot be understood.
        NotRunning: the process that said it is gone.
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
    """What tells a living process from a later one with the same number; empty if it is gone."""
    if os.name != "posix":
        return str(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:  # it lives, as another user's
        pass
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return str(pid)  # no Linux: the number alone
    return "" if fields[0] == "Z" else f"{pid} {fields[19]}"
