"""Many datasets are handed in through a pipe, beside a running beamcat."""

import json
import random
import signal
import subprocess

import pytest

from tests.builders.submissions import processed_submission, raw_submission
from tests.builders.terminal import BEAMCAT, ENVIRONMENT, beamcat
from tests.e2e.running.conftest import Facility

pytestmark = pytest.mark.e2e

COUNT = 150
ASK = "ask again: beamcat status --batch "


def piped(facility: Facility, said: str, *options: str) -> subprocess.CompletedProcess[str]:
    """What `beamcat submit -` says of what is piped into it."""
    return subprocess.run(
        [*BEAMCAT, "submit", "-", *options],
        cwd=facility.folder,
        env=ENVIRONMENT,
        input=said,
        text=True,
        capture_output=True,
        check=False,
    )


def lines(first: int) -> list[str]:
    """Long before what other tests send, which is found first."""
    chance = random.Random(first)
    return [json.dumps(raw_submission(number, chance)) for number in range(first, first + COUNT)]


def test_many_are_submitted_through_a_pipe_summed_up_and_asked_for_again(facility: Facility) -> None:
    given = lines(-500_000)
    child = processed_submission(-500_000, [json.loads(given[-1])], random.Random(1))
    given = [json.dumps(child), *given, '{"name": "broken"', given[7].replace('"start": "', '"start": "noon ')]
    told = piped(facility, "\n".join(given))
    assert told.returncode == 1, told.stdout + told.stderr
    assert f"{COUNT + 1} committed" in told.stdout
    assert "1 rejected" in told.stdout
    assert f"standard input, line {COUNT + 2} is not JSON" in told.stdout
    assert "error start_invalid: start = 'noon " in told.stdout
    [name] = [line.removeprefix(ASK) for line in told.stdout.splitlines() if line.startswith(ASK)]

    asked = beamcat(facility.folder, "status", "--batch", name, "--json")
    assert asked.returncode == 1
    states = [receipt["state"] for receipt in json.loads(asked.stdout)]
    assert (states.count("committed"), states.count("rejected")) == (COUNT + 1, 1)

    again = piped(facility, "\n".join(given[1 : COUNT + 1]), "--json")
    assert again.returncode == 0, again.stdout + again.stderr
    assert {receipt["state"] for receipt in json.loads(again.stdout)} == {"unchanged"}


def test_who_interrupts_can_ask_later(facility: Facility) -> None:
    given = lines(-600_000)
    with subprocess.Popen(
        [*BEAMCAT, "submit", "-"],
        cwd=facility.folder,
        env=ENVIRONMENT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as submit:
        assert submit.stdin is not None
        assert submit.stdout is not None
        submit.stdin.write("\n".join(given) + "\n")
        submit.stdin.flush()  # and the pipe stays open, as that of a beamline would
        while beamcat(facility.folder, "status", json.loads(given[0])["path"]).returncode:
            assert submit.poll() is None
        submit.send_signal(signal.SIGINT)
        told = submit.stdout.read()
        assert submit.wait(60) == 130
    [name] = [line.removeprefix(ASK) for line in told.splitlines() if line.startswith(ASK)]
    later = beamcat(facility.folder, "status", "--batch", name, "--wait")
    assert later.returncode == 0, later.stdout + later.stderr
    assert f"{name.rpartition('-')[2]} committed" in later.stdout
