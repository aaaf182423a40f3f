"""The permissions of a bearer token. Pure: `tokens` reads the file with the grants."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

ANY_BEAMLINE = "*"


class Grant(BaseModel):
    """The permissions of one token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    token_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    beamlines: list[str] = Field(min_length=1)
    expires: AwareDatetime | None = None

    @property
    def source(self) -> str:
        """The source of the holder's submissions."""
        return f"/producers/{self.name}"

    @property
    def covered(self) -> tuple[str, ...] | None:
        """The beamlines that the holder may read, in lower case; None for all."""
        return None if ANY_BEAMLINE in self.beamlines else tuple(name.lower() for name in self.beamlines)

    def permits(self, beamline: str) -> bool:
        """Whether datasets of this beamline may be submitted; letter case does not matter."""
        return ANY_BEAMLINE in self.beamlines or beamline.lower() in (name.lower() for name in self.beamlines)
