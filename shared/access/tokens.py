"""Bearer tokens: they say who may submit, for which beamlines, and until when.

A token is 256 random bits, shown once when it is created. The file has only its SHA-256, which needs no salt because
the token cannot be guessed. The file is read again whenever it changes, so a revoked token stops working at once.
"""

import hmac
import logging
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.access.grants import Grant
from shared.foundation.errors import BeamcatError, Fatal

logger = logging.getLogger(__name__)

PREFIX = "beamcat_"
"""The prefix by which people and secret scanners recognise a leaked token."""


class TokenRefused(BeamcatError):
    """The bearer token is not accepted. The message says why and what to do."""


class TokensUnreadable(BeamcatError):
    """The tokens file cannot be read. The message says why, and is only for the owner of the file."""


class TokenNameTaken(BeamcatError, ValueError):
    """A grant of that name exists; revoke it first, or choose another name."""


class TokenFile(BaseModel):
    """The content of the tokens file."""

    model_config = ConfigDict(extra="forbid")

    grants: list[Grant] = []


class Tokens:
    """The present grants of a tokens file."""

    def __init__(self, file: Path) -> None:
        """Raises Fatal if the path can never be a tokens file."""
        if file.is_dir():
            raise Fatal(f"BEAMCAT_TOKENS_FILE: {file} is a directory; name a file in it")
        self._file = file
        self._stamp: tuple[int, int, int] | None = None
        self._grants: Sequence[Grant] = ()

    def grant_of(self, token: str, now: datetime) -> Grant:
        """The grant of a token.

        Raises:
            TokenRefused: unknown or expired, or there is no readable tokens file.
        """
        return self.grant_of_digest(sha256(token.encode()).hexdigest(), now)

    def grant_of_digest(self, digest: str, now: datetime) -> Grant:
        """The grant of the token whose SHA-256 this is; `grant_of` says what is raised."""
        self._refresh()
        found = None
        for grant in self._grants:  # compare with all, so that the time reveals nothing
            if hmac.compare_digest(grant.token_sha256, digest):
                found = grant
        if found is None:
            raise TokenRefused("the bearer token is unknown or was revoked: ask for a new one")
        if found.expires is not None and found.expires <= now:
            raise TokenRefused(f"the bearer token of {found.name} expired at {found.expires.isoformat()}: renew it")
        return found

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._stamp = None
            raise TokenRefused(
                "there is no tokens file (BEAMCAT_TOKENS_FILE), so nobody may submit: make the first token"
            ) from None
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        if stamp != self._stamp:
            try:
                self._grants = _read(self._file).grants
            except TokensUnreadable as error:
                logger.error("nobody may submit: %s", error)  # noqa: TRY400  the caller must not learn the content
                raise TokenRefused(
                    "the tokens file cannot be read, so nobody may submit: the reason is in the log"
                ) from error
            self._stamp = stamp


def create_token(
    file: Path, name: str, beamlines: Sequence[str], expires: datetime | None = None, token: str | None = None
) -> str:
    """Grant a new producer access. It returns the token, which is not stored and cannot be shown again.

    An existing `token` can be granted, such as the API key that is built into ICAT clients. Everybody who knows it then
    has the grant, so use one only in trusted networks.

    Raises:
        TokenNameTaken: the name already has a grant.
        TokensUnreadable: the tokens file cannot be read.
    """
    token = token or PREFIX + secrets.token_urlsafe(32)
    grant = Grant(
        name=name, token_sha256=sha256(token.encode()).hexdigest(), beamlines=list(beamlines), expires=expires
    )
    with _changing(file) as content:
        if any(other.name == name for other in content.grants):
            raise TokenNameTaken(f"the name {name!r} already has a token: revoke it first, or choose another name")
        content.grants.append(grant)
    return token


def list_tokens(file: Path) -> Sequence[Grant]:
    """All grants, including expired ones; empty if there is no file.

    Raises:
        TokensUnreadable: the tokens file cannot be read.
    """
    return _read(file).grants if file.exists() else ()


def revoke_token(file: Path, name: str) -> bool:
    """Revoke a producer's access. It returns whether there was any.

    Raises:
        TokensUnreadable: the tokens file cannot be read.
    """
    with _changing(file) as content:
        left = [grant for grant in content.grants if grant.name != name]
        revoked = len(left) < len(content.grants)
        content.grants[:] = left
    return revoked


def _read(file: Path) -> TokenFile:
    try:
        return TokenFile.model_validate_json(file.read_bytes())
    except OSError as error:
        raise TokensUnreadable(f"{file} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"])) or "it"
        raise TokensUnreadable(f"{file} cannot be read: {where} is {fault['input']!r:.200}: {fault['msg']}") from error


@contextmanager
def _changing(file: Path) -> Iterator[TokenFile]:
    """The file's content, to be changed. It is written back atomically, one change at a time."""
    import fcntl  # only POSIX has it, and only changes of tokens need it

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = _read(file) if file.exists() else TokenFile()
        yield content
        fresh = file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
            output.write(content.model_dump_json(indent=2) + "\n")
            output.flush()
            os.fsync(output.fileno())
        fresh.replace(file)
