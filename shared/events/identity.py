"""Identities: the path identifies a dataset, and every id is derived, never random.

With derived ids (UUID version 5, RFC 9562) every replay, replica and rebuild agrees without communication.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha1
from uuid import NAMESPACE_DNS, UUID, uuid5

from shared.foundation.errors import BeamcatError
from shared.foundation.memo import remembered
from shared.foundation.spelling import MOST_MARKS, normalised, piles_up_marks

INVISIBLE = frozenset({"Cc", "Cf"})
"""The Unicode categories of control characters and of format characters, such as a zero-width space."""


class PathInvalid(BeamcatError, ValueError):
    """The path cannot be the identity of a dataset."""

    def __init__(self, problem: str, cure: str) -> None:
        super().__init__(f"{problem}; {cure}")
        self.problem = problem
        self.cure = cure


def normalise_path(path: str) -> str:
    """The normal form of a folder, before mount points are mapped; `Identities.path` gives that of a dataset.

    Absolute, Unicode NFC, without empty or `.` segments and without a trailing slash. `..` is refused, not resolved:
    with symbolic links its meaning depends on the machine that resolves it.

    Raises:
        PathInvalid: the path is not absolute, holds `..` or a control character, or is the root itself.
    """
    text = normalised("NFC", path)
    if not text.startswith("/"):
        raise PathInvalid(f"the path {path!r} is not absolute", "give the full path of the dataset's folder")
    if not text.isprintable():
        raise PathInvalid(f"the path {path!r} holds a control character", "rename the folder or correct the path")
    if piles_up_marks(text):
        raise PathInvalid(f"the path {path!r} holds a letter with over {MOST_MARKS} marks on it", "rename the folder")
    segments = [segment for segment in text.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise PathInvalid(f"the path {path!r} holds '..'", "give the path without it")
    if not segments:
        raise PathInvalid("the path is the root folder", "give the dataset's own folder")
    return "/" + "/".join(segments)


def split_paths(text: str) -> list[str]:
    """Split ICAT's list of paths, which are absolute and separated by commas.

    ICAT escapes nothing. A comma is a separator only before a slash or at the end, so a folder may have a comma in its
    name; only a folder whose name *ends* with a comma is misread.
    """
    return [path for piece in re.split(r",\s*(?=/)", text) if (path := piece.strip().rstrip(", "))]


class PathPrefixes:
    """The mount points of a facility: mounted folders, and the catalogued folder of each.

    The longest mounted prefix counts, in whole folders: `/mnt/data` is not a prefix of `/mnt/database`. A catalogued
    path stays unchanged, so mapping twice changes nothing.

    Raises:
        ValueError: a prefix is not an absolute path, or a path could be mapped twice.
    """

    def __init__(self, catalogued: Mapping[str, str]) -> None:
        folders: dict[str, str] = {}
        for mounted, target in catalogued.items():
            prefix = _prefix(mounted)
            if folders.setdefault(prefix, _prefix(target)) != _prefix(target):
                raise ValueError(f"{mounted} is given twice, with two catalogued folders; keep one")
        for target in folders.values():
            for prefix in folders:
                if target.startswith(prefix) or prefix.startswith(target):
                    raise ValueError(
                        f"the catalogued folder {target[:-1]} and the mounted folder {prefix[:-1]} lie within each "
                        "other, so a path could be mapped twice; map each mounted folder to where it is catalogued"
                    )
        self._folders = sorted(folders.items(), key=lambda pair: -len(pair[0]))

    def catalogued(self, path: str) -> str:
        """The catalogued path of a path that `normalise_path` returned."""
        for prefix, target in self._folders:
            if f"{path}/".startswith(prefix):
                return (target + path[len(prefix) :]).removesuffix("/")
        return path


def _prefix(folder: str) -> str:
    try:
        return normalise_path(folder) + "/"
    except PathInvalid as error:
        raise ValueError(f"{folder!r} can be no prefix: {error.problem}") from None


NO_PREFIXES = PathPrefixes({})


@remembered(10_000)
def sample_name(said: str) -> str:
    """The normal form of a sample's name. It is shown, and the sample's id is derived from it.

    It is Unicode NFC. A run of blanks of any kind, such as no-break spaces and tabs, is one space. There are no blanks
    at the ends and no invisible characters. It may be empty.
    """
    seen = (letter for letter in said if letter.isspace() or unicodedata.category(letter) not in INVISIBLE)
    return normalised("NFC", " ".join("".join(seen).split()))


@remembered(10_000)
def sample_key(name: str) -> str:
    """The key by which names of samples are compared, without letter case. Nothing else compares them.

    It works letter by letter, as PostgreSQL's `lower` does, so that indexes find the same samples.
    """
    return "".join(letter.lower()[0] for letter in sample_name(name))


SURPLUS_BITS = 76
"""A sample's number is the first 52 bits of its id: every client holds such integers exactly."""


