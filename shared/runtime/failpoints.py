"""Named places at which a test kills or stops the process, to show that nothing is lost there.

`BEAMCAT_FAILPOINT=linker:after_save:3` sends SIGKILL to the process at the third passage of that place;
`BEAMCAT_FAILPOINT_SIGNAL=SIGSTOP` sends that signal instead, after which SIGCONT lets the process go on as if nothing
had been. With `BEAMCAT_FAILPOINT_MARK` naming a file, that happens once: the file is made first, and where it exists
the place is harmless, so that a restarted process lives. Unset, a passage costs one call.
"""

import functools
import itertools
import os
import signal
from pathlib import Path

_passages = itertools.count(1)


@functools.cache
def _awaited() -> tuple[str, int, Path, signal.Signals] | None:
    """The place, the passage, the mark and the signal, as they are when the first passage is made."""
    place, _, passage = os.environ.get("BEAMCAT_FAILPOINT", "").rpartition(":")
    mark = Path(os.environ.get("BEAMCAT_FAILPOINT_MARK", os.devnull))
    sent = signal.Signals[os.environ.get("BEAMCAT_FAILPOINT_SIGNAL", "SIGKILL")]
    return (place, int(passage), mark, sent) if place and not mark.is_file() else None


def failpoint(stage: str, place: str) -> None:
    """Die or stop here if this is the awaited passage."""
    awaited = _awaited()
    if awaited and f"{stage}:{place}" == awaited[0] and next(_passages) == awaited[1]:
        awaited[2].touch()
        os.kill(os.getpid(), awaited[3])
