"""A merged result of two sweeps, one of which was integrated before, as they are in the catalogue."""

from collections.abc import Mapping
from typing import Any

from shared.events.dataset import Document
from tests.builders.described import VOCABULARY
from tests.builders.search.records import document

RAW = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/lyso"
PROCESSED = "/data/visitor/mx1111/id30a3/20241130/PROCESSED_DATA/lyso"
STATISTICS = [term for term in VOCABULARY.terms.values() if term.name.startswith("MXAutoprocIntegrationScaling_")]


def sweep(number: int, **parameters: Any) -> Document:
    said = {
        "InstrumentMonochromator_wavelength": 0.9677 + number / 10,
        "InstrumentDetector01_model": "EIGER X 4M",
        "InstrumentCryostat01_value": 100.0,
        "MX_numberOfImages": 900,
        **parameters,
    }
    return document(f"{RAW}/run_0{number}", said, kind="mx.raw.datacollection", sample="lyso #1")


def result(parameters: Mapping[str, Any], inputs: list[Document], name: str = "autoPROC") -> Document:
    paths = [one.path for one in inputs]
    return document(f"{PROCESSED}/{name}", parameters, paths, kind="mx.processed.merge", sample="lyso #1")


TYPICAL: dict[str, Any] = {
    "MXAutoprocIntegration_space_group": "P 41 21 2",
    "MXAutoprocIntegration_cell_a": 57.8,
    "MXAutoprocIntegration_cell_alpha": 90.0,
    "MXAutoprocIntegration_anomalous": True,
    "MXAutoprocIntegrationScaling_overall_r_merge": 0.061,
    "MXAutoprocIntegrationScaling_inner_r_merge": 0.02,
    "MXAutoprocIntegrationScaling_outer_r_merge": 0.9,
    "MXAutoprocIntegrationScaling_inner_resolution_limit_high": 3.8,
    "MXAutoprocIntegrationScaling_outer_resolution_limit_high": 1.4,
    "MXAutoprocIntegrationScaling_outer_isa": 23.5,
    "MX_motors_value": [0.0, 12.5],
    "Process_program": "autoPROC",
    "Process_version": "1.0.5",
    "Process_note": 'it\'s a "note"\nof two lines\n;and a half',
}
