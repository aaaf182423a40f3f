"""The reader of all formats. The content of a file decides its format."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clients.importers.assembly import FileNotUnderstood, Given, Imported
from clients.importers.completion import completed
from clients.importers.ispyb import CRYSTAL, ROOT, SCALING, read_ispyb, read_ispyb_xml
from clients.importers.merging_statistics import find_merging_statistics, read_merging, read_xia2
from clients.importers.mmcif import read_mmcif
from clients.importers.mxcube import is_metadata, read_metadata
from clients.importers.results import Found, imported_from

MOST_BYTES = 64 * 1024 * 1024
BYTE_ORDERS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK", b"\x28\xb5\x2f\xfd")
"""The first bytes of gzip, bzip2, xz, zip and zstd."""
FORMATS = "metadata.json of MXCuBE, xia2.json, ispyb.json, merging statistics of DIALS"


def read_pipeline_file(file: Path, given: Given, result: str | None = None) -> list[Imported]:
    """The submissions in a file that a pipeline or MXCuBE left behind: of its result, or of those that are asked for.

    Where neither file nor user says them, the dataset's folder is the file's, and its name is the folder's.

    Raises:
        FileNotUnderstood: it is none that is known, says too little, or holds several results and none is asked for.
    """
    if file.stat().st_size > MOST_BYTES:
        raise FileNotUnderstood(f"the file is larger than {MOST_BYTES // 1024**2} MiB; only summaries are read")
    return [completed(imported, file) for imported in imported_from(_found(file.read_bytes()), result, given)]


def _found(content: bytes) -> Found:
    if content[:2] not in BYTE_ORDERS:
        content = content.removeprefix(b"\xef\xbb\xbf").lstrip()
    start = content[:4096].decode(BYTE_ORDERS.get(content[:2], "latin-1")).lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return read_ispyb_xml(content)
    if start.startswith(("{", "[")):
        return _read_json(content)
    if start.lower().startswith(("data_", "#")):
        return read_mmcif(content)
    hint = "; it is compressed, decompress it first" if content.startswith(COMPRESSED) else ""
    raise FileNotUnderstood(f"the file is neither XML, JSON nor CIF{hint}")


def _read_json(content: bytes) -> Found:
    try:
        return _understood(json.loads(content, object_pairs_hook=_object))
    except RecursionError:
        raise FileNotUnderstood("the JSON is nested too deeply; no pipeline writes so") from None
    except ValueError as error:
        raise FileNotUnderstood(f"the file is not JSON: {error}") from None


def _understood(document: object) -> Found:
    if not isinstance(document, Mapping):
        raise FileNotUnderstood("the file holds no JSON object")
    if ROOT in document:
        return read_ispyb(document)
    if CRYSTAL in document or SCALING in document:
        return read_ispyb({ROOT: document})
    if isinstance(document.get("_crystals"), Mapping):
        return read_xia2(document)
    if found := find_merging_statistics(document):
        return read_merging(found)
    if is_metadata(document):
        return read_metadata(document)
    raise FileNotUnderstood(_unknown(document))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object with distinct names. Python would silently keep only the last of two values with one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise FileNotUnderstood(f"the JSON says {twice!r} twice in one object")
    return found


def _unknown(document: Mapping[str, Any]) -> str:
    if "path" in document and "parameters" in document:
        return "the JSON is a submission already; submit it without --from"
    names = ", ".join(str(name) for name in list(document)[:5])
    return f"the JSON is none of: {FORMATS}; its first names are: {names or 'none'}"
