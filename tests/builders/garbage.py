"""Garbled records: a well-formed envelope with any content that a defect or a stranger may write."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from shared.events.members import HEADER
from shared.events.record import Headers, Record

ODD: list[object] = [
    None,
    True,
    [],
    {},
    [[]],
    [None],
    {"": None},
    [{"name": 1}],
    "",
    "x",
    "\x01",
    "/data/other",
    "00000000-0000-0000-0000-000000000000",
    "2026-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "y" * 5000,
    0,
    -1,
    1.5,
    2**31,
    2**63,
    -(2**70),
    10**400,
    1e308,
]
WHOLE = [b"", b"null", b"[]", b"0", b'"x"', b"{}", b"{", b"[" * 3000, b'{"":0}', b"\xff", b"\x00", b" ", b'{"a":NaN}']
TIMESTAMPS = [-1, 0, -(2**62), 2**40, 2**53, 2**62, 2**63 - 1]
KEYS = [None, b"", b"\xff", b"not-a-uuid", b"00000000-0000-0000-0000-000000000000"]


def garbled(record: Record, chance: random.Random) -> Record:
    """The record with one to three faults."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        record = chance.choice(WAYS)(record, chance)
    return record


def _another_value(record: Record, chance: random.Random) -> Record:
    payload = _payload(record)
    places = list(_places(payload))
    if not places:
        return record
    parent, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[f"{key}s"] = parent.pop(key)
        case 2:
            other, name = chance.choice(places)
            parent[key] = copy.deepcopy(other[name]) if not isinstance(other, list) or name < len(other) else None
        case 3:
            parent[key] = str(parent[key])
        case _:
            parent[key] = chance.choice(ODD)
    return replace(record, value=json.dumps(payload, ensure_ascii=False).encode(errors="surrogatepass"))


def _another_section(record: Record, chance: random.Random) -> Record:
    payload = _payload(record)
    if not isinstance(payload, dict) or not payload:
        return record
    name = chance.choice(list(payload))
    payload.pop(name)
    if chance.random() < 0.7:
        payload[name] = chance.choice(ODD)
    return replace(record, value=json.dumps(payload).encode())


def _cut(record: Record, chance: random.Random) -> Record:
    value = record.value or b""
    start = chance.randrange(len(value) + 1)
    end = min(len(value), start + chance.choice([0, 1, 1, 10, 1000, 10**9]))
    put = chance.choice([b"", b"", b",", b'"', b"}", b"\x00", b"\xc3", b"1e999", bytes([chance.randrange(256)])])
    return replace(record, value=value[:start] + put + value[end:])


def _whole(record: Record, chance: random.Random) -> Record:
    return replace(record, value=chance.choice(WHOLE))


def _lying_members(record: Record, chance: random.Random) -> Record:
    """Shift, cut, invent or drop the header `members`."""
    headers = dict(record.headers)
    entries = [entry.split(" ") for entry in headers.get(HEADER, b"parameters 1 30").decode().split(",")]
    entry = chance.choice(entries)
    size = len(record.value or b"")
    match chance.randrange(6):
        case 0:
            entry[chance.randrange(len(entry))] = str(chance.choice([0, 1, -1, size, size - 1, 2 * size, 10**30, "x"]))
        case 1 if entry[-1].isdecimal():
            entry[-1] = str(int(entry[-1]) + chance.choice([-100, -2, -1, 1, 2, 100]))
        case 2:
            entry[0] = chance.choice(["parameters", "document.parameters", "dataset", "links", "commit", "", "a.b.c"])
        case 3:
            entries.remove(entry)
        case 4:
            entries = [["parameters", "1", str(size - 1)]]
        case _:
            entries = [["document.parameters", str(chance.randrange(size + 1)), str(size)]]
    headers[HEADER] = ",".join(" ".join(entry) for entry in entries).encode()
    return replace(record, headers=tuple(headers.items()))


def _other_envelope(record: Record, chance: random.Random) -> Record:
    match chance.randrange(4):
        case 0:
            return replace(record, key=chance.choice(KEYS))
        case 1:
            return replace(record, timestamp_ms=chance.choice(TIMESTAMPS))
        case 2:
            time = chance.choice([b"", b"yesterday", b"0001-01-01T00:00:00+14:00", b"2026-01-01T00:00:00"])
            return replace(
                record, headers=(*(pair for pair in record.headers if pair[0] != "ce_time"), ("ce_time", time))
            )
        case _:
            return replace(record, headers=_without(record, "ce_time", HEADER))


def _without(record: Record, *names: str) -> Headers:
    return tuple(pair for pair in record.headers if pair[0] not in names)


WAYS: list[Callable[[Record, random.Random], Record]] = [
    _another_value,
    _another_value,
    _another_value,
    _another_section,
    _cut,
    _whole,
    _lying_members,
    _lying_members,
    _other_envelope,
]


def _payload(record: Record) -> Any:
    try:
        return json.loads(record.value or b"")
    except (ValueError, RecursionError):
        return None


def _places(payload: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value, as its container and its key or index."""
    unread = [payload]
    while unread:
        parent = unread.pop()
        if isinstance(parent, dict | list):
            for key, value in parent.items() if isinstance(parent, dict) else enumerate(parent):
                yield parent, key
                unread.append(value)
