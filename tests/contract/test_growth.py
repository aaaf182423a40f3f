"""Doubling an input at most doubles the work: for everything that a stranger can send, a table of what is hard to read.

Each reader gets an input and one eight times as large. Where the work grows with the square, the second takes 64 times
as long; 32 times is the bound, of CPU time within one run, so that a busy machine does not matter. To add a reader, add
a line: how the input is made from a number, and who reads it.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from clients.importers.assembly import FileNotUnderstood
from clients.importers.dates import DateUnclear, read_moment
from clients.importers.files import _found as imported
from services.gateway.request_body import parse_json, read_json, read_model
from services.icat_gateway.stomp.bounds import Limits
from services.icat_gateway.stomp.framing import Parser
from services.icat_plus.logbook import Pictured, Place, Written, entry_of
from services.search.projections.datasets.note import words_of
from services.search.query.faults import QueryInvalid
from services.search.query.naming import Naming
from services.search.query.query import read_query
from shared.events.codes import Code, Poison, Refusal
from shared.events.dataset import DatasetSubmitted, Submission
from shared.events.headers import headers_of
from shared.events.identity import normalise_path, proposal_key, sample_key, sample_name, split_paths
from shared.events.record import Record
from shared.events.rejection_message import rejection_message
from shared.events.topics import SUBMITTED
from shared.events.wire import read
from shared.foundation.problem import Problem
from tests.builders.described import VOCABULARY
from tests.builders.icat_messages import IDENTITIES, NOW, a_dataset, translated
from tests.builders.validator import the_verdict

SMALL, TIMES, MOST_TIMES = 2_000, 8, 32
NOTICED_SECONDS = 0.0005
ATTEMPTS = 3

MARKS = "\u0315\u0300"
"""Two marks in the order that normalisation must change."""


class Reader(NamedTuple):
    """Makes an input of a size, and reads it; that it is refused is no matter."""

    made: Callable[[int], Any]
    read: Callable[[Any], object]


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def submission(**said: object) -> dict[str, object]:
    return {"name": "a", "path": "/data/a", "proposal": "mx1", "beamline": "b", **said}


def twice(n: int) -> bytes:
    return as_json({f"n{i}": 1 for i in range(n)})[:-1] + b',"n1":2}'


def inputs(n: int) -> list[str]:
    return [f"/data/i{number}" for number in range(n)]


def record(value: bytes) -> Record:
    headers = headers_of(SUBMITTED, receipt_id="r", source="/producers/p", time="t")
    return Record(SUBMITTED.name, 0, 0, 0, b"key", value, headers)


def read_event(value: bytes) -> object:
    return read(record(value), SUBMITTED, DatasetSubmitted)


def reject(value: bytes) -> object:
    return rejection_message("validator", record(value), Refusal(Code.NOT_JSON, "why"), NOW)


def judge(said: dict[str, Any]) -> object:
    return the_verdict(**said)


def moment(text: str) -> object:
    return read_moment(text, ZoneInfo("Europe/Paris"))


def update(body: bytes) -> object:
    return translated(body, "icatUpdateDatasetMetadata")


def frames(data: bytes, piece: int = 32_768) -> None:
    parser = Parser(Limits(body_bytes=10**9, head_bytes=10**9, line_bytes=10**9, headers=10**9))
    parser.version = "1.2"
    for place in range(0, len(data), piece):
        list(parser.feed(data[place : place + piece]))


def frames_in_pieces(data: bytes) -> None:
    frames(data, 16)


def ask(pairs: list[tuple[str, str]]) -> object:
    return read_query(pairs, IDENTITIES, UTC, Naming(VOCABULARY))


def note(body: dict[str, object]) -> object:
    written = (Pictured if "base64" in body else Written).model_validate(body)
    return entry_of(written, Place(), IDENTITIES, NOW, UTC)


def element(inner: bytes) -> bytes:
    start = b"<dataset><name>a</name><location>/data/a</location><investigation>mx1</investigation>"
    return b"%b%b</dataset>" % (start, inner)


def parameters(names: Callable[[int], str], value: object = "1") -> Callable[[int], dict[str, object]]:
    return lambda n: {"parameters": {names(number): value for number in range(n)}}


def one(name: str, value: Callable[[int], object]) -> Callable[[int], dict[str, object]]:
    return lambda n: {"parameters": {name: value(n)}}


READERS = {
    # JSON at the doors
    "a name that stands twice": Reader(twice, parse_json),
    "numbers that are none": Reader(lambda n: b'{"a":[%b]}' % b",".join([b"NaN"] * n), parse_json),
    "escapes": Reader(lambda n: b'{"a":"%b"}' % (rb"\u0041\ud83d\ude00" * n), read_json),
    "nesting": Reader(lambda n: b'{"a":%b%b}' % (b"[" * n, b"]" * n), read_json),
    "wide and deep": Reader(lambda n: as_json({"a": [[[[1]]]] * n}), read_json),
    "fields that nobody knows": Reader(
        lambda n: submission(**{f"u{i}": 1 for i in range(n // 4)}), lambda said: read_model(said, Submission)
    ),
    "inputs that are no paths": Reader(lambda n: submission(input=[1] * n), lambda said: read_model(said, Submission)),
    # events
    "an event": Reader(lambda n: as_json({"submission": submission(input=inputs(n))}), read_event),
    "an event that is wrong": Reader(lambda n: as_json({"submission": submission(input=[1] * n)}), read_event),
    "an event that speaks of NaN": Reader(lambda n: as_json({"submission": submission(note=["NaN"] * n)}), read_event),
    "what is rejected": Reader(lambda n: b"{" * (100 * n), reject),
    # names and paths
    "marks in a path": Reader(lambda n: "/data/" + MARKS * n, normalise_path),
    "segments of a path": Reader(lambda n: "/data" + "/." * n, normalise_path),
    "marks in a sample": Reader(lambda n: "s" + MARKS * n, sample_name),
    "marks in the key of a sample": Reader(lambda n: "s" + MARKS * n, sample_key),
    "marks in a proposal": Reader(lambda n: "mx" + MARKS * n, proposal_key),
    "marks in words": Reader(lambda n: "a" + MARKS * n, words_of),
    "words": Reader(lambda n: " ".join(f"a{i}" for i in range(n)), words_of),
    "paths and commas": Reader(lambda n: ",/a" * n + ", " * n, split_paths),
    "commas and blanks": Reader(lambda n: "," + " " * n + "x", split_paths),
    # the validator
    "unknown parameters": Reader(parameters(lambda i: f"MX_resolutio_{i}"), judge),
    "parameters of known families": Reader(parameters(lambda i: f"Instrument{i}_name"), judge),
    "units": Reader(lambda n: {**parameters(lambda i: f"p{i}")(n), "units": {f"p{i}": "mm" for i in range(n)}}, judge),
    "units of other spellings": Reader(
        lambda n: {**parameters(lambda i: f"p{i}")(n), "units": {f"P{i}": "mm" for i in range(n)}}, judge
    ),
    "marks in a unit": Reader(
        lambda n: {"parameters": {"MX_resolution": 1}, "units": {"MX_resolution": "m" + MARKS * n}}, judge
    ),
    "a number and blanks": Reader(one("MX_resolution", lambda n: "1" + " " * n + "x"), judge),
    "a beam centre and blanks": Reader(one("MX_xBeam", lambda n: "1" + " " * n + "x"), judge),
    "a beam centre of blanks": Reader(one("MX_xBeam", lambda n: " " * n + "px"), judge),
    "digits": Reader(one("MX_resolution", lambda n: "1" * n + "x"), judge),
    "numbers with commas": Reader(one("MX_resolution", lambda n: "1,000" * n), judge),
    "a vector": Reader(one("MX_characterisation_strategy_space_group_list", lambda n: "1 " * n), judge),
    "a list": Reader(one("MX_resolution", lambda n: ["1"] * n), judge),
    "a space group": Reader(one("MX_spaceGroup", lambda n: "P 21" * n + " " * n), judge),
    "a time": Reader(one("startDate", lambda n: "2024-11-30T" * n), judge),
    "inputs": Reader(lambda n: {"input": inputs(n), "type": "processed"}, judge),
    "one input, again and again": Reader(lambda n: {"input": ["/data/i"] * n}, judge),
    "inputs that are no folders": Reader(lambda n: {"input": [f"i{i}" for i in range(n)]}, judge),
    "inputs in a parameter": Reader(one("input_datasets", lambda n: ",".join(inputs(n))), judge),
    "files": Reader(lambda n: {"files": [{"path": f"f{i}"} for i in range(n)]}, judge),
    "a technique": Reader(lambda n: {"technique": "MX" * n}, judge),
    "a detector": Reader(one("InstrumentDetector01_model", lambda n: "pilatus eiger" * n), judge),
    # ICAT's clients
    "XML of a client": Reader(
        lambda n: element(b"".join(b"<parameter><name>p%d</name><value>1</value></parameter>" % i for i in range(n))),
        translated,
    ),
    "one parameter, again and again": Reader(
        lambda n: element(b"<parameter><name>p</name><value>1</value></parameter>" * n), translated
    ),
    "files in XML": Reader(
        lambda n: element(b"".join(b"<datafile><location>f%d</location></datafile>" % i for i in range(n))), translated
    ),
    "elements": Reader(lambda n: element(b"<a/>" * n), translated),
    "elements in elements": Reader(lambda n: b"<dataset>" * n + b"</dataset>" * n, translated),
    "attributes": Reader(lambda n: b"<dataset %b/>" % b" ".join(b'a%d="1"' % i for i in range(n)), translated),
    "namespaces": Reader(lambda n: b"<a %b/>" % b" ".join(b'xmlns:a%d="%d"' % (i, i) for i in range(n)), translated),
    "comments": Reader(lambda n: b"<!-- - -->" * n + a_dataset(), translated),
    "entities": Reader(lambda n: element(b"<a>%b</a>" % (b"&amp;&#65;" * n)), translated),
    "an update of a list": Reader(lambda n: as_json({"datasetPaths": ["/d"] * n}), update),
    "an update of letters": Reader(lambda n: as_json({"datasetPaths": ["/", ","] * n}), update),
    # STOMP
    "headers": Reader(lambda n: b"SEND\n%b\n\0" % b"".join(b"h%d:x\n" % i for i in range(n)), frames),
    "headers in pieces": Reader(lambda n: b"SEND\n%b\n\0" % (b"h:x\n" * n), frames_in_pieces),
    "a header in pieces": Reader(lambda n: b"SEND\nh:%b\n\n\0" % (b"x" * n), frames_in_pieces),
    "escapes in a header": Reader(lambda n: b"SEND\nh:%b\n\n\0" % (rb"\n" * n), frames),
    "a body in pieces": Reader(lambda n: b"SEND\n\n%b\0" % (b"x" * n), frames_in_pieces),
    "a body of a length in pieces": Reader(
        lambda n: b"SEND\ncontent-length:%d\n\n%b\0" % (n, bytes(n)), frames_in_pieces
    ),
    "newlines": Reader(lambda n: b"\r\n" * n, frames),
    "frames": Reader(lambda n: b"SEND\n\n\0" * n, frames),
    # what is asked of search
    "words that are asked for": Reader(lambda n: [("q", "a-" * n)], ask),
    "words and numbers": Reader(lambda n: [("q", "a-1 " * n)], ask),
    "fields of a query": Reader(lambda n: [(f"f{i}", "a") for i in range(n // 4)], ask),
    "conditions": Reader(lambda n: [("parameters", ",".join(f"a{i}~gt~1" for i in range(n)))], ask),
    "values of a condition": Reader(lambda n: [("parameters", "a~in~" + ";".join(map(str, range(n))))], ask),
    "stars": Reader(lambda n: [("parameters", "a~like~" + "*a" * n)], ask),
    "backslashes": Reader(lambda n: [("parameters", "a~eq~" + "\\," * n)], ask),
    "written conditions": Reader(lambda n: [("parameters", ",".join(f"a{i}<1" for i in range(n)))], ask),
    "signs": Reader(lambda n: [("parameters", "a" + "<1" * n)], ask),
    "blanks before a sign": Reader(lambda n: [("parameters", " " * n + "<1")], ask),
    "quotation marks": Reader(lambda n: [("parameters", "a='b,c=\"" * n)], ask),
    "conditions among words": Reader(lambda n: [("q", "a<b a=b " * n)], ask),
    "digits among words": Reader(lambda n: [("q", "1" * n + " " + "1.e" * n)], ask),
    "a list in a query": Reader(lambda n: [("beamline", "a," * n)], ask),
    # the logbook
    "text of the logbook": Reader(lambda n: {"type": "annotation", "content": [{"text": "a " * n}]}, note),
    "a data URL": Reader(lambda n: {"base64": "data:" + ";a" * n}, note),
    "a type in a data URL": Reader(lambda n: {"base64": "data:" + "a/" * n}, note),
    # what pipelines leave behind
    "XML of a pipeline": Reader(lambda n: b"<AutoProcContainer>%b</AutoProcContainer>" % (b"<a>1</a>" * n), imported),
    "scalings": Reader(
        lambda n: as_json({"AutoProcContainer": {"AutoProcScalingContainer": [{"AutoProcScaling": {}}] * (n // 8)}}),
        imported,
    ),
    "words of a date": Reader(lambda n: "30 nov " * n, moment),
    "digits of a date": Reader(lambda n: "1/" * n, moment),
    "times of a date": Reader(lambda n: "10:10 " * n, moment),
    "a name twice in JSON": Reader(twice, imported),
    "JSON that is deep": Reader(lambda n: b'{"a":%b%b}' % (b"[" * (n // 4), b"]" * (n // 4)), imported),
    "rows of CIF": Reader(lambda n: b"data_a\nloop_\n_reflns_shell.d_res_high\n" + b"1.0\n" * n, imported),
    "items of CIF": Reader(lambda n: b"data_a\n" + b"".join(b"_a.b%d 1\n" % i for i in range(n)), imported),
    "a text of CIF": Reader(lambda n: b"data_a\n_cell.length_a\n;" + b"a\n" * n + b";\n", imported),
    "blocks of CIF": Reader(lambda n: b"".join(b"data_%d\n_cell.length_a 1\n" % i for i in range(n // 8)), imported),
}


@pytest.mark.parametrize("name", READERS)
def test_work_grows_no_faster_than_what_is_sent(name: str) -> None:
    reader = READERS[name]
    small, large = reader.made(SMALL), reader.made(TIMES * SMALL)
    ratios = []
    for _ in range(ATTEMPTS):
        few = min(seconds(reader, small) for _ in range(3))
        ratios.append(seconds(reader, large) / max(few, NOTICED_SECONDS))
        if ratios[-1] < MOST_TIMES:
            return
    pytest.fail(f"{TIMES} times the input takes {min(ratios):.0f} times as long to read")


def seconds(reader: Reader, said: object) -> float:
    """Of this process alone."""
    began = time.process_time()
    with suppress(Problem, Poison, FileNotUnderstood, QueryInvalid, DateUnclear, ValueError):
        reader.read(said)
    return time.process_time() - began
