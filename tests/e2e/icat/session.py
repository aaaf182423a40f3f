"""A session at a beamline, told by the unmodified client: every public call of `IcatClient`, in the order of a day.

    python -m tests.e2e.icat.session FILE

FILE holds JSON: `client` (the client's own arguments) or, for its mock backend, none; `password`, where there is a
login; `folder` for what the client writes. Prints one JSON object: of each call its answer, or its error.
"""

import contextlib
import dataclasses
import functools
import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own dependencies warn while they are imported
    from pyicat_plus.client.main import IcatClient
    from pyicat_plus.client.types import ArchiveStatusType
    from pyicat_plus_pytest_plugin import tcp
    from pyicat_plus_pytest_plugin.mock_backend import mock_icat_client

BEAMLINE, PROPOSAL = "id30a-3", "mx2222"
ROOT = f"/data/visitor/{PROPOSAL}/id30a3/20261125"
RAW, RAW_FROM_FILE = f"{ROOT}/RAW_DATA/insulin/run_01_datacollection", f"{ROOT}/RAW_DATA/insulin/run_02_datacollection"
PROCESSED = f"{ROOT}/PROCESSED_DATA/insulin/run_01/autoPROC"
START = datetime.fromisoformat("2026-11-25T09:00:00+01:00")
MOST_IDLE_SECONDS = 60.0
PARAMETERS: dict[str, Any] = {
    "Sample_name": "insulin",
    "startDate": START + timedelta(minutes=5),
    "endDate": START + timedelta(minutes=6),
    "definition": "MX",
    "scanType": "datacollection",
    "MX_numberOfImages": 3600,
    "MX_resolution": 1.5,
    "MX_exposureTime": 0.01,
    "MX_detectorDistance": "150 mm",
    "software": "mxcube",
}


