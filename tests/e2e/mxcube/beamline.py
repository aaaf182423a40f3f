"""MXCuBE's own classes on a beamline of plain values: orders come in as lines of JSON, answers go out likewise.

Runs in the environment `.venv/mxcube`, which has mxcubecore and nothing of beamcat:

    .venv/mxcube/bin/python tests/e2e/mxcube/beamline.py < orders

Each order is `{"do": name, …}`; each answer is `{"answer": …}`, or `{"error": …}` with the traceback's last line. No
hardware, no Tango: `HWR.beamline` is a stand-in, and the properties of the hardware object are a dictionary.
"""

import importlib
import json
import os
import sys
import traceback
from types import SimpleNamespace as Things
from typing import Any

BEAMLINE = "ID30A-3"


def value(reading: object, **more: object) -> Things:
    """A device that reads always the same."""
    return Things(get_value=lambda: reading, **more)


def a_beamline(mounted: dict[str, Any]) -> Things:
    """What MXCuBE asks of a beamline's devices; `mounted` says which sample the robot has put on."""
    node = Things(location=mounted["location"])
    entry = Things(get_data_model=lambda: Things(get_sample_node=lambda: node))
    return Things(
        session=Things(beamline_name=BEAMLINE, proposal_code=mounted["code"], proposal_number=mounted["number"]),
        detector=Things(
            distance=value(150.2),
            get_beam_position=lambda distance: (2051.4, 2160.2),  # noqa: ARG005  in pixels, as MXCuBE has it
            get_property=lambda name: "jungfrau" if name == "detector_id" else None,
        ),
        diffractometer=Things(kappa=value(0.0), kappa_phi=value(0.0)),
        lims=Things(
            find_sample_by_sample_id=lambda _: mounted.get("sample"), get_active_lims=lambda: Things(name="ICAT")
        ),
        beam=value((0.015, 0.015, Things(value="ellipse"), "15 um")),
        flux=value(9.8e11),
        transmission=value(30.0),
        energy=value(12.812, get_wavelength=lambda: 0.9677),
        machine_info=value({"current": 196.4, "fill_mode": "7/8 multibunch"}),
        cryo=value(100.0, get_limits=lambda: (90, 280)),
        queue_manager=Things(get_current_entry=lambda: entry),
    )


class Beamline:
    """One MXCuBE at work."""

    def __init__(self, kind: str, properties: dict[str, Any]) -> None:
        module = importlib.import_module(f"mxcubecore.HardwareObjects.{kind}")
        self.hardware: Any = importlib.import_module("mxcubecore.HardwareRepository")
        self.lims = getattr(module, kind.rpartition(".")[2])("lims")
        self.lims.get_property = lambda name, default_value=None: properties.get(name, default_value)
        self.mounted: dict[str, Any] = {"location": (8, 2, 5), "code": "mx", "number": "1111"}
        self._prepare()
        self.lims.init()

    def _prepare(self) -> None:
        self.hardware.beamline = a_beamline(self.mounted)

    def login(self, password: str) -> list[dict[str, Any]]:
        """Log in, as the page of MXCuBE-Web does, and list the sessions."""
        manager, _, sessions = self.lims.login("opid30", password, None)
        manager.sessions = sessions
        return [session.model_dump() for session in sessions]

    def select(self, session_id: str) -> dict[str, Any]:
        """Choose a session; the proposal of what is measured is the session's."""
        session = self.lims.set_active_session_by_id(session_id)
        self.mounted |= {"code": session.code, "number": session.number}
        self._prepare()
        return dict(session.model_dump())

    def allow(self, session_id: str) -> None:
        """Go on although the session is not here and now."""
        self.lims.allow_session(self.lims.get_session_by_id(session_id))

    def samples(self) -> list[dict[str, Any]]:
        """Synchronise the sample list."""
        return list(self.lims.get_samples("DRAC"))

    def mount(self, sample: dict[str, Any], location: list[int]) -> None:
        """Put one sample of the list on the goniometer."""
        self.mounted |= {"sample": sample, "location": tuple(location)}
        self._prepare()

    def collect(self, collection: dict[str, Any], setup: dict[str, Any]) -> None:
        """A collection ends: metadata.json is written and the dataset is sent."""
        os.makedirs(collection["fileinfo"]["directory"], exist_ok=True)  # noqa: PTH103
        self.lims.store_data_collection(collection, Things(**setup))
        self.lims.finalize_data_collection(collection)

    def collect_serial(self, said: dict[str, Any]) -> None:
        """A serial run ends; its parameters are models whose fields are all sent."""
        os.makedirs(said["data_path"], exist_ok=True)  # noqa: PTH103
        model = importlib.import_module("pydantic").create_model
        parameters = said["collection_parameters"]

        def a_model(fields: dict[str, Any]) -> Any:
            return model("Parameters", **{name: (Any, given) for name, given in fields.items()})()

        self.lims.finalize_data_collection(
            {
                "data_path": said["data_path"],
                "collection_parameters": Things(**{name: a_model(fields) for name, fields in parameters.items()}),
                "beamline_parameters": Things(**said["beamline_parameters"]),
                "extra_lims_values": Things(**said["extra_lims_values"]),
                "sample": Things(**said["sample"]),
            }
        )

    def scan_energy(self, scan: dict[str, Any]) -> None:
        """An energy scan ends."""
        self.lims.store_energy_scan(scan)

    def take_spectrum(self, spectrum: dict[str, Any]) -> None:
        """A fluorescence spectrum was taken."""
        self.lims.store_xfe_spectrum(spectrum)


def main() -> None:
    """Follow orders until there are no more."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is not the answer
    beamline: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        name = order.pop("do")
        try:
            if name == "start":
                beamline, answer = Beamline(**order), None
            else:
                answer = getattr(beamline, name)(**order)
            told: dict[str, Any] = {"answer": answer}
        except Exception:  # noqa: BLE001  the test judges it
            told = {"error": traceback.format_exc()}
        answers.write(json.dumps(told, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
