"""Every call to the queues that the signatures of ICAT's client allow, sent to one port.

    python -W ignore -m tests.flow.icat_gateway.all_calls PORT FOLDER

Tells the least number of messages that all of it makes. A process of its own, because the client leaves sockets open.
"""

import sys
from pathlib import Path
from typing import Any

from pyicat_plus.client.main import IcatClient

from tests.builders.icat_signatures import HELD, METADATA, OTHER, RAW, SENT, variations

QUEUES = ("metadata", "update_metadata", "add_files", "archive", "reschedule_investigation")


def send_all(port: str, folder: Path) -> int:
    """Two datasets first, then everything; the number of messages."""
    client = IcatClient(**{f"{queue}_urls": [f"127.0.0.1:{port}"] for queue in QUEUES}, queue_timeout=30)
    client.current_proposal, client.current_beamline = "mx1111", "id30a-3"
    client.current_dataset, client.current_path, client.current_dataset_metadata = "run_01", RAW, METADATA
    held = str(folder / "held.xml")
    for path in (RAW, OTHER):
        client.store_dataset(dataset=path.rpartition("/")[2], path=path, metadata=METADATA)
    client.store_dataset(store_filename=held)
    sent = 2
    for name in SENT:
        for arguments in variations(name):
            said: dict[str, Any] = {key: held if value is HELD else value for key, value in arguments.items()}
            getattr(client, name)(**said)
            sent += name == "store_dataset_from_file" or not said.get("store_filename")
    client.disconnect()
    return sent


if __name__ == "__main__":
    sys.stdout.write(f"{send_all(sys.argv[1], Path(sys.argv[2]))}\n")
