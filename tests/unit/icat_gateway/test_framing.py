import re
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.icat_gateway.stomp.bounds import Limits
from services.icat_gateway.stomp.framing import FrameRefused, Parser, Reason, StompFrame, written

LIMITS = Limits(body_bytes=1000, head_bytes=400, line_bytes=100, headers=5)
HELLO = StompFrame("CONNECT", {"accept-version": "1.1", "host": ""})
SEND = StompFrame("SEND", {"destination": "/queue/icatIngest"}, b"<a/>")


def parsed(data: bytes, version: str = "1.1", chunk: int | None = None) -> list[StompFrame]:
    parser = Parser(LIMITS)
    parser.version = version
    size = chunk or max(len(data), 1)
    return [frame for at in range(0, len(data), size) for frame in parser.feed(data[at : at + size])]


WELL_FORMED = {
    "as pyicat-plus connects": (b"CONNECT\naccept-version:1.1\nhost:\n\n\0", [HELLO]),
    "as pyicat-plus sends": (b"SEND\ndestination:/queue/icatIngest\n\n<a/>\0", [SEND]),
    "with CRLF": (b"SEND\r\ndestination:/queue/icatIngest\r\n\r\n<a/>\0", [SEND]),
    "with its length": (
        b"SEND\ncontent-length:3\n\na\0b\0",
        [StompFrame("SEND", {"content-length": "3"}, b"a\0b")],
    ),
    "an empty body": (b"SEND\n\n\0", [StompFrame("SEND")]),
    "a length of nothing": (b"SEND\ncontent-length:0\n\n\0", [StompFrame("SEND", {"content-length": "0"})]),
    "heart-beats around": (b"\n\r\n\nDISCONNECT\n\n\0\n\n", [StompFrame("DISCONNECT")]),
    "several at once": (
        b"SEND\n\n1\0SEND\n\n2\0\nSEND\n\n3\0",
        [StompFrame("SEND", {}, b) for b in (b"1", b"2", b"3")],
    ),
    "newlines in the body": (b"SEND\n\n\n\n\r\n\0", [StompFrame("SEND", {}, b"\n\n\r\n")]),
    "a header twice, the first counts": (b"SEND\na:1\na:2\n\n\0", [StompFrame("SEND", {"a": "1"})]),
    "a colon in a value": (b"SEND\na:b:c\n\n\0", [StompFrame("SEND", {"a": "b:c"})]),
    "escapes": (b"SEND\na\\c:\\\\\\n\n\n\0", [StompFrame("SEND", {"a:": "\\\n"})]),
    "CONNECT is never escaped": (b"CONNECT\na:\\t\n\n\0", [StompFrame("CONNECT", {"a": "\\t"})]),
    "a header that is not UTF-8": (b"SEND\na:\xff\n\n\0", [StompFrame("SEND", {"a": "\N{REPLACEMENT CHARACTER}"})]),
}


@pytest.mark.parametrize("case", WELL_FORMED)
@pytest.mark.parametrize("chunk", [None, 1, 2, 7])
def test_frames_are_read_however_they_arrive(case: str, chunk: int | None) -> None:
    data, frames = WELL_FORMED[case]
    assert parsed(data, chunk=chunk) == frames


MALFORMED = {
    "NUL in the headers": (b"SEND\na:b\0", Reason.MALFORMED),
    "NUL at once": (b"\0", Reason.MALFORMED),
    "a header without a colon": (b"SEND\nnonsense\n\n\0", Reason.MALFORMED),
    "another protocol": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Reason.MALFORMED),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", Reason.MALFORMED),
    "a command that is no word": (b"SE ND\n\n\0", Reason.MALFORMED),
    "a command that is not UTF-8": (b"\xff\xfe\n\n\0", Reason.MALFORMED),
    "a length that is no number": (b"SEND\ncontent-length:many\n\n\0", Reason.MALFORMED),
    "a negative length": (b"SEND\ncontent-length:-1\n\n\0", Reason.MALFORMED),
    "a length in other digits": ("SEND\ncontent-length:\u0663\n\n\0".encode(), Reason.MALFORMED),
    "a length that is too short": (b"SEND\ncontent-length:1\n\nab\0", Reason.MALFORMED),
    "an unknown escape": (b"SEND\na:\\t\n\n\0", Reason.MALFORMED),
    "an escape of nothing": (b"SEND\na:\\\n\n\0", Reason.MALFORMED),
    "a length above the limit": (b"SEND\ncontent-length:1001\n\n", Reason.TOO_LARGE),
    "an absurd length": (b"SEND\ncontent-length:" + b"9" * 50 + b"\n\n", Reason.TOO_LARGE),
    "a body above the limit": (b"SEND\n\n" + b"x" * 1001, Reason.TOO_LARGE),
    "a whole body above the limit": (b"SEND\n\n" + b"x" * 1001 + b"\0", Reason.TOO_LARGE),
    "too many headers": (b"SEND\n" + b"a:b\n" * 6 + b"\n\0", Reason.TOO_LARGE),
    "an endless header": (b"SEND\na:" + b"x" * 100, Reason.TOO_LARGE),
    "a long header among others": (b"SEND\nb:c\na:" + b"x" * 100 + b"\n\n\0", Reason.TOO_LARGE),
    "endless headers": (b"SEND\n" + b"a:b\n" * 101, Reason.TOO_LARGE),
    "an endless command": (b"S" * 101, Reason.TOO_LARGE),
}


