"""The page on the move from ICAT says of every call of the client what becomes of it."""

import inspect
import re
import warnings
from pathlib import Path

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own dependencies warn while they are imported
    from pyicat_plus.client.main import IcatClient

PAGE = Path(__file__).parents[2] / "docs" / "from-icat.md"


def test_every_call_of_the_client_has_its_row() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Every call")[2]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    calls = {name for name, _ in inspect.getmembers(IcatClient, inspect.isfunction) if not name.startswith("_")}
    assert calls <= told, calls - told
