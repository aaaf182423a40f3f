"""Whatever the signatures of ICAT's client allow is answered: each call with each value of its parameters' types."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from icat_plus_client.exceptions import ApiException

from tests.builders.icat_signatures import HELD, SENT, START, public_methods, variations
from tests.integration.icat_plus.conftest import Facility

pytestmark = pytest.mark.integration

NOT_THERE = {"download_file_by": 404}
"""The status of calls that ask for what is not there."""

ASKED = sorted(public_methods().keys() - set(SENT))


def _ask_all(name: str, client: Any, file: Path, key: str) -> list[str]:
    """What was refused, or not answered, of all calls of one method."""
    refused = []
    for arguments in variations(name):
        said = {each: str(file) if value is HELD else value for each, value in arguments.items()}
        if name == "do_log_in":
            said["password"] = key
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what the client itself calls deprecated
                answer = getattr(client, name)(**said)
        except ApiException as problem:
            if problem.status != NOT_THERE.get(name):
                refused.append(f"{arguments}: {problem.status} {problem.body!r}")
        else:
            if name.startswith(("investigation", "registered")) and not answer and "allow_open_ended" not in said:
                refused.append(f"{arguments}: no answer")
    return refused


@pytest.mark.parametrize("name", ASKED)
async def test_whatever_the_types_allow_is_answered(facility: Facility, tmp_path: Path, name: str) -> None:
    ref = await facility.register(42, start=START, proposal_name="MX-1111")
    await facility.commit("/data/visitor/mx1111/run_01", 7, ref, sample="lyso", parameters={"MX_resolution": 1.5})
    (file := tmp_path / "note.txt").write_text("a note", encoding="utf-8")

    def ask(client: Any) -> list[str]:
        client.current_proposal, client.current_beamline, client.current_dataset = "mx1111", "id30a-3", "run_01"
        return _ask_all(name, client, file, facility.key)

    assert await facility.ask(ask) == []
