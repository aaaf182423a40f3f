"""A checker as the validator assembles it, and a minimal submission that passes it."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from services.validator.checker import Checker, CheckResult
from shared.events.dataset import Submission
from shared.events.identity import Identities
from tests.builders.described import TECHNIQUES, VOCABULARY

SUBMITTED_AT = datetime(2024, 12, 1, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Paris")


@cache
def a_checker() -> Checker:
    """A checker with the vocabulary and techniques of this repository, for a facility with datasets under /data."""
    return Checker(VOCABULARY, TECHNIQUES, Identities("facility.example"), ["/data"], ZONE)


def a_submission(**changes: Any) -> Submission:
    """A raw dataset with only the required fields. `changes` replace fields."""
    fields: dict[str, Any] = {
        "name": "run_01",
        "path": "/data/visitor/mx1111/id30a3/20241130/RAW_DATA/run_01",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "sample": "Fus_RAC1b",
        "start": "2024-11-30T09:00:00+01:00",
        "technique": "MX",
    }
    return Submission(**fields | changes)


def the_verdict(**changes: Any) -> CheckResult:
    """The verdict on `a_submission`."""
    return a_checker().check(a_submission(**changes), "a-receipt", SUBMITTED_AT)
