"""Named places at which a test kills the process, to show that nothing is lost there.

`BEAMCAT_FAILPOINT=linker:after_save:3` sends SIGKILL to the process at the third passage of that place. Unset, a
passage costs one comparison.
"""

import itertools
import os
import signal

_wanted, _, _count = os.environ.get("BEAMCAT_FAILPOINT", "").rpartition(":")
_passages = itertools.count(1)


def failpoint(stage: str, place: str) -> None:
    """Die here if this is the awaited passage."""
    if _wanted and f"{stage}:{place}" == _wanted and next(_passages) == int(_count):
        os.kill(os.getpid(), signal.SIGKILL)
