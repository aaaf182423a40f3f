"""The types of settings that are more than a number or a word: what each takes, and the sentence that says so."""

import json
import os
import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field

from shared.events.identity import PathPrefixes

MOST_COUNT = 2**31 - 1
MOST_BYTES = 2**53
PREFIXES_EXAMPLE = 'write {"/mnt/storage/data": "/data"}'
FOLDERS_EXAMPLE = 'write /one:/other, or ["/one", "/other"]'
SERVER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:,/\[\]@]+)(:\d{1,5})?")
HOST = re.compile(r"[^\s/@]+")
DNS_NAME = re.compile(r"[\w-]+(\.[\w-]+)*")


def _folders(said: object) -> object:
    """Folders from one text: a single one, several separated by colons, or a JSON list."""
    if not isinstance(said, str):
        return said
    if said.lstrip().startswith("["):
        try:
            folders = json.loads(said)
        except ValueError as error:
            raise ValueError(f"this is not a JSON list ({error}); {FOLDERS_EXAMPLE}") from None
        if not all(isinstance(folder, str) and folder for folder in folders):
            raise ValueError(f"this is not a JSON list of folders; {FOLDERS_EXAMPLE}")
        return folders
    if re.search(r",\s*/", said):
        raise ValueError(f"folders are separated by colons; {FOLDERS_EXAMPLE}")
    return [folder for folder in map(str.strip, said.split(os.pathsep)) if folder]


def _absolute(folders: list[str]) -> list[str]:
    for folder in folders:
        if not folder.startswith("/"):
            raise ValueError(f"{folder!r} is not an absolute path; {FOLDERS_EXAMPLE}")
    return folders


def _path_prefixes(said: object) -> object:
    """The prefixes, once it is certain that they can be followed."""
    if isinstance(said, str):
        try:
            said = json.loads(said, object_pairs_hook=_unique) if said.strip() else {}
        except ValueError as error:
            raise ValueError(f"this is not the JSON of folders, {error}; {PREFIXES_EXAMPLE}") from None
    if not isinstance(said, dict) or not all(isinstance(folder, str) for folder in said.values()):
        raise ValueError(f"this is not a JSON object of folders; {PREFIXES_EXAMPLE}")
    PathPrefixes(said)
    return said


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a mounted folder stands in it twice")
    return found


def _time_zone(said: str) -> str:
    try:
        ZoneInfo(said)
    except (KeyError, ValueError, OSError):
        near = get_close_matches(said, available_timezones(), n=1)
        raise ValueError(f"there is no such IANA time zone; write {near[0] if near else 'Europe/Paris'}") from None
    return said


def _postgres_url(said: str) -> str:
    if not re.match(r"postgres(ql)?://", said) or not _has_ports(said):
        raise ValueError("this is not the address of a database; write postgresql://user@host:port/name")
    return said


def _http_url(said: str) -> str:
    if not re.match(r"https?://[^\s/]+", said) or not _has_ports(said):
        raise ValueError("this is not an address of HTTP; write http://host:port")
    return said


def _has_ports(url: str) -> bool:
    """Whether what stands in a URL in the place of a port is one."""
    try:
        return (urlsplit(url).port or 1) > 0
    except ValueError:
        return False


def _servers(said: str) -> str:
    if not all(SERVER.fullmatch(server.strip()) for server in said.split(",")):
        raise ValueError("this is not a list of brokers; write host:port, or several separated by commas")
    return said


def _level(said: object) -> object:
    return said.upper() if isinstance(said, str) else said


def _matching(pattern: re.Pattern[str], cure: str) -> Callable[[str], str]:
    def check(said: str) -> str:
        if not pattern.fullmatch(said):
            raise ValueError(cure)
        return said

    return check


Count = Annotated[int, Field(ge=1, le=MOST_COUNT)]
"""How many of something."""
Bytes = Annotated[int, Field(le=MOST_BYTES)]
Port = Annotated[int, Field(ge=0, le=65535)]
"""A port to listen on; 0 takes any that is free."""
Host = Annotated[str, AfterValidator(_matching(HOST, "write a name or an address of this machine, such as 127.0.0.1"))]
DnsName = Annotated[str, AfterValidator(_matching(DNS_NAME, "this is not a DNS name; write one such as esrf.fr"))]
Servers = Annotated[str, AfterValidator(_servers)]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Folders = Annotated[list[Path], BeforeValidator(_folders)]
Roots = Annotated[list[str], AfterValidator(_absolute), BeforeValidator(_folders)]
Prefixes = Annotated[dict[str, str], BeforeValidator(_path_prefixes)]
Level = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_level)]
