"""Named places at which a test kills the process, to show that nothing is lost there.

`BEAMCAT_FAILPOINT=linker:after_save:3` sends SIGKILL to the process at the third passage of that place. With
`BEAMCAT_FAILPOINT_MARK` naming a file, that happens once: the file is made first, and where it exists the place is
harmless, so that a restarted process lives. Unset, a passage costs one comparison.
"""

import itertools
import os
import signal
from pathlib import Path

_wanted, _, _count = os.environ.get("BEAMCAT_FAILPOINT", "").rpartition(":")
_mark = Path(os.environ.get("BEAMCAT_FAILPOINT_MARK", os.devnull))
_armed = bool(_wanted) and not _mark.is_file()
_passages = itertools.count(1)


def failpoint(stage: str, place: str) -> None:
    """Die here if this is the awaited passage."""
    if _armed and f"{stage}:{place}" == _wanted and next(_passages) == int(_count):
        _mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
