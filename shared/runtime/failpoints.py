"""Failpoints: named places at which a test kills or stops the process, to show that nothing is lost there.

`BEAMCAT_FAILPOINT=linker:after_save:3` sends SIGKILL to the process when it passes that place for the third time.
`BEAMCAT_FAILPOINT_SIGNAL=SIGSTOP` sends that signal instead; SIGCONT then continues the process. If
`BEAMCAT_FAILPOINT_MARK` names a file, this happens once: the file is created first, and while it exists the failpoint
does nothing, so that a restarted process survives. Without these variables, a failpoint costs one call.
"""

import functools
import itertools
import os
import signal
from pathlib import Path

_passages = itertools.count(1)


@functools.cache
def _awaited() -> tuple[str, int, Path, signal.Signals] | None:
    """The place, the number of the passage, the mark and the signal, as set at the first passage."""
    place, _, passage = os.environ.get("BEAMCAT_FAILPOINT", "").rpartition(":")
    mark = Path(os.environ.get("BEAMCAT_FAILPOINT_MARK", os.devnull))
    sent = signal.Signals[os.environ.get("BEAMCAT_FAILPOINT_SIGNAL", "SIGKILL")]
    return (place, int(passage), mark, sent) if place and not mark.is_file() else None


def failpoint(stage: str, place: str) -> None:
    """Kill or stop the process here, if this is the configured passage."""
    awaited = _awaited()
    if awaited and f"{stage}:{place}" == awaited[0] and next(_passages) == awaited[1]:
        awaited[2].touch()
        os.kill(os.getpid(), awaited[3])
