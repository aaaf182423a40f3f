"""Runs MXCuBE's own gatherer over a beamline of plain values: a collection comes in as JSON, its metadata go out."""

import importlib
import json
import sys
from types import SimpleNamespace as Things
from typing import Any


def value(reading: object, **more: object) -> Things:
    return Things(get_value=lambda: reading, **more)


A_BEAMLINE = Things(
    session=Things(beamline_name="ID30A-3", proposal_code="mx", proposal_number="1111"),
    detector=Things(distance=value(150.2), get_beam_position=lambda distance: (2051.4, 2160.2)),  # noqa: ARG005
    diffractometer=Things(kappa=value(0.0), kappa_phi=value(0.0)),
    lims=Things(find_sample_by_sample_id=lambda _: None, get_active_lims=lambda: Things(name="ICAT")),
    beam=value((0.015, 0.015, Things(value="ellipse"), "15 um")),
    flux=value(9.8e11),
    transmission=value(30.0),
    energy=value(12.812, get_wavelength=lambda: 0.9677),
    machine_info=value({"current": 196.4, "fill_mode": "7/8 multibunch"}),
    cryo=value(295.0, get_limits=lambda: (90, 280)),
    queue_manager=Things(get_current_entry=lambda: None),
)


def gathered(collection: dict[str, Any]) -> dict[str, Any]:
    lims: Any = importlib.import_module("mxcubecore.HardwareObjects.ICATLIMS")
    lims.HWR.beamline = A_BEAMLINE
    gatherer = lims.DataCollectionMetadataGatherer()
    params, extra = gatherer.gather_common_metadata(collection, "123", "MX1111", "ID30A-3")
    metadata: dict[str, Any] = gatherer.gather(collection, None, params, extra)["metadata"]
    return metadata


if __name__ == "__main__":
    json.dump(gathered(json.load(sys.stdin)), sys.stdout, default=str)
