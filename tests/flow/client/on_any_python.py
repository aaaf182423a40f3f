"""What a producer does with the client, in one go: run by every Python that the client supports, with nothing but it.

Arguments: the gateway's URL, a token for beamline id29, an empty folder.
"""

import asyncio
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any

import beamcat_client
from beamcat_client import AsyncClient, Client, SubmissionRefused, mx
from beamcat_client.__main__ import main as beamcat_spool
from beamcat_client.addresses import RUNNING_FILE, mark_of_process
from beamcat_client.profiles import Profiles, write_profiles

URL, TOKEN = sys.argv[1:3]
FOLDER = Path(sys.argv[3])
SAID: "dict[str, Any]" = {"beamline": "id29", "start": "2026-11-24T10:00:00+01:00"}


def named() -> "dict[str, str]":
    return {"BEAMCAT_GATEWAY_URL": URL, "BEAMCAT_TOKEN": TOKEN}


def store_beside_a_running_beamcat() -> None:
    file = FOLDER / RUNNING_FILE
    file.parent.mkdir()
    file.write_text(json.dumps({**named(), "process": mark_of_process(os.getpid())}))
    with Client(patience_seconds=30) as client:
        assert client.catalogue.origin == str(file)
        collection = mx.data_collection(MX_numberOfImages=10, MX_oscillationRange=0.1)
        raw = client.store_dataset("run", "MX1111", "s", FOLDER / "run", **collection, **SAID)
        assert raw.delivered, raw.trouble
        verdict = client.check({"name": "run", "proposal": "MX1111", "path": "/data/run"})
        assert not verdict.accepted
        assert "beamline" in verdict.findings[0]["message"]
    file.unlink()


def store_by_a_profile() -> None:
    write_profiles(Profiles("mine", {"mine": named()}))

    async def store() -> bool:
        async with AsyncClient(patience_seconds=30) as client:
            receipt = await client.store_dataset("again", "MX1111", "s", "/data/again", {}, **SAID)
            return receipt.delivered

    assert asyncio.run(store())


def clear_up_what_was_refused() -> None:
    with Client(patience_seconds=30) as client:
        try:
            client.store({"path": "/data/wrong", "name": "wrong"})
        except SubmissionRefused as refused:
            receipt = refused.refused.receipt_id
        else:
            raise AssertionError("it was not refused")
    codes = [beamcat_spool([*words, receipt]) for words in (["show"], ["retry"], ["forget"], ["forget"])]
    assert codes == [0, 1, 0, 1], codes
    assert beamcat_spool(["list"]) == beamcat_spool([]) == beamcat_spool([URL]) == 0


if __name__ == "__main__":
    os.chdir(str(FOLDER))
    FOLDER = Path.cwd()
    os.environ.update(HOME=str(FOLDER), BEAMCAT_SPOOL=str(FOLDER / "spool"))
    for module in pkgutil.iter_modules(beamcat_client.__path__):
        importlib.import_module(f"beamcat_client.{module.name}")
    store_beside_a_running_beamcat()
    store_by_a_profile()
    clear_up_what_was_refused()
    print(beamcat_client.__version__)  # noqa: T201  what the test looks for
