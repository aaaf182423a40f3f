"""A dry run: what the validator and the linker would say, asked over HTTP. Nothing is published."""

from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from services.gateway.problems import Problem

ANSWER_SECONDS = 10.0


class FromValidator(BaseModel):
    """What the validator answers."""

    accepted: bool
    dataset: dict[str, JsonValue] | None = None
    findings: list[JsonValue] = []


class FromLinker(BaseModel):
    """What the linker answers; what it knows of inputs and investigation is passed on as it is."""

    model_config = ConfigDict(extra="allow")

    accepted: bool
    findings: list[JsonValue] = []


A = TypeVar("A", FromValidator, FromLinker)


class Verdict(BaseModel):
    """What would become of a submission."""

    accepted: bool
    findings: list[JsonValue]
    dataset: dict[str, JsonValue] | None
    links: FromLinker | None


class Verdicts:
    """Asks the two services that judge a submission."""

    def __init__(self, validator_url: str, linker_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._validator_url = validator_url
        self._linker_url = linker_url
        self._transport = transport

    async def on(self, submission: dict[str, object]) -> Verdict:
        """The validator's verdict and, where it gives the dataset's facts, the linker's on its links.

        Raises:
            Problem: 503, one of them is away.
        """
        # one client a dry run: they are rare, and nothing has to be closed when the service stops
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, transport=self._transport, trust_env=False) as client:
            checked = await _ask(client, "validator", self._validator_url, submission, FromValidator)
            links = None
            if checked.dataset is not None:
                links = await _ask(client, "linker", self._linker_url, checked.dataset, FromLinker)
        return Verdict(
            accepted=checked.accepted and (links is None or links.accepted),
            findings=[*checked.findings, *(links.findings if links else ())],
            dataset=checked.dataset,
            links=links,
        )


async def _ask(client: httpx.AsyncClient, who: str, url: str, body: object, answer: type[A]) -> A:
    try:
        response = await client.post(f"{url.rstrip('/')}/check", json=body)
        response.raise_for_status()
        return answer.model_validate_json(response.content)
    except (httpx.HTTPError, ValidationError) as error:
        why = type(error).__name__
        raise Problem(503, f"the {who} does not answer ({why}); nothing was checked", retry_after_seconds=5) from error
