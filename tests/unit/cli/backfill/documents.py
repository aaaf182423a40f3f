"""Events as another beamcat has committed them."""

from typing import Any
from uuid import UUID


def committed(number: int, **other: Any) -> dict[str, Any]:
    """The event of one dataset."""
    dataset_id = str(UUID(int=number))
    document = {
        "dataset_id": dataset_id,
        "path": f"/data/{number}",
        "name": f"run_{number}",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "start": "2024-11-30T09:00:00+01:00",
        "end": None,
        "complete": True,
        "sequence_index": None,
        "technique": "MX",
        "technique_pid": None,
        "sample": None,
        "inputs": [],
        "files": [],
        "parts": [],
        "file_count": None,
        "volume_bytes": None,
        "producer": {"software": None},
        "investigation": {"facility_id": "4711", "proposal_name": "MX-1111"},
        "parameters": {"MX_flux": {"value": 1.2e11, "original": "1.2e11"}, "definition": {"original": "MX"}},
        **other,
    }
    return {"commit": {"dataset_id": dataset_id, "revision": 1}, "document": document}
