"""The command beamcat-spool. It delivers what ended programs left in a spool, and manages refused submissions.

    beamcat-spool [deliver] [URL]    deliver until nothing waits
    beamcat-spool list               list refused submissions, and count waiting ones
    beamcat-spool show RECEIPT       show why it was refused, and its content
    beamcat-spool retry RECEIPT      deliver it again unchanged; --all: all refused ones
    beamcat-spool forget RECEIPT     delete it, for example after a corrected one was stored; --all: all refused ones

Exit code 0: success; after deliver and retry, nothing waits and nothing is refused.
1: something waits or is refused, or there is no refused submission with that receipt. 2: wrong usage.
3: no beamcat is named, or the spool cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from beamcat_client.answers import Refused
from beamcat_client.client import Client
from beamcat_client.errors import BeamcatError
from beamcat_client.visible import visible

DELIVER = "deliver"
COMMANDS = (DELIVER, "list", "show", "retry", "forget")
FAILED, UNUSABLE = 1, 3


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return the exit code."""
    said = list(sys.argv[1:] if arguments is None else arguments)
    if not said or said[0] not in (*COMMANDS, "-h", "--help"):
        said.insert(0, DELIVER)
    given = _parser().parse_args(said)
    try:
        client = Client(given.url, spool=given.spool, background=False)
    except (BeamcatError, ValueError) as error:
        return _fail(str(error), UNUSABLE)
    try:
        return _do(given, client)
    except BeamcatError as error:
        return _fail(str(error), UNUSABLE)
    finally:
        client.close()


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--spool", help="the folder; default: BEAMCAT_SPOOL, else the one of this user and gateway")
    common.add_argument("--timeout", type=float, default=60.0, help="seconds after which delivery ends for now")
    parser = argparse.ArgumentParser(
        prog="beamcat-spool", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        command = commands.add_parser(name, parents=[common])
        gateway = "the gateway; default: that of the beamcat which is named here"
        if name == DELIVER:
            command.add_argument("url", nargs="?", help=gateway)
        else:
            command.add_argument("--url", help=gateway)
        if name == "show":
            command.add_argument("receipt")
        elif name in ("retry", "forget"):
            which = command.add_mutually_exclusive_group(required=True)
            which.add_argument("receipt", nargs="?")
            which.add_argument("--all", action="store_true", help="everything that was refused")
    return parser


def _do(given: argparse.Namespace, client: Client) -> int:
    if given.command == DELIVER:
        return _deliver(client, given.timeout)
    refused = client.refused()
    if given.command == "list":
        return _list(refused, client.waiting())
    chosen = [each for each in refused if given.receipt in (None, each.receipt_id)]
    if not chosen and given.receipt:
        return _fail(f"there is no refused submission {given.receipt}; beamcat-spool list shows all", FAILED)
    if given.command == "show":
        return _show(chosen[0])
    for each in chosen:
        (client.retry if given.command == "retry" else client.forget)(each)
    _tell(f"{len(chosen)} {'to be delivered again' if given.command == 'retry' else 'forgotten'}")
    return _deliver(client, given.timeout) if given.command == "retry" else 0


def _list(refused: Sequence[Refused], waiting: int) -> int:
    for each in refused:
        _tell(f"{each.receipt_id}  {each.path}: {each.message}")
    _tell(f"{len(refused)} refused, {waiting} waiting")
    return 0


def _show(refused: Refused) -> int:
    _tell(f"{refused.path} was refused with status {refused.status}: {refused.message}")
    for fault in refused.errors:
        _tell(f"  {fault.get('field')}: {fault.get('message')}")
    print(json.dumps(refused.submission, indent=2))  # noqa: T201 - this is a command
    return 0


def _deliver(client: Client, timeout: float) -> int:
    """Deliver, print what is left, and return the exit code."""
    client.flush(timeout)
    refused, waiting = client.refused(), client.waiting()
    for each in refused:
        _tell(f"refused: {each.path}: {each.message} (beamcat-spool show {each.receipt_id})")
    if waiting:
        why = client.sender.trouble or "held back for a minute, because the token does not cover them"
        _tell(f"{waiting} datasets still wait: {why}")
    return FAILED if refused or waiting else 0


def _tell(text: str) -> None:
    print(visible(text))  # noqa: T201 - this is a command


def _fail(message: str, code: int) -> int:
    print(f"beamcat-spool: {visible(message)}", file=sys.stderr)  # noqa: T201 - this is a command
    return code


if __name__ == "__main__":
    sys.exit(main())
