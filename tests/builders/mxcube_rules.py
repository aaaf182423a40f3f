"""How MXCuBE reads an investigation, by its known rules. Any other answer breaks the login for everybody."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from icat_plus_client.models.investigation import Investigation


@dataclass(frozen=True)
class MxcubeSession:
    """A session as MXCuBE reads it from an investigation."""

    code: str
    number: str
    title: str
    beamline: str
    is_now: bool
    is_rescheduled: bool
    counts: tuple[str, str, str]

    @property
    def proposal(self) -> str:
        """The proposal, as MXCuBE writes it into its paths and datasets."""
        return self.code + self.number


def session_of(answer: dict[str, Any], now: datetime) -> MxcubeSession:
    """The session, by ICAT+'s own model of an investigation."""
    told = Investigation.from_dict(answer)
    assert told is not None
    assert told.type is not None
    assert told.instrument is not None
    assert told.parameters is not None
    assert told.start_date is not None
    assert isinstance(told.title, str)
    start = told.parameters.get("actualStartDate", told.start_date)
    end = told.parameters.get("actualEndDate", told.end_date)
    for time in (told.start_date, told.end_date, start, end):
        assert time is None or (time[-6] in "+-" and "." not in time), time  # the format that Python 3.10 reads
    assert told.parameters["Id"] == str(told.id)
    today = now.astimezone(UTC).date()
    return MxcubeSession(
        code=told.type.name,
        number=told.name.replace(told.type.name, "").replace("-", ""),
        title=told.title,
        beamline=told.instrument.name,
        is_now=end is not None and datetime.fromisoformat(start).date() <= today <= datetime.fromisoformat(end).date(),
        is_rescheduled="actualEndDate" in told.parameters,
        counts=(
            told.parameters.get("__volume", "0"),
            told.parameters.get("__sampleCount", "0"),
            told.parameters.get("__datasetCount", "0"),
        ),
    )
