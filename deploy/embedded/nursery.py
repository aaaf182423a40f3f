"""The nursery: one process that loads everything once and then forks each service, so that services start quickly.

Loading costs some 3 s of CPU, and forking some milliseconds. The forked processes share the loaded memory.

The nursery reads orders from its standard input, one line of JSON each, one at a time. It answers `{"pid": …}`. When a
process has ended, it writes `{"pid": …, "ended": exit code, "refused": why}`. The exit code is negative for a signal.
`why` is empty unless every further start would fail in the same way. The forked processes end with the nursery.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import sys
from importlib import import_module
from typing import Any

import services
from deploy.settings import misspelt
from shared.host.process import serve
from shared.runtime.settings import SettingsInvalid, read
from shared.vocabulary.units import Units

PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15  # of prctl(2), Linux

MOST_REASON_BYTES = 4096

Order = dict[str, Any]
"""`program`, its `environment`, the `log` for its output, and `reason`, the pipe for why it does not start."""


def attend() -> Order | None:
    """Fork a process for each order. It returns the order in the forked process, and None after the last order."""
    running: dict[int, int] = {}  # the pipe from which the reason is read, by process id
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(woken, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fd == woken:
                os.read(woken, 4096)
                running = {pid: reason for pid, reason in running.items() if not _has_ended(pid, reason)}
            elif not (line := sys.stdin.readline()):
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return None
            else:
                reason, writing = os.pipe()
                if (pid := os.fork()) == 0:
                    return {**json.loads(line), "reason": writing}
                os.close(writing)
                running[pid] = reason
                _say(pid=pid)


def _has_ended(pid: int, reason: int) -> bool:
    ended, status = os.waitpid(pid, os.WNOHANG)
    if ended:
        refused = os.read(reason, MOST_REASON_BYTES).decode(errors="replace")
        os.close(reason)
        _say(pid=pid, ended=os.waitstatus_to_exitcode(status), refused=refused)
    return bool(ended)


def _say(**said: int | str) -> None:
    os.write(sys.stdout.fileno(), json.dumps(said).encode() + b"\n")


def become(order: Order, nursery: int) -> int:
    """Run the ordered service, and return its exit code. `nursery` is the process id of the nursery."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NAME, order["program"].encode())
    if os.getppid() != nursery:  # the nursery died before prctl asked for the signal
        return 1
    with open(order["log"], "ab") as log, open(os.devnull, "rb") as nothing:  # noqa: PTH123  (as file descriptors)
        for given, standard in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(given.fileno(), standard)
    os.environ.update(order["environment"])

    def refuse(why: str) -> None:
        os.write(order["reason"], why.encode(errors="replace")[:MOST_REASON_BYTES])

    loaded = [services.load(name) for name in services.PROGRAMS[order["program"]]]
    try:
        served = [(service, read(service.settings, os.environ)) for service in loaded]
    except SettingsInvalid as error:
        sys.stderr.write(f"{error}\n")
        refuse(str(error))
        return 1
    return serve(order["program"], served, misspelt(), refuse)


def load_everything() -> None:
    """Load every service, and what a service would load only while it is set up: the processes then share this too.

    It saves each of them 8 MB and 0.1 s of CPU; those with a vocabulary save 3 MB and 0.3 s more.
    """
    for name in services.NAMES:
        services.load(name)
    import_module("pydantic.v1")  # FastAPI imports it for the first parameter of a route
    Units({"mm": "millimeter"})  # pint reads its definitions when it meets the first unit


def main() -> int:
    """Load everything, then accept orders."""
    load_everything()
    gc.collect()
    gc.freeze()  # garbage collections do not write to the shared pages
    nursery = os.getpid()
    order = attend()
    return 0 if order is None else become(order, nursery)


if __name__ == "__main__":
    sys.exit(main())
