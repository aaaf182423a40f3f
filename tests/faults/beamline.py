"""One beamline: the unmodified client of ICAT sends datasets, and at the end sends the unconfirmed ones again.

    python -m tests.faults.beamline FILE

FILE holds JSON: `client` (the client's arguments), `first` and `count` of the datasets, `sent` (a file: each path as it
is sent) and `calm` (a file that exists when nothing is killed any more). Prints how many it had to send again. So does
BLISS: without receipts, only the catalogue itself can tell that a dataset has arrived.
"""

import json
import sys
import time
import warnings
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.builders.submissions import BEGIN, RAW

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own dependencies warn while they are imported
    from pyicat_plus.client.main import IcatClient

BEAMLINE, PROPOSAL = "id30a-3", "mx3333"
MOST_IDLE_SECONDS = 120.0
SEND_AGAIN_SECONDS = 10.0


def path_of(number: int) -> str:
    """The folder of a dataset."""
    return f"/data/visitor/{PROPOSAL}/id30a3/20241130/RAW_DATA/insulin/run_{number}"


def metadata_of(number: int) -> dict[str, Any]:
    """The metadata of a dataset: about sixty parameters, as MXCuBE sends them."""
    start = BEGIN + timedelta(seconds=number)
    own = {"Sample_name": "insulin", "startDate": start, "endDate": start + timedelta(seconds=1)}
    own["MX_position_id"] = number
    return {name: value for name, value in RAW["parameters"].items() if name not in ("proposal", "location")} | own


def send(client: Any, numbers: Iterable[int], sent: Path) -> None:
    """Send each dataset until the client reports success."""
    with sent.open("a", encoding="utf-8", buffering=1) as log:
        for number in numbers:
            while True:
                try:
                    client.store_dataset(dataset=f"run_{number}", path=path_of(number), metadata=metadata_of(number))
                    break
                except Exception as error:  # noqa: BLE001  whatever it is, a beamline tries again
                    print(f"run_{number}: {type(error).__name__}: {error}", file=sys.stderr)
                    time.sleep(0.1)
            log.write(path_of(number) + "\n")


def unconfirmed(client: Any, numbers: Iterable[int]) -> list[int]:
    """The datasets that the catalogue does not have."""
    known = client.registered_dataset_ids(BEAMLINE, PROPOSAL, date=BEGIN) or []
    paths = {each.path for each in known}
    return [number for number in numbers if path_of(number) not in paths]


def main() -> None:
    """Send the datasets, wait for the calm, and confirm them."""
    warnings.simplefilter("ignore")
    said = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    client = IcatClient(**said["client"], beamline=BEAMLINE, proposal=PROPOSAL)
    numbers = range(said["first"], said["first"] + said["count"])
    sent, calm = Path(said["sent"]), Path(said["calm"])
    send(client, numbers, sent)
    while not calm.exists():
        time.sleep(0.1)
    again = 0
    deadline = time.monotonic() + MOST_IDLE_SECONDS
    while (missing := unconfirmed(client, numbers)) and time.monotonic() < deadline:
        send(client, missing, sent)
        again += len(missing)
        next_look = time.monotonic() + SEND_AGAIN_SECONDS
        while time.monotonic() < next_look and unconfirmed(client, numbers):
            time.sleep(0.2)
    print(json.dumps({"again": again, "missing": len(missing)}))
    client.disconnect()


if __name__ == "__main__":
    main()
