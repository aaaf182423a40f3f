"""The commands that a page of the documentation tells its reader to type."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]


def commands_of(page: str) -> list[list[str]]:
    """The arguments of every `$ beamcat …` in a page's console blocks; examples are found from anywhere."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    typed = [shlex.split(line.removeprefix("$ "), comments=True) for line in lines if line.startswith("$ ")]
    return [
        [str(ROOT / word) if word.startswith("examples/") else word for word in arguments]
        for [program, *arguments] in typed
        if program == "beamcat"
    ]