@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("chunk", [None, 1])
def test_what_is_no_frame_is_refused_with_its_reason(case: str, chunk: int | None) -> None:
    data, reason = MALFORMED[case]
    with pytest.raises(FrameRefused) as refused:
        parsed(data, chunk=chunk)
    assert refused.value.reason is reason
    assert len(str(refused.value)) < 200


def test_what_came_before_a_malformed_frame_is_taken() -> None:
    parser = Parser(LIMITS)
    taken: list[StompFrame] = []

    def feed() -> None:
        taken.extend(parser.feed(b"SEND\n\n1\0"))
        for frame in parser.feed(b"SEND\n\n2\0BAD\0"):
            taken.append(frame)  # noqa: PERF402  extend would lose what came before

    with pytest.raises(FrameRefused):
        feed()
    assert [frame.body for frame in taken] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("version", "said", "read"), [("1.0", r"\n", r"\n"), ("1.1", r"\n", "\n"), ("1.2", r"\r\n", "\r\n")]
)
def test_escapes_are_those_of_the_version(version: str, said: str, read: str) -> None:
    assert parsed(f"SEND\na:{said}\n\n\0".encode(), version) == [StompFrame("SEND", {"a": read})]


def test_a_carriage_return_is_no_escape_of_1_1() -> None:
    with pytest.raises(FrameRefused, match="does not define"):
        parsed(b"SEND\na:\\r\n\n\0", "1.1")


def test_only_what_is_incomplete_is_held() -> None:
    parser = Parser(LIMITS)
    assert len(list(parser.feed(b"SEND\n\n1\0SEND\n\n2"))) == 1
    assert parser.held_bytes == len(b"2")
    list(parser.feed(b"\0"))
    assert parser.held_bytes == 0


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=8)
HEADERS = st.dictionaries(TEXTS.filter(lambda name: name != "content-length"), TEXTS, max_size=3)


@given(headers=HEADERS, body=st.binary(max_size=50), chunk=st.integers(1, 20), crlf=st.booleans())
def test_what_is_written_is_read_again(headers: dict[str, str], body: bytes, chunk: int, *, crlf: bool) -> None:
    escaped = {re.sub(r"[\\\n:]", _escaped, name): value for name, value in headers.items()}
    head = written("SEND", "1.1", {**escaped, "content-length": str(len(body))})[: -len(b"\0")]
    data = (head.replace(b"\n", b"\r\n") if crlf else head) + body + b"\0"
    assert parsed(data, chunk=chunk) == [StompFrame("SEND", {**headers, "content-length": str(len(body))}, body)]


@given(st.lists(st.binary(max_size=12) | st.sampled_from([b"SEND\n", b"\n\n", b"\0", b"content-length:3\n"])))
def test_whatever_arrives_is_read_the_same_in_any_pieces(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert list(_outcomes([whole])) == list(_outcomes(pieces)) == list(_outcomes([bytes([b]) for b in whole]))


def _outcomes(pieces: list[bytes]) -> Iterator[StompFrame | Reason]:
    parser = Parser(LIMITS)
    try:
        for piece in pieces:
            yield from parser.feed(piece)
    except FrameRefused as refused:
        yield refused.reason


def _escaped(match: re.Match[str]) -> str:
    return {"\\": r"\\", "\n": r"\n", ":": r"\c"}[match[0]]


LITTLE_BYTES = 100_000
"""Much less than a large frame, and more than what a parser needs besides."""


def test_the_room_of_a_large_frame_is_given_back_after_it_and_at_the_end(request: pytest.FixtureRequest) -> None:
    large = b"SEND\ndestination:/queue/icatIngest\n\n" + b"x" * 1_000_000
    again = large.partition(b"\n")[2]
    tracemalloc.start()
    request.addfinalizer(tracemalloc.stop)
    parser = Parser(Limits())
    assert [*parser.feed(large)] == []
    assert len([*parser.feed(b"\0SEND\n")]) == 1
    assert tracemalloc.get_traced_memory()[0] < LITTLE_BYTES
    assert [*parser.feed(again)] == []
    parser.let_go()
    assert (parser.held_bytes, tracemalloc.get_traced_memory()[0] < LITTLE_BYTES) == (0, True)
