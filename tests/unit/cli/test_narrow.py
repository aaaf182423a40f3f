"""On a terminal of 80 columns every path and id can be copied: no command breaks one over two lines."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.access.tokens import create_token
from tests.builders.search.records import Topics
from tests.builders.typed import type_in

FOLDER = "/data/visitor/mx1111/id30a-3/20261124/RAW_DATA/Fus_RAC1b"
RAW = f"{FOLDER}/run_01_datacollection_of_a_crystal_with_a_long_name"
RESULT = "/data/visitor/mx1111/id30a-3/20261124/PROCESSED_DATA/結晶/試料🧊/autoPROC/一回目"
ENDLESS = "/data/" + "x" * 4000
EVIL = "\x1b[2J\u202e/data/evil\x07 [/] :smile:"
EVIL_SHOWN = "\\x1b[2J\\u202e/data/evil\\x07"
IDS = [f"6f9619ff-8b86-d011-b42d-00cf4fc964f{n}" for n in range(4)]
PATHS = [RAW, RESULT, ENDLESS, EVIL]
PRODUCER_NAME = "a-program-of-a-beamline-with-a-long-name"
SENTENCE = "MX_numberOfImages is missing; a data collection says how many images it has, so give it as a number"
FINDING = {"severity": "error", "code": "value_missing", "message": SENTENCE, "cure": "say it"}
RECEIPT = "0c9d2b1e-aaaa-bbbb-cccc-3f1d5a1e7b90"


def dataset(dataset_id: str, path: str) -> dict[str, Any]:
    return {
        "dataset_id": dataset_id,
        "path": path,
        "name": path.rpartition("/")[2],
        "kind": "mx.raw.datacollection",
        "technique": "MX",
        "sample": "Fus_RAC1b",
        "proposal": "MX-1111",
        "beamline": "id30a-3",
        "start": "2026-11-24T10:00:00Z",
        "revision": 1,
        "parameters": {"MX_resolution": 1.5, "MX_motors": [1.0, 2.5], "Note": f"begins {'x' * 10_000} ends"},
    }


DATASETS = [dataset(*pair) for pair in zip(IDS, PATHS, strict=True)]
REJECTIONS = [
    {
        "rejection_id": rejection_id,
        "rejected_at": "2026-11-24T10:00:00.123456Z",
        "stage": "validator",
        "code": "value_missing",
        "path": path,
        "message": f"{SENTENCE}: {path}",
        "producer": "/producers/mxcube",
        "receipt_id": RECEIPT,
        "findings": [FINDING],
        "topic": "dataset.submitted",
        "partition": 0,
        "offset": 1,
        "value_text": '{"path": "/data"}',
        "value_base64": base64.b64encode(b'{"path": "/data"}').decode(),
        "resolved": None,
    }
    for rejection_id, path in zip(IDS, PATHS, strict=True)
]
STATE = {"receipt_id": RECEIPT, "dataset_id": IDS[0], "path": RAW, "submitted_at": "2026-11-24T10:00:00Z"}
PENDING = {**STATE, "state": "pending", "waits_for": PATHS[:2], "deadline": "2026-12-24T10:00:00+00:00"}
KIND: dict[str, Any] = {
    "name": "mx.raw.datacollection",
    "title": "A data collection",
    "required": ["MX_flux"] * 30,
    "inputs": [],
}
COMMITTED = json.loads(Topics().committed(RAW, {"MX_flux": 1.0, "Note": "x" * 10_000}, [RESULT]).value or b"")
RAW_ID = COMMITTED["commit"]["dataset_id"]
PID = "http://purl.org/pan-science/PaNET/PaNET01188-macromolecular-crystallography-of-all-kinds"
TECHNIQUE: dict[str, Any] = {
    "name": "MX",
    "title": "Macromolecular crystallography",
    "definitions": ["MX", PID],
    "pid": PID,
}
ANSWERS: dict[str, Any] = {
    "/datasets": {"datasets": DATASETS, "count": 1504, "next": None},
    "/rejections": {"rejections": REJECTIONS, "next": None},
    "/datasets/by-path": COMMITTED,
    f"/datasets/{RAW_ID}/lineage": {"root": RAW_ID, "nodes": DATASETS, "edges": [], "next": None},
    f"/datasets/{RAW_ID}/revisions": {"revisions": [], "next": None},
    f"/rejections/{IDS[0]}": REJECTIONS[0],
    f"/datasets/{IDS[0]}/lineage": {
        "root": IDS[0],
        "nodes": DATASETS,
        "edges": [{"parent": IDS[n], "child": IDS[n + 1]} for n in range(3)],
        "truncated": False,
        "next": None,
    },
    "/receipts": {"receipts": [PENDING, {**STATE, "state": "committed", "revision": 1}], "unknown": []},
    f"/receipts/{RECEIPT}": PENDING,
    "/producers": {
        "producers": [
            {"producer": "/producers/a-program-of-a-beamline-with-a-long-name-that-goes-on-and-on-and-on-and-on"}
            | dict.fromkeys(("committed", "unchanged", "pending", "in_flight", "rejected"), 1_000_000)
            | {"last_heard": "2026-11-24T10:00:00Z", "newest_rejection": {"code": "odd", "message": SENTENCE}}
        ]
    },
    "/pending": {
        "pending": [
            {
                "receipt_id": RECEIPT,
                "path": path,
                "kind": "mx.processed.integration",
                "waits_for": [RAW, RESULT],
                "waits_for_count": 2,
                "since": "2024-11-30T12:00:00Z",
                "deadline": "2124-11-30T12:00:00Z",
                "near": [{"path": RAW, "near": [f"{RAW}_2"]}],
            }
            for path in PATHS
        ],
        "count": 1504,
        "next": None,
    },
    "/techniques": {"techniques": [TECHNIQUE | {"kinds": [KIND]}]},
    "/datasets:check-batch": {
        "results": [
            {
                "status": 200,
                "accepted": True,
                "dataset": {"kind": KIND["name"]},
                "findings": [FINDING],
                "links": {"waits_for": PATHS[:2]},
            }
        ]
    },
}
PRODUCER = ANSWERS["/producers"]["producers"][0]["producer"]
SHOWN_PATHS = [RAW, RESULT, ENDLESS, EVIL_SHOWN]
COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    "find": (["find"], SHOWN_PATHS),
    "find with columns": (["find", "--columns", "MX_resolution,MX_motors,Note,beamline"], SHOWN_PATHS),
    "lineage": (["lineage", RAW], SHOWN_PATHS),
    "rejections list": (["rejections", "list"], [*IDS, *SHOWN_PATHS]),
    "rejections show": (["rejections", "show", IDS[0]], [RECEIPT, RAW]),
    "status of a path": (["status", RAW], [RECEIPT, RAW, RESULT]),
    "status of a receipt": (["status", RECEIPT], [RECEIPT, RAW, RESULT]),
    "show": (["show", RAW], [*SHOWN_PATHS, RAW_ID, f"  {RESULT}"]),
    "pending": (["pending", "--limit", "4"], [*SHOWN_PATHS, f"{RAW}_2"]),
    "producers": (["producers"], [PRODUCER]),
    "techniques list": (["techniques", "list"], [PID]),
    "techniques show": (["techniques", "show", "MX"], [KIND["name"]]),
    "topics list": (["topics", "list"], ["dataset.committed", "beamcat.dataset.committed.v1"]),
    "tokens list": (["tokens", "list"], [PRODUCER_NAME]),
    "check": (["check", "dataset.json"], [RAW, RESULT]),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("typed")
    create_token(folder / "tokens.json", PRODUCER_NAME, ["id30a-3", "id29"], None, None)
    (folder / "dataset.json").write_text('{"name": "x", "path": "/data/x", "proposal": "mx1111"}', encoding="utf-8")
    return folder


@pytest.fixture(scope="module", params=[80, 40])
def printed(request: pytest.FixtureRequest, folder: Path) -> tuple[int, dict[str, str]]:
    """What each command prints, by its name, on a terminal so wide."""
    told = type_in(folder, request.param, [command for command, _ in COMMANDS.values()], ANSWERS)
    return request.param, dict(zip(COMMANDS, told, strict=True))


STYLE = re.compile("\x1b\\[[0-9;]*m")


def test_no_command_breaks_a_path_or_an_id(printed: tuple[int, dict[str, str]]) -> None:
    _, told = printed
    broken = {
        name: [value for value in values if not any(value in line for line in STYLE.sub("", told[name]).splitlines())]
        for name, (_, values) in COMMANDS.items()
    }
    assert {name: values for name, values in broken.items() if values} == {}


def test_nothing_that_a_producer_says_is_obeyed(printed: tuple[int, dict[str, str]]) -> None:
    _, told = printed
    text = STYLE.sub("", "".join(told.values()))
    assert {one for one in text if not (one.isprintable() or one == "\n")} == set()
    assert "[/] :smile:" in text
