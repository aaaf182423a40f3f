"""Seeded datasets of macromolecular crystallography: raw ones have 58 parameters, processed ones 65."""

import json
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import NormalDist

SHARE = {"raw": 0.6, "processed": 0.4}
SCALING = {
    "48 8": "resolution_limit_low",
    "1.9 .5": "resolution_limit_high ccAno sigAno isa",
    "7 3": "multiplicity anomalous_multiplicity",
    "12 5": "mean_I_over_sigI",
    ".99 .01": "cc_half",
    "97 3": "completeness anomalous_completeness",
    "2e5 9e4": "n_total_observations n_total_unique_observations",
    ".08 .03": "r_merge r_meas_all_IPlus_IMinus r_meas_within_IPlus_IMinus",
    ".03 .01": "r_pim_all_IPlus_IMinus r_pim_within_IPlus_IMinus",
}
MEAN_AND_SPREAD = {
    "raw": """1.9 .5 MX_resolution MX_resolution_at_corner; 220 70 MX_detectorDistance; 40 15 MX_transmission;
        1e12 3e11 MX_flux MX_fluxEnd; 160 3 MX_xBeam MX_yBeam; 180 70 MX_axis_start MX_phi MX_omega MX_kappa;
        400 90 MX_axis_end; 0 .4 MX_phix MX_phiy MX_phiz MX_sampx MX_sampy; 195 3 InstrumentSource_current;
        .9677 .06 InstrumentMonochromator_wavelength; 12.8 .8 InstrumentMonochromator_energy; 2e9 5e8 __volume;
        2100 20 InstrumentDetector01_beam_center_x InstrumentDetector01_beam_center_y; 60 20 __elapsedTime""",
    "processed": "85 30 MXAutoprocIntegration_cell_a MXAutoprocIntegration_cell_b MXAutoprocIntegration_cell_c"
    + "".join(
        f"; {figures} MXAutoprocIntegrationScaling_{shell}_{name}"
        for shell in ("overall", "inner", "outer")
        for figures, names in SCALING.items()
        for name in names.split()
    ),
}
FEW_VALUES = """MX_exposureTime MX_numberOfImages MX_oscillationRange MX_oscillationOverlap MX_startImageNumber
    MX_aperture MX_beamSizeAtSampleX MX_beamSizeAtSampleY MX_axis_range InstrumentCryostat01_value __fileCount
    SampleTrackingContainer_capacity SampleTrackingContainer_position SampleChanger_position
    InstrumentBeam_final_polarization"""
TEXTS = {
    "raw": """MX_directory={path}|MX_template={sample}_{n}_%04d.h5|MX_scanType=OSC|
        scanType=datacollection|MX_kappa_settings_id=Kappa: 0.0, Phi: 0.0|definition=MX|
        MX_position_id={hex}|MX_positionName=pos{d}|MX_beamShape=ellipse|
        MX_rotation_axis=omega|Workflow_name=MXPressE|Workflow_id={hex}|SampleTrackingContainer_id=CPS-{sample}|
        SampleTrackingContainer_type=UNIPUCK|SampleTrackingParcel_name=Dewar{d}|InstrumentSource_mode={d}/8 multibunch|
        InstrumentDetector01_model=EIGER{d} 16M|technique_pid=https://w3id.org/PaN/ESRFET#MX""",
    "processed": """scanType=integration|Process_program=autoPROC|Process_version=1.0.{d}|Process_triggering=AUTOMATIC|
        MXAutoprocIntegration_space_group=P {d} 21 21|definition=MX|Workflow_id={hex}|
        technique_pid=https://w3id.org/PaN/ESRFET#MX""",
}
SECOND_BEAMLINE = 0.2
"""The share of a proposal's datasets on its second beamline."""

NORMAL = {
    kind: {
        name: NormalDist(*map(float, words[:2]))
        for group in text.split(";")
        if (words := group.split())
        for name in words[2:]
    }
    for kind, text in MEAN_AND_SPREAD.items()
}
FEW = {"raw": FEW_VALUES.split(), "processed": []}
PATTERN = {kind: dict(item.strip().split("=", 1) for item in text.split("|")) for kind, text in TEXTS.items()}
NUMBERS = {kind: [*NORMAL[kind], *FEW[kind]] for kind in SHARE}
NUMERIC = [*NUMBERS["raw"], *NUMBERS["processed"]]
NAMES = {name: number for number, name in enumerate(dict.fromkeys([*NUMERIC, *PATTERN["raw"], *PATTERN["processed"]]))}


@dataclass(frozen=True)
class Dataset:
    """One dataset as search stores it. ``context`` is kind, technique, beamline and proposal."""

    ordinal: int
    dataset_id: uuid.UUID
    started: datetime
    context: tuple[str, str, str, str]
    path: str
    numbers: dict[str, float]
    texts: dict[str, str]

    def document(self) -> str:
        """The committed document, about 6 kB: original, canonical value and unit of each parameter."""
        parameters = {k: {"original": str(v), "value": v, "unit": "mm"} for k, v in (self.numbers | self.texts).items()}
        return json.dumps({"dataset_id": str(self.dataset_id), "path": self.path, "parameters": parameters})

    def words(self) -> str:
        """The words for full-text search, separated by spaces: from the path, the context and the text parameters."""
        text = " ".join((self.path, *self.context, *self.texts.values())).lower()
        return " ".join(sorted(set(text.translate(str.maketrans("/_:,.%#", " " * 7)).split())))


def generate(r: random.Random, n: int) -> Dataset:
    """Generate a dataset of one of 500 proposals (each on two of 20 beamlines) and 2,000 samples."""
    proposal, kind, sample = (
        r.randrange(500),
        r.choices([*SHARE], [*SHARE.values()])[0],
        f"Fus{r.randrange(200)}_{r.randrange(10)}",
    )
    beamline, started = (
        f"id{13 + (proposal * 7 + (r.random() < SECOND_BEAMLINE)) % 20}",
        datetime(2016, 1, 1, tzinfo=UTC),
    )
    started += timedelta(seconds=r.randrange(10 * 365 * 86400))
    path = f"/data/visitor/mx{proposal}/{beamline}/{started:%Y%m%d}/{kind.upper()}/{sample}/run_{n}"
    numbers = {k: float(f"{r.gauss(s.mean, s.stdev):.5g}") for k, s in NORMAL[kind].items()}
    fill = {"path": path, "sample": sample, "n": n, "d": r.randrange(12)}
    texts = {k: text.format(hex=f"{r.getrandbits(96):024x}", **fill) for k, text in PATTERN[kind].items()}
    context = (kind, r.choices(["MX", "SAD"], [9, 1])[0], beamline, f"mx{proposal}")
    numbers |= {k: r.choice((0.05, 0.1, 0.5, 1.0, 16.0)) for k in FEW[kind]}
    return Dataset(n, uuid.UUID(int=r.getrandbits(128)), started, context, path, numbers, texts)
