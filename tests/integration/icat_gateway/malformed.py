"""What a port on a network is sent sooner or later: malformed frames, and bodies that nothing should choke on."""

import gzip
import json
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat

MEBIBYTE = 1024 * 1024
CONNECT = b"CONNECT\naccept-version:1.1\nhost:\n\n\0"
HEAD = b"SEND\ndestination:/queue/icatIngest\n"
SEND = HEAD + b"\n<a/>\0"
SESSION = CONNECT + SEND + b"DISCONNECT\n\n\0"

Stream = Callable[[], Iterable[bytes]]
"""Gives the pieces of one connection's bytes, lazily: some are larger than memory should be."""

XML = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = 'xmlns:tns="http://www.esrf.fr/icat"'


def frames() -> Iterator[tuple[str, Stream]]:
    """Connections whose bytes are no STOMP, or not all of it, or too much of it."""
    for name, data in chain(_truncated(), _with_nul(), _lengths(), _protocols(), _encodings(), _noise(), _sessions()):
        yield name, partial(list, [data])
    yield from _endless()


def bodies() -> Iterator[tuple[str, bytes]]:
    """Bodies of frames that are well-formed: each is to be taken, and to become an event or a rejection."""
    yield from _entities()
    yield from _xml()
    yield from _json()
    yield from _binary()


def _truncated() -> Iterator[tuple[str, bytes]]:
    for cut in range(1, len(SESSION), 3):
        yield f"truncated after {cut} bytes", SESSION[:cut]


def _with_nul() -> Iterator[tuple[str, bytes]]:
    for place in range(0, len(HEAD), 2):
        yield f"NUL inside the head at {place}", CONNECT + HEAD[:place] + b"\0" + HEAD[place:] + b"\n<a/>\0"


def _lengths() -> Iterator[tuple[str, bytes]]:
    for said in (
        "3",
        "5",
        "0",
        "-1",
        "4.0",
        "0x4",
        "",
        " ",
        "four",
        "1e3",
        "9" * 30,
        "9" * 5000,
        "\u0664",
        "4,4",
        "8388609",
    ):
        yield (
            f"content-length {said[:10]!r} ({len(said)} letters) of 4",
            CONNECT + HEAD + f"content-length:{said}\n\n<a/>\0".encode(),
        )
    yield "two content-lengths", CONNECT + HEAD + b"content-length:99\ncontent-length:4\n\n<a/>\0"


def _protocols() -> Iterator[tuple[str, bytes]]:
    for name, data in {
        "HTTP": b"GET / HTTP/1.1\r\nHost: icat\r\n\r\n",
        "HTTP with a body": b"POST /queue HTTP/1.1\r\nContent-Length: 4\r\n\r\n<a/>",
        "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
        "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
        "AMQP": b"AMQP\x00\x00\x09\x01",
        "MQTT": b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04icat",
        "OpenWire": b"\x00\x00\x01\x41\x01ActiveMQ\x00\x00\x00\x0c",
        "Kafka": b"\x00\x00\x00\x23\x00\x12\x00\x03\x00\x00\x00\x01\x00\x04icat",
        "PostgreSQL": b"\x00\x00\x00\x08\x04\xd2\x16\x2f",
        "Redis": b"*1\r\n$4\r\nPING\r\n",
        "SMTP": b"EHLO icat\r\n",
        "telnet": b"\xff\xfd\x18\xff\xfd\x20",
        "PROXY": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n",
    }.items():
        yield name, data
        yield f"{name} after CONNECT", CONNECT + data


def _encodings() -> Iterator[tuple[str, bytes]]:
    text = SESSION.decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp500", "utf-7", "utf-8-sig"):
        yield f"the session in {encoding}", text.replace("\0", "\0\n").encode(encoding)
    yield "headers that are not UTF-8", CONNECT + b"SEND\ndestination:\xff\xfe\n\n<a/>\0"
    yield "a destination beyond ASCII", CONNECT + "SEND\ndestination:/queue/icatIngest\u200b\n\n<a/>\0".encode()


