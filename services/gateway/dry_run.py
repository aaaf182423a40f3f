"""The dry run: it asks the validator and the linker for their verdicts over HTTP, and publishes nothing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from shared.events.sections import Finding
from shared.foundation.problem import AWAY, Problem

ANSWER_SECONDS = 10.0


class FromValidator(BaseModel):
    """The validator's answer."""

    accepted: bool
    dataset: dict[str, JsonValue] | None = None
    findings: list[Finding] = []


class FromLinker(BaseModel):
    """The linker's answer. What it knows of inputs and investigation is passed on unchanged."""

    model_config = ConfigDict(extra="allow")

    accepted: bool
    findings: list[Finding] = []


A = TypeVar("A", FromValidator, FromLinker)


class Verdict(BaseModel):
    """The outcome that a submission would have."""

    accepted: bool
    findings: list[Finding]
    dataset: dict[str, JsonValue] | None
    links: FromLinker | None


class Verdicts:
    """Reaches the two services that judge a submission."""

    def __init__(self, validator_url: str, linker_url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._validator_url = validator_url
        self._linker_url = linker_url
        self._transport = transport

    @asynccontextmanager
    async def judging(self) -> AsyncIterator["Judges"]:
        """Both services, connected for one request only: dry runs are rare, so no connection is kept open."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, transport=self._transport, trust_env=False) as client:
            yield Judges(client, self._validator_url, self._linker_url)


class Judges:
    """The two services that judge a submission."""

    def __init__(self, client: httpx.AsyncClient, validator_url: str, linker_url: str) -> None:
        self._client = client
        self._validator_url = validator_url
        self._linker_url = linker_url

    async def on(self, submission: Mapping[str, object]) -> Verdict:
        """The validator's verdict and, if the validator recognises the dataset, the linker's verdict on its links.

        Raises:
            Problem: 503, one of them does not answer.
        """
        checked = await _ask(self._client, "validator", self._validator_url, submission, FromValidator)
        links = None
        if checked.dataset is not None:
            links = await _ask(self._client, "linker", self._linker_url, checked.dataset, FromLinker)
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
        raise Problem(AWAY, f"the {who} does not answer ({why}); nothing was checked", retry_after_seconds=5) from error
