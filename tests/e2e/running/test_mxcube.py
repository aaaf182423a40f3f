"""MXCuBE's own classes, unmodified, against the running system: log in, list samples, measure."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from tests.e2e.mxcube.acquisitions import SETUP, a_collection, a_serial_run, a_spectrum, an_energy_scan
from tests.e2e.mxcube.driver import LIMS, PYTHON, SERIAL_LIMS, Mxcube
from tests.e2e.running.conftest import Facility

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not PYTHON.exists(), reason="mxcubecore is not installed: `make .venv/.mxcube` says why"),
]

T = TypeVar("T")
MOST_IDLE_SECONDS = 60.0
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)
HERE, ELSEWHERE, UNTITLED, OVER = "4711001", "4711002", "4711003", "4711004"
INVESTIGATIONS: dict[str, dict[str, Any]] = {
    HERE: {"proposal": "MX-4711", "beamline": "ID30A-3", "title": "Structures of Fus", "end": NOW + 24 * HOUR},
    ELSEWHERE: {"proposal": "IH-LS-0042", "beamline": "ID30A-1", "title": "In house", "end": NOW + 24 * HOUR},
    UNTITLED: {"proposal": "BLC16082", "beamline": "ID30A-3"},
    OVER: {
        "proposal": "MX-4712",
        "beamline": "ID30A-3",
        "title": "Over",
        "start": NOW - 47 * HOUR,
        "end": NOW - 36 * HOUR,
    },
}


def until(ask: Callable[[], T | None]) -> T:
    """What is answered in the end."""
    deadline = time.monotonic() + MOST_IDLE_SECONDS
    while (answer := ask()) is None:
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.1)
    return answer


@dataclass(frozen=True)
class Desk:
    """What a beamline scientist has: MXCuBE, the catalogue, and the folder in which data are mounted."""

    mxcube: Mxcube
    search: httpx.Client
    icat_plus: httpx.Client
    mounted: Path
    token: str

    def folder(self, name: str, kind: str = "RAW_DATA") -> Path:
        """A dataset's folder as the beamline sees it."""
        return self.mounted / "visitor" / "mx4711" / "id30a3" / NOW.strftime("%Y%m%d") / kind / "Fus-RAC1b" / name

    def catalogued(self, folder: Path, *, revision: int = 1) -> dict[str, Any]:
        """The dataset of a folder, under the path that it is catalogued by, once it is of that revision."""
        path = f"/data/{folder.relative_to(self.mounted)}"

        def found() -> dict[str, Any] | None:
            for row in self._ask("/datasets", path=path)["datasets"]:
                dataset: dict[str, Any] = self._ask(f"/datasets/{row['dataset_id']}")
                if dataset["commit"]["revision"] >= revision:
                    return dataset
            rejected = [each for each in self._ask("/rejections")["rejections"] if each["path"] == path]
            assert not rejected, rejected
            return None

        return until(found)

    def _ask(self, route: str, **fields: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.search.get(route, params=fields).raise_for_status().json()
        return answer


def properties(running: dict[str, str]) -> dict[str, str]:
    return {
        "ws_root": running["BEAMCAT_ICAT_PLUS_URL"],
        "queue_urls": f"127.0.0.1:{running['BEAMCAT_STOMP_PORT']}",
        "authentication_icat_plugin": "esrf",
        "override_beamline_name": "ID30A-3",
        "compatible_beamlines": "ID30A-1,ID30A-3",
        "filter": "participant",
        "before_offset_days": "2",
        "after_offset_days": "2",
    }


@pytest.fixture(scope="module")
def desk(facility: Facility) -> Iterator[Desk]:
    running, token = facility.running, facility.running["BEAMCAT_TOKEN"]
    for number, said in INVESTIGATIONS.items():
        times = {name: time.isoformat() for name, time in said.items() if isinstance(time, datetime)}
        plan = {"facility_id": number, "start": (NOW - 24 * HOUR).isoformat(), **said, **times}
        told = httpx.post(
            f"{running['BEAMCAT_GATEWAY_URL']}/investigations", json=plan, headers={"Authorization": f"Bearer {token}"}
        )
        assert told.is_success, told.text
    mxcube = Mxcube(LIMS, properties(running), facility.folder / "mxcube.log")
    with (
        httpx.Client(base_url=running["BEAMCAT_SEARCH_URL"], timeout=30) as search,
        httpx.Client(base_url=running["BEAMCAT_ICAT_PLUS_URL"], timeout=30) as icat_plus,
    ):
        try:
            yield Desk(mxcube, search, icat_plus, facility.mounted, token)
        finally:
            mxcube.close()


def _announced(desk: Desk, said: dict[str, Any]) -> object:
    where = {"investigationName": said["proposal"], "instrumentName": said["beamline"]}
    return desk.icat_plus.get(f"/dataacquisition/{desk.token}/investigation", params=where).json() or None


@pytest.fixture(scope="module")
def sessions(desk: Desk) -> dict[str, dict[str, Any]]:
    """The sessions that MXCuBE lists after login, by their ids, once all that was announced is there."""
    for said in INVESTIGATIONS.values():
        until(partial(_announced, desk, said))

    def listed() -> dict[str, dict[str, Any]] | None:
        found = {one["session_id"]: one for one in desk.mxcube.ask("login", password=desk.token)}
        return found if found.keys() >= INVESTIGATIONS.keys() else None

    return until(listed)


def test_login_lists_the_sessions_as_the_user_office_writes_them(sessions: dict[str, dict[str, Any]]) -> None:
    names = {number: (sessions[number]["proposal_name"], sessions[number]["title"]) for number in INVESTIGATIONS}
    assert names[HERE] == ("MX-4711", "Structures of Fus")
    assert names[ELSEWHERE] == ("IH-LS-0042", "In house")
    assert names[UNTITLED][0] == "BLC16082"


def test_a_session_has_the_letters_and_the_number_of_its_proposal(sessions: dict[str, dict[str, Any]]) -> None:
    parts = {number: (sessions[number]["code"], sessions[number]["number"]) for number in INVESTIGATIONS}
    assert parts == {
        HERE: ("MX", "4711"),
        ELSEWHERE: ("IH-LS", "0042"),
        UNTITLED: ("BLC", "16082"),
        OVER: ("MX", "4712"),
    }


def test_a_session_is_here_and_now_or_not(sessions: dict[str, dict[str, Any]]) -> None:
    here_and_now = {
        number: (sessions[number]["is_scheduled_beamline"], sessions[number]["is_scheduled_time"])
        for number in INVESTIGATIONS
    }
    assert here_and_now[HERE] == (True, True)
    assert here_and_now[ELSEWHERE] == (False, True)
    assert here_and_now[OVER] == (True, False)
    assert not any(sessions[number]["is_rescheduled"] for number in INVESTIGATIONS)


def test_a_session_that_is_over_is_allowed_again(desk: Desk, sessions: dict[str, dict[str, Any]]) -> None:
    assert OVER in sessions
    desk.mxcube.ask("allow", session_id=OVER)

    def rescheduled() -> dict[str, Any] | None:
        listed = desk.mxcube.ask("login", password=desk.token)
        return next((one for one in listed if one["session_id"] == OVER and one["is_rescheduled"]), None)

    session = until(rescheduled)
    assert session["is_scheduled_time"]
    assert session["actual_end_date"] >= session["actual_start_date"] == NOW.astimezone().strftime("%Y%m%d")


PUCK = {
    "name": "HA012AJ01",
    "type": "CONTAINER_UNIPUCK",
    "sampleChangerLocation": 26,
    "content": [
        {
            "name": "RAC1b",
            "type": "SAMPLESHEET",
            "sampleId": 90210,
            "sampleContainerPosition": "5",
            "comments": "thin",
            "experimentPlan": [
                {"key": "workflowType", "value": "MXPressE"},
                {"key": "forceSpaceGroup", "value": "P43212"},
                {"key": "aimedResolution", "value": 1.8},
            ],
            "processingPlan": [{"key": "reference", "value": "model.mtz"}],
        },
        {"name": "RAC1c", "type": "SAMPLESHEET", "sampleId": 90210, "sampleContainerPosition": "6"},
    ],
}
NOT_LOADED, EMPTY = {"name": "HA012AJ02", "type": "CONTAINER_SPINEPUCK"}, {**PUCK, "name": "HA012AJ03", "content": []}
PARCEL = {
    "name": "Dewar1",
    "investigationName": "MX-4711",
    "investigationId": int(HERE),
    "status": "BEAMLINE",
    "content": [PUCK, NOT_LOADED, {**EMPTY, "sampleChangerLocation": 27}],
}


@pytest.fixture(scope="module")
def samples(desk: Desk, sessions: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """MXCuBE's sample list, after a parcel was declared as a data portal does it."""
    assert HERE in sessions
    login = desk.icat_plus.post("/session", json={"plugin": "esrf", "password": desk.token})
    tracking, whose = f"/tracking/{login.json()['sessionId']}", {"investigationId": HERE}
    said = {"name": "Shipment1", "investigationName": "MX-4711", "investigationId": int(HERE)}
    shipment = desk.icat_plus.post(f"{tracking}/shipment", params=whose, json=said).raise_for_status().json()
    where = {**whose, "shipmentId": shipment["_id"]}
    desk.icat_plus.post(f"{tracking}/parcel", params=where, json=PARCEL).raise_for_status()
    desk.mxcube.ask("select", session_id=HERE)
    return until(lambda: desk.mxcube.ask("samples") or None)


def test_the_sample_list_has_what_is_loaded(samples: list[dict[str, Any]]) -> None:
    assert [(one["sampleName"], one["sampleLocation"]) for one in samples] == [("RAC1b", "5"), ("RAC1c", "6")]
    assert {one["containerCode"] for one in samples} == {"HA012AJ01"}
    assert {one["containerSampleChangerLocation"] for one in samples} == {"26"}
    assert {one["SampleTrackingParcel_name"] for one in samples} == {"Dewar1"}
    assert all(one["SampleTrackingParcel_id"] for one in samples)


def test_samples_have_numbers_that_tell_them_apart(samples: list[dict[str, Any]]) -> None:
    numbers = [one["sampleId"] for one in samples]
    assert all(numbers)
    assert len(set(numbers)) == len(numbers)


def test_a_sample_brings_its_plan(samples: list[dict[str, Any]]) -> None:
    [first, _] = samples
    assert first["experimentType"] == "MXPressE"
    assert first["crystalSpaceGroup"] == "P43212"
    assert first["experimentPlan"]["aimedResolution"] == 1.8
    assert first["processingPlan"] == {"reference": "model.mtz"}
    assert first["comments"] == "thin"


KINDS = {
    "run_01_datacollection": ("OSC", "mx.raw.datacollection"),
    "run_02_helical": ("Helical", "mx.raw.datacollection"),
    "run_03_mesh": ("Mesh", "mx.raw.mesh"),
    "run_04_line": ("OSC", "mx.raw.line"),
    "run_05_MXPressE": ("OSC", "mx.raw.datacollection"),
}
STARTED = NOW.astimezone().strftime("%Y-%m-%d %H:%M:%S")


@pytest.fixture(scope="module")
def mounted_sample(desk: Desk, samples: list[dict[str, Any]]) -> dict[str, Any]:
    """The first sample of the list, on the goniometer."""
    desk.mxcube.ask("mount", sample=samples[0], location=[8, 2, 5])
    return samples[0]


@pytest.mark.parametrize("name", KINDS)
def test_a_collection_is_catalogued_as_its_kind(desk: Desk, mounted_sample: dict[str, Any], name: str) -> None:
    experiment, kind = KINDS[name]
    folder = desk.folder(name)
    desk.mxcube.ask("collect", collection=a_collection(folder, STARTED, experiment), setup=SETUP)
    document = desk.catalogued(folder)["document"]
    assert (document["kind"], document["complete"]) == (kind, True)
    assert document["investigation"]["facility_id"] == HERE
    assert document["container"]["id"] == mounted_sample["containerCode"]
    assert document["container"]["parcel_name"] == "Dewar1"
    assert (document["container"]["position"], document["sample_changer_position"]) == ("5", "26")
    assert document["parameters"]["MX_xBeam"]["value"] == pytest.approx(2051.4 * 0.075)
    assert "beam_centre_in_pixels" in {finding["code"] for finding in document["findings"]}


def test_wedges_of_a_characterisation_add_up(desk: Desk, mounted_sample: dict[str, Any]) -> None:
    assert mounted_sample
    folder = desk.folder("run_06_characterisation")
    for number, minute in enumerate(range(4)):
        started = (NOW.astimezone() + timedelta(minutes=minute)).strftime("%Y-%m-%d %H:%M:%S")
        wedge = a_collection(folder, started, start=number * 45.0, number_of_images=5, range=0.5)
        desk.mxcube.ask("collect", collection=wedge, setup=SETUP)
    document = desk.catalogued(folder, revision=4)["document"]
    assert (document["kind"], document["complete"]) == ("mx.raw.characterisation", False)
    assert document["parameters"]["MX_numberOfImages"]["value"] == 20


def test_an_energy_scan_and_a_spectrum_leave_the_sample_in_its_container(
    desk: Desk, mounted_sample: dict[str, Any]
) -> None:
    scan, spectrum = desk.folder("run_07_energy_scan"), desk.folder("run_08_xrf")
    ended = (NOW.astimezone() + timedelta(minutes=1)).strftime("%Y-%m-%d %H:%M:%S")
    desk.mxcube.ask("scan_energy", scan=an_energy_scan(scan, STARTED, ended))
    desk.mxcube.ask("take_spectrum", spectrum=a_spectrum(spectrum, STARTED, ended))
    kinds = [desk.catalogued(folder)["document"]["kind"] for folder in (scan, spectrum)]
    assert kinds == ["mx.raw.energyscan", "mx.raw.xfe"]
    [sample] = [one for one in desk.mxcube.ask("samples") if one["sampleName"] == mounted_sample["sampleName"]]
    assert sample["containerCode"] == mounted_sample["containerCode"]


def test_a_serial_run_is_catalogued_as_one(desk: Desk, facility: Facility) -> None:
    serial = Mxcube(SERIAL_LIMS, properties(facility.running), facility.folder / "ssx.log")
    try:
        serial.ask("login", password=desk.token)
        serial.ask("select", session_id=HERE)
        folder = desk.folder("run_09_jet")
        serial.ask("collect_serial", said=a_serial_run(folder))
        assert desk.catalogued(folder)["document"]["kind"] == "ssx.raw.run"
    finally:
        serial.close()
