"""A text in the user's editor."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from clients.cli.terminal.output import WRONG, fail

INSTEAD = "or write it to a file with --save and send that with --file"


class Draft:
    """A text that is edited, perhaps several times. It stays on disk until it is discarded."""

    def __init__(self, content: bytes, suffix: str) -> None:
        self._editor = _editor()
        descriptor, name = tempfile.mkstemp(suffix, "beamcat-")
        os.close(descriptor)
        self.file = Path(name)
        self.file.write_bytes(content)

    def edit(self) -> bytes:
        """Open the editor, wait for it to end, and return the text. If the editor fails, the command ends."""
        try:
            code = subprocess.run([*self._editor, str(self.file)], check=False).returncode  # noqa: S603  of the user
        except OSError as error:
            self.discard()
            fail(f"the editor {self._editor[0]} cannot be started ({error}): correct VISUAL or EDITOR, {INSTEAD}")
        if code:
            fail(f"the editor ended with exit code {code}, so nothing is sent")
        try:
            return self.file.read_bytes()
        except OSError as error:
            fail(f"{self.file} was not left by the editor ({error}), so nothing is sent")

    def is_left(self) -> bool:
        """Whether it is still on disk."""
        return self.file.exists()

    def discard(self) -> None:
        """Delete it."""
        self.file.unlink(missing_ok=True)


def _editor() -> list[str]:
    said = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    try:
        command = shlex.split(said)
    except ValueError as error:
        fail(f"VISUAL or EDITOR is {said!r}, which is not a command: {error}", WRONG)
    return command or fail(f"no editor is set: set EDITOR, as in EDITOR=nano, {INSTEAD}", WRONG)