class Session:
    """Makes calls one after the other, and keeps what each answered."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.answers: dict[str, Any] = {}

    def call(self, name: str, **arguments: object) -> Any:
        """One call; its answer or its error is kept under its name."""
        try:
            answer = getattr(self.client, name)(**arguments)
        except Exception as error:  # noqa: BLE001  the test judges it
            self.answers[name] = {"error": f"{type(error).__name__}: {error}"}
            return None
        self.answers[name] = {"answer": plain(answer)}
        return answer

    def until(self, name: str, enough: Callable[[Any], bool], **arguments: object) -> Any:
        """The call again and again, until its answer is enough, or the time is up."""
        deadline = time.monotonic() + MOST_IDLE_SECONDS
        while True:
            answer = self.call(name, **arguments)
            if (answer is not None and enough(answer)) or time.monotonic() > deadline:
                return answer
            time.sleep(0.1)


def plain(answer: Any) -> Any:
    """The answer as JSON can say it."""
    if isinstance(answer, list | tuple):
        return [plain(item) for item in answer]
    if dataclasses.is_dataclass(answer) and not isinstance(answer, type):
        return dataclasses.asdict(answer)
    if hasattr(answer, "to_dict"):
        return json.loads(json.dumps(answer.to_dict(), default=str))
    if isinstance(answer, bytes):
        return answer.decode()
    return json.loads(json.dumps(answer, default=str))


def paths_of(registered: Any) -> set[str]:
    """The paths among registered dataset ids."""
    return {each.path for each in registered}


def tell(session: Session, folder: Path) -> None:
    """What every backend can be told: an investigation, datasets, the logbook; and what it confirms."""
    where = {"beamline": BEAMLINE, "proposal": PROPOSAL}
    session.call("start_investigation", **where, start_datetime=START)
    session.until("investigation_info", bool, **where, date=START)
    session.call("store_dataset", **where, dataset="run_01", path=RAW, metadata=PARAMETERS)
    stored = str(folder / "dataset.xml")
    session.client.store_dataset(
        **where, dataset="run_02", path=RAW_FROM_FILE, metadata=PARAMETERS, store_filename=stored
    )
    session.call("store_dataset_from_file", store_filename=stored)
    result: dict[str, Any] = {"Sample_name": "insulin", "definition": "MX", "scanType": "integration"}
    result |= {"Process_program": "autoPROC"}
    result |= {"startDate": START + timedelta(minutes=7), "endDate": START + timedelta(minutes=8)}
    session.call("store_processed_data", **where, dataset="autoPROC", path=PROCESSED, metadata=result, raw=[RAW])
    wanted = {RAW, RAW_FROM_FILE, PROCESSED}
    session.until("registered_dataset_ids", lambda found: wanted <= paths_of(found), **where, date=START)
    session.call("registered_datasets", **where, date=START)
    session.call("investigation_info_string", **where, date=START)
    session.call("investigation_summary", **where, date=START)
    session.call("send_message", msg="collection done", msg_type="info", **where, dataset="run_01", tags=["MX"])
    session.call("send_binary_data", data=b"\x89PNG not really", mimetype="image/png", **where)
    (folder / "note.txt").write_text("a note", encoding="utf-8")
    (folder / "image.png").write_bytes(b"\x89PNG not really either")
    session.call("send_text_file", filename=str(folder / "note.txt"), **where, dataset="run_01")
    session.call("send_binary_file", filename=str(folder / "image.png"), **where)


def ask(session: Session, password: str) -> None:
    """What only a catalogue answers."""
    where = {"beamline": BEAMLINE, "proposal": PROPOSAL}
    session.call("do_log_in", password=password)
    session.call("get_session_information")
    investigations = session.call("get_investigations_by", instrument_name=BEAMLINE) or []
    number = next((str(each.id) for each in investigations if each.name == PROPOSAL), "0")
    datasets = session.call("get_datasets_by", investigation_id=number, parameters=["MX_resolution~lt~2"]) or []
    by_path = {dataset.location: dataset for dataset in datasets}
    session.call("get_datafiles_by", location=RAW)
    session.call("get_investigation_types")
    [sample] = session.call("get_samples_by", investigation_id=number) or [None]
    session.call("get_parcels_by", investigation_id=number)
    session.call("get_sample_metadata_by", proposal=PROPOSAL, beamline=BEAMLINE)
    sample_id = str(sample.id) if sample else "0"
    session.call("get_sample_files_by", sample_id=sample_id)
    session.call("get_sample_files_information_by", sample_id=sample_id)
    session.call("get_sample_information_list_by", sample_id=sample_id)
    session.call("download_file_by", sample_id=sample_id, resource_id="none")
    session.call("get_investigation_users", investigation_id=number)
    dataset = by_path.get(RAW)
    dataset_id = dataset.id if dataset else 0
    session.call("update_metadata", **where, dataset_paths=RAW, metadata_name="Sample_name", metadata_value="lysozyme")
    session.until(
        "get_datasets_by",
        lambda found: [each.sample_name for each in found] == ["lysozyme"],
        dataset_ids=[str(dataset_id)],
    )
    session.call("add_files", dataset_id=dataset_id)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        archived = {"type": ArchiveStatusType.ARCHIVING, "message": "on tape"}
        session.call("update_archive_restore_status", dataset_id=dataset_id, **archived)
    session.call("reschedule_investigation", investigation_id=number)


def check_health(session: Session) -> None:
    """As BLISS does before a session, on every queue that has a consumer count."""
    for name in ("metadata", "update_metadata", "add_files"):
        try:
            getattr(session.client, f"_IcatClient__{name}_client").check_health()
        except Exception as error:  # noqa: BLE001  the test judges it
            session.answers[f"check_health {name}"] = {"error": f"{type(error).__name__}: {error}"}
        else:
            session.answers[f"check_health {name}"] = {"answer": True}


@contextlib.contextmanager
def client_of(said: dict[str, Any], folder: Path) -> Iterator[Any]:
    """The client as configured, or one of its own mock backend."""
    if "client" not in said:
        # it gives each of its servers five seconds to start, which a busy machine does not always hold
        tcp.wait_tcp_online = functools.partial(tcp.wait_tcp_online, timeout=MOST_IDLE_SECONDS)
        with mock_icat_client(folder / "mock", timeout=MOST_IDLE_SECONDS) as client:
            yield client
        return
    client = IcatClient(**said["client"])
    try:
        yield client
    finally:
        client.disconnect()


def main() -> None:
    """Tell, ask, and print what was answered."""
    said = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(said["folder"])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is not the answer
    with client_of(said, folder) as client:
        session = Session(client)
        check_health(session)
        tell(session, folder)
        if "password" in said:
            ask(session, said["password"])
    json.dump(session.answers, answers)
    answers.close()


if __name__ == "__main__":
    main()