def _noise() -> Iterator[tuple[str, bytes]]:
    for seed in range(20):
        chance = random.Random(seed)
        yield f"noise {seed}", chance.randbytes(chance.randrange(1, 5000))
        yield f"noise {seed} after CONNECT", CONNECT + chance.randbytes(chance.randrange(1, 5000))


def _sessions() -> Iterator[tuple[str, bytes]]:
    for command in (
        "BEGIN",
        "COMMIT",
        "ABORT",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "ACK",
        "NACK",
        "MESSAGE",
        "ERROR",
        "CONNECT",
    ):
        yield f"{command} is not served", CONNECT + f"{command}\ntransaction:1\nid:1\n\n\0".encode()
    for destination in ("", "/queue/", "/topic/icatIngest", "/queue/icatIngest/../x", "/queue/*", "/queue/icatingest"):
        yield f"to {destination!r}", CONNECT + f"SEND\ndestination:{destination}\n\n<a/>\0".encode()
    yield "SEND before CONNECT", SEND
    yield "a version of the future", b"CONNECT\naccept-version:9.9\n\n\0"
    yield "an unknown escape", CONNECT + b"SEND\ndestination:\\q\n\n\0"
    yield "a lonely backslash", CONNECT + b"SEND\ndestination:\\\n\n\0"
    yield "a header without a name", CONNECT + HEAD + b":\n\nx\0"
    yield "only newlines", b"\n" * 100_000
    yield "only NUL", b"\0" * 100_000
    yield "nothing at all", b""


def _endless() -> Iterator[tuple[str, Stream]]:
    chunk = b"x" * 65_536
    hundred = 100 * MEBIBYTE // len(chunk)
    for name, begin, piece in (
        ("an endless header of 100 MB", CONNECT + HEAD + b"a:", chunk),
        ("100 MB of headers", CONNECT + HEAD, b"a:b\n" * 16_384),
        ("an endless command of 100 MB", b"", b"S" * 65_536),
        ("a body of 100 MB without a length", CONNECT + HEAD + b"\n", chunk),
        ("a body of 100 MB with its length", CONNECT + HEAD + b"content-length:104857600\n\n", chunk),
        ("100 MB before CONNECT", b"SEND\n\n", chunk),
    ):
        yield name, partial(_repeated, begin, piece, hundred)
    yield "a million heart-beats", partial(_repeated, CONNECT, b"\n" * 10_000, 100)


def _repeated(begin: bytes, piece: bytes, times: int) -> Iterator[bytes]:
    return chain([begin], repeat(piece, times))


