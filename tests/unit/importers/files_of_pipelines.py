"""Small files as pipelines write them, made for these tests: two sweeps in XML, statistics in JSON and CIF."""

import json
from pathlib import Path
from typing import Any

SWEEP = """
<AutoProcIntegrationContainer>
  <Image><fileName>s{n}_00001.cbf</fileName><fileLocation>/data/raw/s{n}</fileLocation></Image>
  <AutoProcIntegration>
    <cell_a>78.1{n}</cell_a><startImageNumber>1</startImageNumber><endImageNumber>{images}</endImageNumber>
    <rotationAxisX>1.0</rotationAxisX><anomalous>true</anomalous>
  </AutoProcIntegration>
</AutoProcIntegrationContainer>"""

SHELL = """
<AutoProcScalingStatistics>
  <scalingStatisticsType>{shell}</scalingStatisticsType>
  <resolutionLimitLow>{low}</resolutionLimitLow><resolutionLimitHigh>{high}</resolutionLimitHigh>
  <rMerge>{r}</rMerge><ccAnomalous>0.4</ccAnomalous><DanoOverSigDano>1.1</DanoOverSigDano><isa>23.5</isa>
  <resIOverSigI2>1.9</resIOverSigI2>
</AutoProcScalingStatistics>"""

STATISTICS = "".join(
    SHELL.format(shell=shell, low=low, high=high, r=r)
    for shell, low, high, r in (
        ("overall", 48.1, 1.8, 6.5),
        ("innerShell", 48.1, 4.9, 3.1),
        ("outerShell", 1.83, 1.8, 91.0),
    )
)

PROGRAM = """
<AutoProcProgramContainer>
  <AutoProcProgram>
    <processingPrograms>autoPROC 1.0.5 (20211020)</processingPrograms>
    <processingStartTime>Sat Nov 30 09:00:00 GMT 2024</processingStartTime>
    <processingEndTime>Sat Nov 30 09:10:00 CET 2024</processingEndTime>
  </AutoProcProgram>
  <AutoProcProgramAttachment><fileType>Log</fileType><fileName>summary.html</fileName><filePath>/data/proc</filePath>
  </AutoProcProgramAttachment>
</AutoProcProgramContainer>"""


def ispyb_xml(*images: int) -> str:
    """An AutoProcContainer of sweeps with so many images."""
    sweeps = "".join(SWEEP.format(n=number, images=count) for number, count in enumerate(images, 1))
    return (
        f'<?xml version="1.0"?><AutoProcContainer>{PROGRAM}<AutoProc><spaceGroup>P 21 21 21</spaceGroup>'
        f"<wavelength>.96546</wavelength><refinedCell_a>78.2</refinedCell_a></AutoProc>"
        f"<AutoProcScalingContainer>{STATISTICS}{sweeps}</AutoProcScalingContainer></AutoProcContainer>"
    )


XIA2: dict[str, Any] = {
    "_crystals": {
        "DEFAULT": {
            "_wavelengths": {"NATIVE": {"_wavelength": 0.9795}},
            "_scaler": {
                "_scalr_cell": [57.8, 57.8, 150.0, 90.0, 90.0, 90.0],
                "_scalr_likely_spacegroups": ["P 41 21 2", "P 43 21 2"],
                "_scalr_anomalous": True,
                "_scalr_statistics": {
                    '["AUTOMATIC", "DEFAULT", "NATIVE"]': {
                        "Low resolution limit": [50.0, 50.0, 1.42],
                        "High resolution limit": [1.4, 3.8, 1.4],
                        "Rmerge(I)": [0.05, 0.02, 0.9],
                        "Total unique": [50000, 2600, 3600],
                        "Anomalous slope": [1.1],
                    }
                },
            },
        }
    },
    "_working_directory": "/data/proc",
}


def merging_statistics() -> dict[str, Any]:
    """As DIALS writes them: each statistic for the whole, and a list from the lowest resolution to the highest."""
    plain = {
        "overall": {"r_merge": 0.06, "n_obs": 1000, "d_star_sq_min": 0.25, "d_star_sq_max": 0.0004, "i_mean": 12.0},
        "r_merge": [0.02, 0.05, 0.8],
        "n_obs": [300, 350, 350],
        "d_star_sq_min": [0.04, 0.16, 0.25],
        "d_star_sq_max": [0.0004, 0.04, 0.16],
    }
    apart = {"overall": {"r_merge": 0.05, "r_meas": 0.07}, "r_merge": [0.02, 0.04, 0.7], "r_meas": [0.03, 0.05, 0.9]}
    return {"datasets": {"All data": {"merging_stats": plain, "merging_stats_anom": apart}}}


CIF = """\
data_xia2
_cell.length_a 57.80(2)
_space_group.IT_number 92
_diffrn_source.pdbx_wavelength_list 0.9795
_reflns.pdbx_Rmerge_I_obs 0.061
_reflns.phenix_mean_I 12.5
loop_
_software.name
_software.version
_software.classification
PHASER 2.8 phasing
DIALS 3.14 'data reduction'
loop_
_reflns_shell.d_res_high
_reflns_shell.d_res_low
_reflns_shell.Rmerge_I_obs
_reflns_shell.pdbx_netI_over_sigmaI_obs
1.40 1.42 0.900 0.9
2.00 3.00 0.100 8.0
3.80 50.0 0.020 40.0
loop_
_pdbx_diffrn_unmerged_refln.reflection_id
"""


def cif() -> str:
    """A CIF whose shells come outermost first, and which holds reflections too."""
    return CIF + "\n".join(str(number) for number in range(500)) + "\n"


METADATA: dict[str, Any] = {
    "datasetName": "run_01_datacollection",
    "location": "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/run_01",
    "proposal": "mx1111",
    "beamline_name": "ID30A-3",
    "Sample_name": "lyso",
    "startDate": "2024-11-30T09:00:00+01:00",
    "definition": "MX",
    "complete": "false",
    "MX_numberOfImages": 900,
    "lims": "ICAT",
    "experimentPlan": [{"key": "numberOfPositions", "value": 1}],
}


def written(folder: Path, name: str, content: object) -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file
