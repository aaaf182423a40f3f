"""Who is who: the path is a dataset's identity, and every id is derived, never drawn.

Derived ids (UUID version 5, RFC 9562) make every replay, replica and rebuild agree without asking anybody.
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
    """The one spelling of a folder, before it is known where it is mounted; `Identities.path` gives a dataset's.

    Absolute, Unicode NFC, without empty or `.` segments and without a trailing slash. `..` is refused, not resolved:
    with symbolic links its meaning depends on the machine that resolves it.

    Raises:
        PathInvalid: not absolute, holds `..`, a control character, or is the root itself.
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
    """ICAT's list of paths, which are absolute and separated by commas.

    ICAT escapes nothing: a comma is taken for a separator only before a slash or at the end, so a folder may have one
    in its name; only a folder whose name *ends* with a comma is misread.
    """
    return [path for piece in re.split(r",\s*(?=/)", text) if (path := piece.strip().rstrip(", "))]


class PathPrefixes:
    """Where the catalogue sees what machines mount elsewhere: mounted folders, and the catalogued folder of each.

    The longest mounted prefix counts, and it is whole folders: `/mnt/data` is no prefix of `/mnt/database`. A
    catalogued path stays as it is, so mapping twice changes nothing.

    Raises:
        ValueError: a prefix is no absolute path, or the mapping could be applied twice.
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
        """Where the catalogue sees a path that `normalise_path` returned."""
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
    """The one spelling of a sample's name, which is shown and from which its id follows.

    Unicode NFC; a run of blanks of any kind, such as no-break spaces and tabs, is one space; there is none at the
    ends, and nothing that cannot be seen. It may be empty.
    """
    seen = (letter for letter in said if letter.isspace() or unicodedata.category(letter) not in INVISIBLE)
    return normalised("NFC", " ".join("".join(seen).split()))


@remembered(10_000)
def sample_key(name: str) -> str:
    """What two names of one sample have in common: they are compared without letter case, here and nowhere else.

    Letter by letter, as PostgreSQL's `lower` does it, so that its indexes find the same.
    """
    return "".join(letter.lower()[0] for letter in sample_name(name))


SURPLUS_BITS = 76
"""A sample's number is the first 52 bits of its id: every client holds such integers exactly."""


def sample_number(sample_id: UUID) -> int:
    """The integer by which ICAT's clients know a sample."""
    return sample_id.int >> SURPLUS_BITS


PROPOSAL_SEPARATORS = " -_./\N{HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"
"""What people write between the letters and the number of a proposal, and what means nothing there."""

_WITHOUT_SEPARATORS = dict.fromkeys(map(ord, PROPOSAL_SEPARATORS))


@remembered(10_000)
def proposal_key(proposal: str) -> str:
    """The one spelling by which proposals are compared: lower case, without separators.

    `MX-1111`, `mx 1111` and `MX1111` are `mx1111`, and `IH-LS-0042` is `ihls0042`. Zeros stay. Separators between
    digits go as well, because MXCuBE sends the number of a proposal without them.
    """
    without = normalised("NFKC", proposal).lower().translate(_WITHOUT_SEPARATORS).strip()
    return normalised("NFKC", without)


class Identities:
    """The ids of one facility: two facilities never share an id, one facility never makes two for one thing."""

    def __init__(self, facility: str, prefixes: PathPrefixes = NO_PREFIXES) -> None:
        self.namespace = uuid5(NAMESPACE_DNS, facility)
        self._salt = self.namespace.bytes
        self._prefixes = prefixes

    def path(self, said: str) -> str:
        """The one spelling of a dataset's folder, wherever the machine that says it has mounted it.

        Raises:
            PathInvalid: as `normalise_path`.
        """
        return self._prefixes.catalogued(normalise_path(said))

    def file(self, said: str) -> str:
        """Where a file is: an absolute path as the catalogue sees it, a relative one as it was said."""
        try:
            return self.path(said) if said.startswith("/") else said
        except PathInvalid:
            return said

    def dataset(self, path: str) -> UUID:
        """The id of the dataset at a path that `path` returned."""
        digest = sha1(self._salt + path.encode(), usedforsecurity=False).digest()
        return UUID(bytes=digest[:16], version=5)  # as `uuid5`, which takes twice as long

    def investigation(self, facility_id: str) -> UUID:
        """The id of an investigation that the user office announced under its own id."""
        return uuid5(self.namespace, f"investigation:{facility_id}")

    def opened(self, proposal: str, beamline: str, start: datetime) -> UUID:
        """The open-ended investigation that holds what the user office announced nothing for, from a moment on."""
        since = start.astimezone(UTC).isoformat()
        return uuid5(self.namespace, f"opened:{len(proposal)}:{proposal}:{beamline}:{since}")

    @staticmethod
    def sample(investigation_id: UUID, name: str) -> UUID:
        """The sample of that name within one investigation."""
        return uuid5(investigation_id, f"sample:{sample_name(name)}")

    @staticmethod
    def thing(investigation_id: UUID, *names: str | int) -> str:
        """The 24 hexadecimal digits of something that travels for an investigation, as ICAT+ has its ids."""
        return uuid5(investigation_id, f"thing:{json.dumps(names)}").hex[:24]
