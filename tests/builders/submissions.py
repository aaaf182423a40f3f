"""Plausible submissions of macromolecular crystallography: about 60 parameters and 3 kB each, as MXCuBE sends them."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from shared.events.headers import headers_of
from shared.events.identity import Identities, normalise_path
from shared.events.record import Message
from shared.events.topics import SUBMITTED

EXAMPLE = Path(__file__).parents[2] / "examples" / "1-the-two-calls.json"
RAW: dict[str, Any]
PROCESSED: dict[str, Any]
RAW, PROCESSED = json.loads(EXAMPLE.read_text())
BEGIN = datetime(2024, 11, 30, 8, tzinfo=UTC)
IDENTITIES = Identities("facility.example")


def raw_submission(number: int, chance: random.Random) -> dict[str, Any]:
    """A data collection. Equal numbers have the same path."""
    start = BEGIN + timedelta(minutes=number)
    proposal = f"mx{1000 + number % 500}"
    parameters = RAW["parameters"] | {
        "Sample_name": f"sample-{number % 2000}",
        "MX_resolution": f"{chance.uniform(1.0, 4.0):.2f}",
        "MX_detectorDistance": f"{chance.uniform(100, 600):.1f}",
        "MX_flux": f"{chance.uniform(1e10, 5e12):.4g}",
        "MX_transmission": f"{chance.uniform(1, 100):.1f}",
        "InstrumentMonochromator_wavelength": f"{chance.uniform(0.7, 2.0):.4f}",
        "MX_xBeam": f"{chance.uniform(70, 90):.2f}",
        "MX_yBeam": f"{chance.uniform(70, 90):.2f}",
        "beamlineID": f"id30a-{number % 20}",
    }
    for own in ("MX_resolution_at_corner", "InstrumentMonochromator_energy", "MX_directory"):
        parameters.pop(own, None)
    return RAW | {
        "name": f"run_{number}",
        "path": f"/data/visitor/{proposal}/id30a{number % 20}/RAW_DATA/sample-{number % 2000}/run_{number}",
        "proposal": proposal,
        "sample": f"sample-{number % 2000}",
        "start": start.isoformat(),
        "end": (start + timedelta(seconds=40)).isoformat(),
        "parameters": parameters,
    }


def processed_submission(number: int, inputs: Sequence[dict[str, Any]], chance: random.Random) -> dict[str, Any]:
    """An integration of its inputs in the session of the first one. Only a merge has more than one input."""
    start = BEGIN + timedelta(minutes=number + 5)
    integration = dict(list(PROCESSED["parameters"].items())[:60])
    integration |= {
        "beamlineID": inputs[0]["parameters"]["beamlineID"],
        "MXAutoprocIntegration_cell_a": f"{chance.uniform(40, 120):.2f}",
    }
    return PROCESSED | {
        "name": f"autoPROC_{number}",
        "path": f"/data/visitor/{inputs[0]['proposal']}/PROCESSED_DATA/autoPROC_{number}",
        "proposal": inputs[0]["proposal"],
        "sample": inputs[0]["sample"],
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=8)).isoformat(),
        "parameters": integration,
        "input": [parent["path"] for parent in inputs],
    }


def dataset_id(submission: dict[str, Any]) -> UUID:
    """The id that beamcat derives from the submission's path."""
    return IDENTITIES.dataset(normalise_path(submission["path"]))


def submitted(
    submission: dict[str, Any], receipt_id: str, at: datetime | None = None, source: str = "/producers/builder"
) -> Message:
    """The message of a producer that writes to Kafka itself."""
    time = (at or datetime.now(UTC)).isoformat()
    body = json.dumps({"submission": submission}, separators=(",", ":")).encode()
    headers = headers_of(SUBMITTED, receipt_id=receipt_id, source=source, time=time)
    return Message(SUBMITTED.name, str(dataset_id(submission)).encode(), body, headers)
