"""What MXCuBE sends, encoded by ICAT's client, ends catalogued, flagged and linked: translation, then the validator.

The names, and the slips in them, are those that mxcubecore's ICATLIMS.py and SSXICATLIMS.py send today.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.linker.storage.memory.store import MemoryLinks
from services.validator.checker import CheckResult
from services.validator.handler import validating
from services.validator.unknown_parameters import UnknownParameterCount
from shared.events.dataset import DatasetFacts
from shared.stages.outcomes import Passed
from tests.builders.icat_messages import NOW, RAW, a_dataset, received, translated
from tests.builders.linker.records import IDENTITIES, committed
from tests.builders.linker.world import World
from tests.builders.validator import a_checker

FOLDER = RAW.rpartition("/")[0]

COLLECTION: dict[str, Any] = {
    "scanType": "datacollection",
    "group_by": "Workflow_id,MX_positionName,MX_kappa_settings_id",
    "actualInstrument": "ID30A-3",
    "SampleProtein_acronym": "Fus",
    "SampleChanger_position": 14,
    "SampleTrackingContainer_type": "UNIPUCK",
    "SampleTrackingContainer_capacity": "16",
    "SampleTrackingContainer_position": 3,
    "SampleTrackingContainer_id": "ESRF-0042",
    "SampleTrackingParcel_name": "dewar-7",
    "Workflow_id": "65f1c0a2e4b0",
    "Workflow_type": "MXPressE",
    "InstrumentMonochromator_wavelength": 0.9677,
    "InstrumentMonochromator_energy": 12.812,
    "InstrumentSource_current": 196.4,
    "InstrumentSource_mode": "7/8 multibunch",
    "InstrumentCryostat01_value": 100,
    "InstrumentDetector01_model": "Eiger 4M",
    "MX_dataCollectionId": 3457818,
    "MX_directory": RAW,
    "MX_detectorDistance": 150.2,
    "MX_exposureTime": 0.01,
    "MX_numberOfImages": 900,
    "MX_oscillationRange": 0.2,
    "MX_oscillationOverlap": 0.0,
    "MX_axis_start": 0.0,
    "MX_axis_end": 180.0,
    "MX_rotation_axis": "omega",
    "MX_resolution": 1.5,
    "MX_scanType": "OSC",
    "MX_startImageNumber": 1,
    "MX_template": "Fus_RAC1b_1_%04d.h5",
    "MX_kappa_settings_id": "Kappa: 0.0, Phi: 0.0",
    "MX_beamShape": "ellipse",
    "MX_beamSizeAtSampleX": 0.015,
    "MX_beamSizeAtSampleY": 0.015,
    "MX_flux": 1.0e12,
    "MX_transmission": 30,
}
WEDGE = COLLECTION | {"scanType": "characterisation", "MX_numberOfImages": 1, "complete": False, "MX_axis_end": 0.2}
ENERGY_SCAN = {
    "scanType": "energy_scan",
    "definition": "MX MAD",
    "MX_element": "Se",
    "MX_edgeEnergy": 12.6578,
    "MX_startEnergy": 12.62,
    "MX_endEnergy": 12.69,
    "MX_peakEnergy": 12.69,
    "MX_inflectioEnergy": 12.6584,
    "MX_remoteEnergy": 12.75,
    "MX_peakFPrime": -8.2,
    "MX_peakFDoublePrime": 5.1,
    "MX_inflectionFPrime": -10.4,
    "MX_inflectionFDoublePrime": 2.9,
    "MX_comments": "a clear edge",
}
SERIAL = {
    "definition": "MX SSX",
    "scanType": "datacollection",
    "SSX_experiment_type": "chip",
    "SSX_experiment_name": "foil 3",
    "SSXChip_model": "HARE",
    "SSXJet_speed": 0,
    "InstrumentLaser01_energy": 0,
    "monoStripe": "Ru/B4C",
    "energyBandwidth": 1.5,
    "detector_id": "jungfrau",
    "sub_sampling": 3,
}


JET = dict.fromkeys(
    [
        *("SSXJet_speed", "SSXJet_size", "SSXChip_horizontal_spacing", "SSXChip_vertical_spacing"),
        *("InstrumentLaser01_energy", "InstrumentLaser01_wavelength", "InstrumentLaser01_repetition_rate"),
        *("InstrumentLaser01_delay", "InstrumentLaser01_name", "InstrumentLaser01_pulse_width"),
        *("InstrumentDetector01_frame_time", "Sample_support", "MX_resolution_at_corner", "scanNumber"),
    ],
    0,
) | {
    "definition": "MX SSX",
    "scanType": "ssx_injector_collection",
    "SSX_experiment_type": "ssx_injector_collection",
    "SSX_experiment_name": "",
    "SSXChip_model": "",
    "SSXChip_row_number": 0,
    "SSXChip_column_number": 0,
    "SampleProtein_acronym": "Lyso",
    "MX_scanType": "datacollection",
    "MX_exposureTime": 0.0,
    "MX_flux": -1,
    "MX_fluxEnd": -1,
    "MX_numberOfImages": 25600,
    "MX_resolution": 1.8,
    "MX_wavelength": 1.072,
    "MX_transmission": 100.0,
    "MX_xBeam": 1034.1,
    "MX_yBeam": 1082.9,
    "Project_name": "jet_01",
    "monoStripe": "Ru/B4C",
    "energyBandwidth": 1.0,
    "detector_id": 48,
}
"""A jet as SSXICATLIMS sends it: what it does not know is 0, and an exposure of some microseconds is rounded to 0."""
OF_MXCUBE_ALONE = {
    "exp_time": 9.5e-05,
    "frequency": 231.25,
    "num_images": 25600,
    "sub_sampling": 1,
    "take_pedestal": False,
    "reject_empty_frames": True,
    "use_shutter": "off",
    "osc_start": 0,
    "shutterless": True,
    "inverse_beam": False,
    "first_image": 1,
    "kappa": None,
    "kappa_phi": None,
    "skip_existing_images": False,
    "take_snapshots": 0,
    "experimentType": "ssx_injector_collection",
    "cell_edge": "78 78 38 90 90 90",
    "compressed": "yes",
}
"""What SSXICATLIMS sends besides, from its forms."""
ODD = {
    "MX_motors_name": "phiy kappa",
    "MX_motors_value": " None 0.12",
    "MX_kappa": -9999,
    "MX_flux": -1,
    "MX_transmission": 100.6,
    "MX_resolution": 0,
    "InstrumentSource_current": "unknown",
    "MX_aperture": "OUT",
}
OF_XRF = {"definition": "MX XRF", "scanType": "xrf", "MX_scanType": "xrf", "MX_exposureTime": 5, "MX_directory": RAW}


def as_of(scan_type: str) -> dict[str, Any]:
    """A collection under one of MXCuBE's words for it."""
    return COLLECTION | {"scanType": scan_type, "MX_scanType": scan_type, "definition": "MX SAD"}


