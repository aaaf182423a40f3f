"""What MXCuBE's queue hands to its LIMS object when something was measured."""

from pathlib import Path
from typing import Any

SETUP = {
    "detector_px": 2051.4,
    "detector_py": 2160.2,
    "beam_divergence_vertical": 104,
    "beam_divergence_horizontal": 6.5,
    "polarisation": 0.99,
    "detector_model": "EIGER 2 X 16M",
    "detector_manufacturer": "DECTRIS",
    "synchrotron_name": "ESRF",
    "monochromator_type": "Si 111",
    "detector_type": "PIXEL",
}
"""The beamline's configuration."""


def a_collection(folder: Path, started: str, experiment: str = "OSC", **sequence: Any) -> dict[str, Any]:
    """A collection in a folder, whose name says which sort of scan it is; `sequence` is what its images are."""
    return {
        "fileinfo": {"directory": str(folder), "prefix": "Fus-RAC1b", "template": "Fus-RAC1b_1_%04d.h5"},
        "experiment_type": experiment,
        "sample_reference": {"acronym": "Fus", "sample_name": "RAC1b"},
        "blSampleId": 123456,
        "oscillation_sequence": [
            {
                "exposure_time": 0.01,
                "number_of_images": 900,
                "range": 0.2,
                "start": 0.0,
                "offset": 0.0,
                "start_image_number": 1,
                "kappaStart": -9999,
                **sequence,
            }
        ],
        "collection_start_time": started,
        "collection_id": 3457818,
        "resolution": 1.5,
        "resolutionAtCorner": 1.2,
        "flux": 1e12,
        "transmission": 30.0,
        "workflow_parameters": {"workflow_type": "MXPressE", "workflow_uid": "65f1c0a2e4b0"},
    }


def an_energy_scan(folder: Path, started: str, ended: str) -> dict[str, Any]:
    """An energy scan around the selenium edge."""
    return {
        "scanFileFullPath": str(folder / "scan" / "Se.raw"),
        "sample_reference": {"acronym": "Fus", "sample_name": "RAC1b"},
        "startTime": started,
        "endTime": ended,
        "exposureTime": 0.5,
        "fluorescenceDetector": "KETEK_AXAS-A",
        "element": "Se",
        "edgeEnergy": 12.6578,
        "startEnergy": 12.62,
        "endEnergy": 12.69,
        "inflectioEnergy": 12.6584,
        "remoteEnergy": 12.75,
        "peakFPrime": -8.2,
        "peakFDoublePrime": 5.1,
        "inflectionFPrime": -10.4,
        "inflectionFDoublePrime": 2.9,
        "comments": None,
    }


def a_spectrum(folder: Path, started: str, ended: str) -> dict[str, Any]:
    """A fluorescence spectrum."""
    return {
        "filename": str(folder / "spectrum.mca"),
        "sample_reference": {"acronym": "Fus", "sample_name": "RAC1b"},
        "startTime": started,
        "endTime": ended,
        "exposureTime": 3.0,
    }


def a_serial_run(folder: Path) -> dict[str, Any]:
    """A run of a jet; most of what is told of it are placeholders, and none of it says when it was."""
    return {
        "data_path": str(folder),
        "collection_parameters": {
            "path_parameters": {"prefix": folder.name, "experiment_name": "jet 3"},
            "user_collection_parameters": {"exp_time": 0.0004, "sub_sampling": 3, "frequency": 925.9},
            "collection_parameters": {"num_images": 20000, "experimentType": "ssx_jet", "shape": "rectangular"},
        },
        "beamline_parameters": {
            "wavelength": 1.072812,
            "beam_shape": "rectangular",
            "beam_size_x": 4.0,
            "beam_size_y": 2.0,
            "detector_distance": 150.0,
            "resolution": 1.6,
            "transmission": 100.0,
            "beam_x": 2051.4,
            "beam_y": 2160.2,
            "energy_bandwidth": 1.5,
        },
        "extra_lims_values": {
            "number_of_rows": 0,
            "number_of_columns": 0,
            "flux_start": 8.1e14,
            "flux_end": 8.0e14,
            "chip_model": "",
            "mono_stripe": "Ru/B4C",
            "experiment_type": "SSX-Jet",
        },
        "sample": {"protein_acronym": "HEWL"},
    }