def _entities() -> Iterator[tuple[str, bytes]]:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for name, declared, used in (
        ("billion laughs", f'<!ENTITY l0 "lol">{laughs}', "&l9;"),
        ("quadratic blow-up", f'<!ENTITY a "{"a" * 50_000}">', "&a;" * 10_000),
        ("an entity of itself", '<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
        ("an external entity, a file", '<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"),
        ("an external entity, the network", '<!ENTITY x SYSTEM "http://127.0.0.1:9/x">', "&x;"),
        ("an external entity, a device", '<!ENTITY x SYSTEM "file:///dev/zero">', "&x;"),
        ("a parameter entity", '<!ENTITY % p SYSTEM "file:///etc/passwd">%p;', ""),
        ("an attribute of the document type", '<!ATTLIST dataset complete CDATA "x">', ""),
    ):
        document = f"{XML}<!DOCTYPE tns:dataset [{declared}]><tns:dataset {NAMESPACE}>{used}</tns:dataset>"
        yield name, document.encode()
    yield "an external document type", f'{XML}<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'.encode()
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>'
    yield "XInclude", f"{XML}<tns:dataset {NAMESPACE}>{include}</tns:dataset>".encode()


def _xml() -> Iterator[tuple[str, bytes]]:
    dataset = f"{XML}<tns:dataset {NAMESPACE} complete='true'><tns:name>n</tns:name></tns:dataset>"
    parameter = "<tns:parameter><tns:name>a</tns:name><tns:value>b</tns:value></tns:parameter>"
    attributes = [f'a{number}=""' for number in range(100_000)]
    for name, text in {
        "empty": "",
        "whitespace": " \n\t ",
        "no namespace": dataset.replace("tns:", ""),
        "another namespace": dataset.replace("www.esrf.fr", "www.example.org"),
        "an unbound prefix": dataset.replace(NAMESPACE, ""),
        "another root": "<tns:sample " + NAMESPACE + "/>",
        "two roots": dataset + "<b/>",
        "mismatched tags": dataset.replace("</tns:name>", "</tns:nome>"),
        "an unclosed attribute": "<tns:dataset complete='",
        "an attribute twice": f"<tns:dataset {NAMESPACE} a='1' a='2'/>",
        "a control character": dataset.replace(">n<", ">\x01<"),
        "a reference to NUL": dataset.replace(">n<", ">&#0;<"),
        "half a surrogate pair": dataset.replace(">n<", ">&#xD800;<"),
        "100,000 parameters": dataset.replace("</tns:dataset>", parameter * 100_000 + "</tns:dataset>"),
        "100,000 levels": "<a>" * 100_000 + "</a>" * 100_000,
        "100,000 attributes": f"<a {' '.join(attributes)}/>",
        "a name of a megabyte": f"<{'a' * MEBIBYTE}/>",
        "a value of a megabyte": dataset.replace(">n<", f">{'n' * MEBIBYTE}<"),
        "a comment of a megabyte": f"<!--{'x' * MEBIBYTE}-->{dataset}",
        "a processing instruction": '<?php echo "x" ?>' + dataset,
        "another encoding than it says": dataset.replace("UTF-8", "UTF-16"),
        "an unknown encoding": dataset.replace("UTF-8", "klingon"),
    }.items():
        yield f"XML: {name}", text.encode()
    for cut in range(10, len(dataset), 17):
        yield f"XML cut after {cut}", dataset[:cut].encode()
    for encoding in ("utf-16", "utf-16-be", "utf-32", "utf-7", "cp500"):
        yield f"XML in {encoding}", dataset.encode(encoding)
    yield "XML in Latin 1 that says UTF-8", dataset.replace(">n<", ">é<").encode("latin-1")


def _json() -> Iterator[tuple[str, bytes]]:
    update = {"proposal": "mx1", "beamline": "id1", "datasetPaths": ["/d"], "metadataName": "a", "metadataValue": "b"}
    whole = json.dumps(update)
    for name, text in {
        "null": "null",
        "a number": "1",
        "a list": "[]",
        "no fields": "{}",
        "a name twice": '{"datasetId": 1, "datasetId": 2}',
        "NaN": '{"datasetId": NaN}',
        "a huge number": '{"datasetId": 1' + "0" * 5000 + "}",
        "a negative number": '{"datasetId": -1}',
        "text for a number": '{"datasetId": "one"}',
        "half a surrogate pair": '{"datasetId": "\\ud800"}',
        "NUL escaped": '{"datasetId": "\\u0000"}',
        "100,000 levels": "[" * 100_000 + "]" * 100_000,
        "100,000 fields": json.dumps({f"a{n}": n for n in range(100_000)}),
        "100,000 paths": json.dumps({**update, "datasetPaths": [f"/data/{n}" for n in range(100_000)]}),
        "trailing comma": '{"datasetId": 1,}',
        "two documents": '{"datasetId": 1}{"datasetId": 2}',
    }.items():
        yield f"JSON: {name}", text.encode()
    for cut in range(5, len(whole), 13):
        yield f"JSON cut after {cut}", whole[:cut].encode()


def _binary() -> Iterator[tuple[str, bytes]]:
    yield "NUL inside a body that says its length", b"<a>\0</a>"
    yield "only NUL", b"\0" * 1000
    yield "gzip", gzip.compress(b"<a/>" * 1000)
    yield "a gzip bomb", gzip.compress(b"\0" * 10 * MEBIBYTE)
    yield "PNG", b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    yield "a pickle", b"cos\nsystem\n(S'true'\ntR."
    yield "every byte", bytes(range(256))
    for size in (MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 4 * MEBIBYTE, 8 * MEBIBYTE):
        yield f"{size} letters", b"x" * size
    for seed in range(10):
        yield f"noise {seed}", random.Random(seed).randbytes(3000)