@dataclass(frozen=True)
class Case:
    """One message, and how it ends."""

    said: dict[str, Any]
    kind: str
    flags: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    complete: bool = True


CASES = {
    "a data collection": Case(COLLECTION, "mx.raw.datacollection"),
    "keys that no vocabulary has": Case(
        COLLECTION | {"sampleId": "123456", "beamline_name": "ID30A-3", "lims": "ICAT"},
        "mx.raw.datacollection",
        {"parameter_unknown"},
        {"sampleId", "beamline_name", "lims"},
    ),
    "centimetres where millimetres are meant": Case(
        COLLECTION | {"MX_detectorDistance": 15.02}, "mx.raw.datacollection", {"value_implausible"}
    ),
    "a beam position in pixels": Case(
        COLLECTION
        | {"MX_xBeam": 1035.4, "MX_yBeam": 1083.2}
        | {"InstrumentDetector01_beam_center_x": "1035.4", "InstrumentDetector01_beam_center_y": "1083.2"},
        "mx.raw.datacollection",
        {"beam_centre_in_pixels"},
    ),
    "a cryostat at room temperature": Case(
        COLLECTION | {"InstrumentCryostat01_value": "room temperature"}, "mx.raw.datacollection"
    ),
    "a deprecated name": Case(COLLECTION | {"MX_crystalPositionName": "pos1"}, "mx.raw.datacollection"),
    "a wedge of a characterisation": Case(WEDGE, "mx.raw.characterisation", complete=False),
    "an energy scan": Case(ENERGY_SCAN, "mx.raw.energyscan"),
    **{
        f"a collection of scan type {scan_type}": Case(as_of(scan_type), f"mx.raw.{kind}")
        for scan_type, kind in {
            "OSC": "datacollection",
            "Helical": "datacollection",
            "Collect - Multiwedge": "datacollection",
            "SAD - Inverse Beam": "datacollection",
            "MAD": "datacollection",
            "mesh": "mesh",
            "Mesh": "mesh",
            "line": "line",
            "characterisation": "characterisation",
            "Characterization": "characterisation",
            "Still": "generic",
        }.items()
    },
    "an axis for its range, of an older release": Case(
        COLLECTION | {"MX_axis_range": "Phi"}, "mx.raw.datacollection", {"value_not_a_number"}
    ),
    "sentinels and words": Case(
        COLLECTION | ODD,
        "mx.raw.datacollection",
        {"value_empty", "value_has_gaps", "value_not_a_number", "value_out_of_range"},
    ),
    "an energy scan of which nothing came": Case(
        {"scanType": "energy_scan", "definition": "MAD MX", "MX_scanType": "energy_scan", "MX_directory": RAW},
        "mx.raw.energyscan",
        {"parameter_missing"},
    ),
    "a fluorescence spectrum": Case(OF_XRF, "mx.raw.xfe"),
    "a fluorescence spectrum without a word on its time": Case(
        {name: said for name, said in OF_XRF.items() if name != "MX_exposureTime"},
        "mx.raw.xfe",
        {"parameter_missing"},
    ),
    "a jet": Case(
        JET | OF_MXCUBE_ALONE,
        "ssx.raw.run",
        {"beam_centre_in_pixels", "value_empty", "value_implausible", "value_out_of_range", "parameter_unknown"},
        set(OF_MXCUBE_ALONE) - {"kappa", "kappa_phi"},
    ),
    "a jet under ISPyB's words": Case(
        JET | {"scanType": "SSX-Jet", "MX_scanType": "SSX-Jet", "definition": "SSX", "SSX_experiment_type": None},
        "ssx.raw.run",
        {"beam_centre_in_pixels", "value_empty", "value_implausible", "value_out_of_range", "parameter_missing"},
    ),
    "a jet from where no ontology is installed": Case(
        JET | {"definition": None},
        "ssx.raw.run",
        {"beam_centre_in_pixels", "value_empty", "value_implausible", "value_out_of_range"},
    ),
    "a serial experiment": Case(SERIAL, "ssx.raw.run", {"parameter_unknown"}, {"sub_sampling"}),
    "a date without a zone": Case(
        COLLECTION | {"startDate": "2024-11-30 09:00:00"}, "mx.raw.datacollection", {"time_zone_assumed"}
    ),
    "the technique's old address": Case(
        COLLECTION | {"definition": "", "technique_pid": "http://purl.org/pan-science/ESRFET#MX"},
        "mx.raw.datacollection",
    ),
}


