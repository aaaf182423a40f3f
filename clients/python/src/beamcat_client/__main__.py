"""`python -m beamcat_client URL`: deliver what programs that have ended left in a spool."""

from __future__ import annotations

import argparse
import sys

from beamcat_client.client import Client


def main(arguments: list[str] | None = None) -> int:
    """Deliver until nothing waits; the exit code is 0 if nothing waits and nothing was refused."""
    parser = argparse.ArgumentParser(prog="beamcat-spool", description=__doc__)
    parser.add_argument("url", help="the gateway; its token is read from BEAMCAT_TOKEN")
    parser.add_argument("--spool", help="the folder; default BEAMCAT_SPOOL, else this user's own")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds after which it gives up for now")
    given = parser.parse_args(arguments)
    client = Client(given.url, spool=given.spool, background=False)
    try:
        done = client.flush(given.timeout)
        refused = client.refused()
        for each in refused:
            print(f"refused: {each.path}: {each.message}")  # noqa: T201 - this is a command
        if not done:
            print(f"{client.waiting()} datasets still wait: {client.sender.trouble}")  # noqa: T201 - as above
        return 0 if done and not refused else 1
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main())