def sample_number(sample_id: UUID) -> int:
    """The integer by which ICAT's clients know a sample."""
    return sample_id.int >> SURPLUS_BITS


PROPOSAL_SEPARATORS = " -_./\N{HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
"""Characters that people write between the letters and the number of a proposal. They have no meaning there."""

_WITHOUT_SEPARATORS = dict.fromkeys(map(ord, PROPOSAL_SEPARATORS))


@remembered(10_000)
def proposal_key(proposal: str) -> str:
    """The key by which proposals are compared: lower case, without separators.

    `MX-1111`, `mx 1111` and `MX1111` are `mx1111`, and `IH-LS-0042` is `ihls0042`. Zeros stay. Separators between
    digits are removed too, because MXCuBE sends the number of a proposal without them.
    """
    without = normalised("NFKC", proposal).lower().translate(_WITHOUT_SEPARATORS).strip()
    return normalised("NFKC", without)


class Identities:
    """Derives the ids of one facility. Two facilities never share an id, and nothing gets two ids."""

    def __init__(self, facility: str, prefixes: PathPrefixes = NO_PREFIXES) -> None:
        self.namespace = uuid5(NAMESPACE_DNS, facility)
        self._salt = self.namespace.bytes
        self._prefixes = prefixes

    def path(self, said: str) -> str:
        """The catalogued path of a dataset's folder, wherever the sending machine has mounted it.

        Raises:
            PathInvalid: as `normalise_path`.
        """
        return self._prefixes.catalogued(normalise_path(said))

    def file(self, said: str) -> str:
        """The path of a file: an absolute path in its catalogued form, a relative one unchanged."""
        try:
            return self.path(said) if said.startswith("/") else said
        except PathInvalid:
            return said

    def dataset(self, path: str) -> UUID:
        """The id of the dataset at a path that `path` returned."""
        return _uuid5(self._salt, path)

    def investigation(self, facility_id: str) -> UUID:
        """The id of an investigation that the user office announced under its own id."""
        return uuid5(self.namespace, f"investigation:{facility_id}")

    def opened(self, proposal: str, beamline: str, start: datetime) -> UUID:
        """The id of the open-ended investigation that beamcat opens when the user office has announced none."""
        since = start.astimezone(UTC).isoformat()
        return uuid5(self.namespace, f"opened:{len(proposal)}:{proposal}:{beamline}:{since}")

    @staticmethod
    def sample(investigation_id: UUID, name: str) -> UUID:
        """The id of the sample of that name within one investigation."""
        return _uuid5(investigation_id.bytes, f"sample:{sample_name(name)}")

    @staticmethod
    def thing(investigation_id: UUID, *names: str | int) -> str:
        """The id of something that travels for an investigation: 24 hexadecimal digits, as in ICAT+."""
        return uuid5(investigation_id, f"thing:{json.dumps(names)}").hex[:24]


def _uuid5(namespace: bytes, name: str) -> UUID:
    """The same as the standard library's `uuid5`, in half of the time."""
    digest = sha1(namespace + name.encode(), usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=5)