def verdict_on(said: dict[str, Any], path: str = RAW) -> CheckResult:
    (message,) = translated(a_dataset(path, **said))
    event = received(message)
    return a_checker().check(event.event.submission, event.receipt_id, NOW)


def facts_of(said: dict[str, Any], path: str = RAW) -> DatasetFacts:
    verdict = verdict_on(said, path)
    assert verdict.errors == []
    assert verdict.dataset is not None
    return verdict.dataset


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_mxcube_sends_is_catalogued_and_flagged(case: Case) -> None:
    verdict = verdict_on(case.said)
    assert verdict.errors == []
    assert verdict.dataset is not None
    assert (verdict.dataset.kind, verdict.dataset.complete) == (case.kind, case.complete)
    assert {finding.code for finding in verdict.findings} == case.flags, verdict.findings
    unknown = {finding.parameter for finding in verdict.findings if finding.code == "parameter_unknown"}
    assert unknown == case.unknown


def test_the_wedges_of_a_characterisation_are_submissions_of_one_incomplete_dataset() -> None:
    wedges = [facts_of(WEDGE | {"MX_axis_start": start, "MX_axis_end": start + 0.2}) for start in (0.0, 90.0)]
    first, second = wedges
    assert first.dataset_id == second.dataset_id
    assert first.receipt_id != second.receipt_id
    assert all(wedge.adds_to(complete=False) for wedge in wedges)


async def test_processing_that_was_launched_before_the_collection_is_registered_is_linked_when_it_is() -> None:
    world = World(MemoryLinks(IDENTITIES))
    program = {"scanType": "integration", "Process_program": "autoPROC", "input_datasets": [RAW]}
    integration = facts_of(program, f"{FOLDER.replace('RAW_DATA', 'PROCESSED_DATA')}/run_01/autoPROC")
    assert (integration.type, [each.path for each in integration.inputs]) == ("processed", [RAW])
    await world.submit(integration)
    assert [pending.waits_for for pending in world.pending] == [[RAW]]
    await world.commit(committed(RAW, kind=facts_of(COLLECTION).kind, sample="Fus_RAC1b"))
    assert [[each.path for each in linked.links.inputs] for linked in world.linked] == [[RAW]]


async def test_what_is_unknown_is_counted_for_the_software_that_sent_it() -> None:
    (message,) = translated(a_dataset(**COLLECTION, sampleId="123456", software="MXCuBE_4.100"))
    event = received(message)
    (outcome,) = validating(a_checker())([event], None, NOW)
    assert isinstance(outcome, Passed)
    metric = "beamcat_unknown_parameters_total", {"software": "MXCuBE_4.100"}
    before = REGISTRY.get_sample_value(*metric) or 0
    await UnknownParameterCount().save([event], [outcome])
    assert REGISTRY.get_sample_value(*metric) == before + 1
