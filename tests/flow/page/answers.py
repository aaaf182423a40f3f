"""What a catalogue answers, as search does: builders with little in them, and each test says what it is about."""

from typing import Any
from uuid import UUID

Row = dict[str, Any]

DATASET = str(UUID(int=1))
RAW = str(UUID(int=2))
REJECTION = str(UUID(int=3))
RECEIPT = "receipt-1"
INVESTIGATION = str(UUID(int=4))
PATH = "/data/visitor/mx1111/id30a3/20241130/PROCESSED_DATA/Fus/run_01/autoPROC"
NOON = "2024-11-30T12:00:00.250000Z"
"""13:00:00 at the facility."""
FACETS = ("technique", "type", "kind", "beamline", "proposal", "sample", "finding")
STATISTICS = ("resolution_limit_low", "resolution_limit_high", "r_merge", "cc_half")


def row(**facts: Any) -> Row:
    """A dataset of a list."""
    return {
        "dataset_id": DATASET,
        "path": PATH,
        "name": "autoPROC",
        "type": "processed",
        "kind": "mx.processed.integration",
        "technique": "MX",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "sample": "Fus",
        "start": NOON,
        "complete": True,
        "file_count": 41,
        "volume_bytes": 9_876_543_210,
        "findings": [],
        **facts,
    }


def found(*rows: Row, count: int | None = None, following: str | None = None, **facets: dict[str, int]) -> Row:
    """A page of datasets, with facets by name: each value and its count."""
    counted = {
        name: [{"value": value, "count": number} for value, number in facets.get(name, {}).items()] for name in FACETS
    }
    return {
        "datasets": list(rows),
        "next": following,
        "count": len(rows) if count is None else count,
        "facets": counted,
    }


def scaled() -> Row:
    """Statistics of a scaling: 12 parameters, four of each shell."""
    return {
        f"MXAutoprocIntegrationScaling_{shell}_{name}": {"value": number, "original": f"{number}0", "unit": unit}
        for number, shell in ((1.5, "overall"), (4.1, "inner"), (1.6, "outer"))
        for name in STATISTICS
        for unit in ["Å" if name.startswith("resolution") else None]
    }


def event(parameters: Row | None = None, **facts: Any) -> Row:
    """A committed event."""
    return {
        "commit": {"revision": 2, "committed_at": NOON, "receipt_id": RECEIPT},
        "document": {
            **row(),
            "end": NOON,
            "investigation": {
                "investigation_id": INVESTIGATION,
                "proposal_name": "MX-1111",
                "title": "Structure of Fus",
                "facility_id": "mx1111-id30a3",
                "start": NOON,
            },
            "sample": {"name": "Fus", "inherited": False},
            "container": {
                "id": "42",
                "name": "ESRF-0042",
                "type": "UNIPUCK",
                "position": "3",
                "parcel_name": "dewar-7",
            },
            "sample_changer_position": "14",
            "producer": {"software": "autoPROC2icat", "version": "1.2", "machine": "cluster-17"},
            "findings": [finding()],
            "parameters": {"MX_flux": {"value": 1e12, "original": "1e12", "unit": "photons/s"}, **scaled()}
            if parameters is None
            else parameters,
            **facts,
        },
    }


def finding(**facts: Any) -> Row:
    """What a check saw."""
    return {
        "code": "value_implausible",
        "severity": "warning",
        "message": "MX_flux is higher than any",
        "cure": "give it in photons/s",
        "parameter": "MX_flux",
        **facts,
    }


def node(number: int, **facts: Any) -> Row:
    """A dataset of a lineage."""
    return {
        "dataset_id": str(UUID(int=number)),
        "path": f"/data/{number}",
        "name": f"node-{number}",
        "kind": "mx.raw.datacollection",
        **facts,
    }


def family(*nodes: Row, following: int | None = None) -> Row:
    """Datasets that the dataset was made from."""
    edges = [{"child": DATASET, "parent": each["dataset_id"]} for each in nodes]
    return {
        "root": DATASET,
        "nodes": [node(1), *nodes],
        "edges": edges,
        "truncated": following is not None,
        "next": following,
    }


def receipt(**facts: Any) -> Row:
    """A submission that was committed."""
    committed = {"state": "committed", "revision": 2, "committed_at": NOON}
    return {"receipt_id": RECEIPT, "dataset_id": DATASET, "path": PATH, "submitted_at": NOON, **committed, **facts}


def rejection(**facts: Any) -> Row:
    """A rejection of a list."""
    return {
        "rejection_id": REJECTION,
        "receipt_id": RECEIPT,
        "dataset_id": DATASET,
        "path": PATH,
        "producer": "/producers/id30a-3",
        "stage": "validator",
        "code": "dataset_invalid",
        "message": "start is not a time; write it in ISO 8601",
        "topic": "dataset.submitted",
        "partition": 2,
        "offset": 7,
        "rejected_at": NOON,
        "beamline": "id30a-3",
        "findings": ["start_invalid"],
        "resolved": None,
        **facts,
    }


def rejection_in_full(**facts: Any) -> Row:
    """A rejection with what was sent."""
    sent = {"value_text": '{"name":"autoPROC","start":1.50}', "value_base64": "e30=", "headers": {}}
    in_full = {"findings": [finding(severity="error", code="start_invalid", parameter=None)]}
    return rejection(**sent, **in_full) | facts


def waiting(**facts: Any) -> Row:
    """A dataset that waits."""
    missing = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/Fus/run_O1"
    return {
        "receipt_id": RECEIPT,
        "dataset_id": DATASET,
        "path": PATH,
        "name": "autoPROC",
        "kind": "mx.processed.integration",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "producer": "/producers/id30a-3",
        "since": NOON,
        "deadline": NOON,
        "waits_for": [missing],
        "waits_for_count": 1,
        "near": [{"path": missing, "near": [missing.replace("O1", "01")]}],
        **facts,
    }


def everything() -> Row:
    """An answer for every route that the page asks."""
    at = f"datasets/{DATASET}"
    group = {"code": "dataset_invalid", "producer": "/producers/id30a-3", "count": 1200, "open": 7}
    return {
        "datasets": found(row(), technique={"MX": 25, "SSX": 3}, type={"processed": 20}),
        at: event(),
        f"{at}/lineage": family(node(2)),
        f"{at}/revisions": {"revisions": [revision()], "next": None},
        "receipts": {"receipts": [receipt()], "next": None},
        f"receipts/{RECEIPT}": receipt(),
        "rejections": {"rejections": [rejection()], "next": None},
        "rejections/summary": {
            "since": NOON,
            "complete": False,
            "groups": [{**group, "first": NOON, "last": NOON, "rejection_id": REJECTION}],
        },
        f"rejections/{REJECTION}": rejection_in_full(),
        "pending": {"pending": [waiting()], "count": 1, "next": None},
    }


def revision(number: int = 2, **facts: Any) -> Row:
    """A revision, and what it changed."""
    change = {"field": "parameters.MX_flux", "before": {"value": 1e11}, "after": {"value": 1e12}}
    return {"revision": number, "outcome": "replaced", "committed_at": NOON, "changes": [change], **facts}


VIEWS = {
    "Datasets": "#/",
    "autoPROC": f"#/datasets/{DATASET}",
    "Receipt": f"#/receipts/{RECEIPT}",
    "Rejections": "#/rejections",
    "Rejection": f"#/rejections/{REJECTION}",
    "Pending": "#/pending",
}
"""Every view by its heading."""
