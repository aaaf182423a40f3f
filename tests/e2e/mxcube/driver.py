"""MXCuBE as a process of its own, given orders."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.builders.terminal import ROOT

PYTHON = ROOT / ".venv" / "mxcube" / "bin" / "python"
PROGRAM = Path(__file__).with_name("beamline.py")

LIMS, SERIAL_LIMS = "ICATLIMS", "ESRF.SSXICATLIMS"


class Mxcube:
    """One MXCuBE: its LIMS class with these properties, until it is closed."""

    def __init__(self, kind: str, properties: Mapping[str, str], log: Path) -> None:
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                [str(PYTHON), "-W", "ignore", str(PROGRAM)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.ask("start", kind=kind, properties=properties)

    def ask(self, order: str, **arguments: object) -> Any:
        """What MXCuBE answers; its traceback fails the test."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": order, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"MXCuBE ended: {self.log()}"
        told = json.loads(line)
        assert "error" not in told, told["error"]
        return told["answer"]

    def log(self) -> str:
        """What MXCuBE and its libraries wrote."""
        return self._log.read_text(encoding="utf-8")

    def close(self) -> None:
        """No more orders."""
        self._process.communicate(timeout=60)
        assert self._process.returncode == 0, self.log()
