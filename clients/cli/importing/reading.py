"""Which format a file has, told by its content, and the submission in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clients.cli.importing.gathering import FileNotUnderstood, Given, Imported
from clients.cli.importing.ispyb import ROOT, read_container, read_ispyb_xml
from clients.cli.importing.merging import find_merging_statistics, read_merging, read_xia2
from clients.cli.importing.mmcif import read_mmcif
from clients.cli.importing.mxcube import read_metadata

MOST_BYTES = 64 * 1024 * 1024
OF_METADATA = ("datasetName", "location")
OF_CONTAINER = ("AutoProc", "AutoProcScalingContainer")


def read_pipeline_file(file: Path, given: Given) -> Imported:
    """The submission in a file that a pipeline or MXCuBE left behind.

    Where neither file nor user says them, the dataset's folder is the file's, and its name is the folder's.

    Raises:
        FileNotUnderstood: it is none that is known, or says too little.
    """
    if file.stat().st_size > MOST_BYTES:
        raise FileNotUnderstood(f"the file is larger than {MOST_BYTES // 1024**2} MiB; only summaries are read")
    content = file.read_bytes()
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        imported = read_ispyb_xml(content, given)
    elif start.startswith((b"{", b"[")):
        imported = _read_json(content, given)
    elif start.startswith((b"data_", b"#")):
        imported = read_mmcif(content, given)
    else:
        raise FileNotUnderstood("the file is neither XML, JSON nor CIF")
    return Imported(_completed(imported.submission, file), imported.unplaced)


def _read_json(content: bytes, given: Given) -> Imported:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise FileNotUnderstood(f"the file is not JSON: {error}") from None
    if not isinstance(document, Mapping):
        raise FileNotUnderstood("the file holds no JSON object")
    if ROOT in document:
        return read_container(document[ROOT], given)
    if any(name in document for name in OF_CONTAINER):
        return read_container(document, given)
    if isinstance(document.get("_crystals"), Mapping):
        return read_xia2(document, given)
    if all(name in document for name in OF_METADATA):
        return read_metadata(document, given)
    if found := find_merging_statistics(document):
        return read_merging(found, given)
    raise FileNotUnderstood(
        "the JSON is none of: metadata.json of MXCuBE, xia2.json, ispyb.json, merging statistics of DIALS"
    )


def _completed(submission: dict[str, Any], file: Path) -> dict[str, Any]:
    path = str(submission.get("path") or file.resolve().parent)
    submission = {**submission, "path": path, "name": submission.get("name") or path.rstrip("/").rpartition("/")[2]}
    if not submission.get("proposal"):
        raise FileNotUnderstood("the file does not say whose proposal it is; give it with --proposal")
    if files := submission.get("files"):
        submission["files"] = [{"path": str(one).removeprefix(f"{path}/")} for one in files]
    return submission
