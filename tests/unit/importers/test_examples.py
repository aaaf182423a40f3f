"""Every number in the examples is in the submission, or listed as not submitted."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from clients.importers.assembly import Given
from clients.importers.files import read_pipeline_file

PIPELINES = Path(__file__).parents[3] / "examples/pipelines"
OURS = Given("mx1111", "id30a-3", path="/data/visitor/mx1111/result_{result}")
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)


def numbers_of(file: Path) -> set[float]:
    """Every number that stands by itself in a file, of whatever format."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".xml":
        words: Any = [each.text for each in ET.fromstring(text).iter()]  # noqa: S314  the file is our own
    elif file.suffix == ".json":
        words = list(leaves(json.loads(text)))
    else:
        words = re.sub(r"\(\d+\)", "", re.sub(r"'[^'\n]*'", "", text)).split()
    told = [str(word).strip() for word in words if not isinstance(word, bool)]
    return {float(word) for word in told if NUMBER.fullmatch(word)}


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from leaves(each)
    else:
        yield value


@pytest.mark.parametrize("file", sorted(PIPELINES.iterdir()), ids=lambda file: file.name)
def test_every_number_is_taken_or_listed(file: Path) -> None:
    taken: set[float] = set()
    for number in range(1, len(read_pipeline_file(file, OURS, "all")) + 1):
        [imported] = read_pipeline_file(file, OURS, str(number))
        words = [*leaves(imported.submission), *(one.value for one in imported.unplaced)]
        found = {float(word) for word in map(str, words) if NUMBER.fullmatch(word)}
        taken = taken & found if taken else found
    structure = {1.0, 2.0, 19.0} if file.suffix == ".mmcif" else set()  # ids; the number of the space group is its name
    for said in numbers_of(file) - structure:
        assert any(math.isclose(said, one) for one in taken), said
