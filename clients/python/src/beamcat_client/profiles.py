"""The profiles of a user: beamcats that `beamcat login` stored, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beamcat_client.errors import ProfileUnknown, SettingUnreadable


@dataclass
class Profiles:
    """All profiles by name, each as `BEAMCAT_*` variables, and the name of the current one."""

    current: str | None = None
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, name: str) -> dict[str, str]:
        """The variables of a profile.

        Raises:
            ProfileUnknown: there is none of that name.
        """
        if name not in self.profiles:
            known = ", ".join(sorted(self.profiles)) or "none"
            raise ProfileUnknown(f"there is no profile {name} (there is: {known}); store it with beamcat login")
        return self.profiles[name]

    def store(self, name: str, variables: Mapping[str, str]) -> None:
        """Store a profile, and use it from now on."""
        self.profiles[name] = dict(variables)
        self.current = name

    def use(self, name: str) -> None:
        """Use a profile from now on.

        Raises:
            ProfileUnknown: there is none of that name.
        """
        self.of(name)
        self.current = name

    def forget(self, name: str) -> None:
        """Delete a profile. If it was the current one, there is no current one any more.

        Raises:
            ProfileUnknown: there is none of that name.
        """
        self.of(name)
        del self.profiles[name]
        if self.current == name:
            self.current = None


def profiles_file() -> Path | None:
    """The file of the profiles; None for a user without a home folder."""
    with suppress(RuntimeError):
        return Path.home() / ".config" / "beamcat" / "config.json"
    return None


def read_profiles() -> Profiles:
    """The profiles of this user; none if none was ever stored.

    Raises:
        SettingUnreadable: the file is broken, or cannot be read.
    """
    file = profiles_file()
    if file is None:
        return Profiles()
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Profiles()
    except (OSError, ValueError) as error:
        raise SettingUnreadable(f"{file} cannot be read ({error}): {CURE}") from None
    if not _is_sound(said):
        raise SettingUnreadable(f"{file} does not hold profiles: {CURE}")
    return Profiles(said.get("current"), said["profiles"])


CURE = "correct it, or remove it and run beamcat login again"


def _is_sound(said: Any) -> bool:
    """Whether it has the form of `Profiles`."""
    profiles = said.get("profiles") if isinstance(said, dict) else None
    return isinstance(profiles, dict) and all(
        isinstance(variables, dict) and all(isinstance(value, str) for value in variables.values())
        for variables in profiles.values()
    )


def write_profiles(profiles: Profiles) -> Path:
    """Store the profiles atomically, in a file that only the owner can read.

    Raises:
        SettingUnreadable: it cannot be written.
    """
    file = profiles_file()
    if file is None:
        raise SettingUnreadable("this user has no home folder to keep profiles in: set HOME, or BEAMCAT_* variables")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, {"current": profiles.current, "profiles": profiles.profiles})
    except OSError as error:
        raise SettingUnreadable(f"{file} cannot be written ({error}): make its folder writable for you") from None
    return file


def write_private(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file atomically. Only its owner can read it."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # its mode is 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as new:
            json.dump(content, new, indent=2)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink()
        raise
