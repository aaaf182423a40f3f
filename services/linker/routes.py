"""The linker's HTTP routes: a dry run for the gateway, and a list of what waits."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime, BaseModel

from services.linker.handler import MOST_NAMED, Linker
from services.linker.held.ports import LinkStore
from services.linker.inputs.near import near_misses, searched_for
from services.linker.known import Known
from shared.events.dataset import DatasetFacts, InputRef
from shared.events.investigation import InvestigationRef
from shared.events.sections import Finding
from shared.foundation.pages import following, page_of
from shared.http.route import ProblemRoute


class InputState(BaseModel):
    """The state of an input: catalogued, held by the linker, or unknown."""

    path: str
    dataset_id: UUID
    state: Literal["committed", "held", "unknown"]
    kind: str | None


class LinksVerdict(BaseModel):
    """The linker's verdict on a dataset. If it is accepted with missing inputs, it would wait for them."""

    accepted: bool
    investigation: InvestigationRef
    inputs: list[InputState]
    waits_for: list[str]
    """The first hundred."""
    waits_for_count: int
    findings: list[Finding]


class PendingDataset(BaseModel):
    """A held submission, how long it has been held, and the near paths of its missing inputs."""

    receipt_id: str
    source: str
    dataset_id: UUID
    path: str
    state: str
    waits_for: list[str]
    """The first hundred."""
    waits_for_count: int
    since: AwareDatetime
    deadline: AwareDatetime | None
    age_seconds: float
    findings: list[Finding]


def routes(links: LinkStore, linker: Linker, clock: Callable[[], datetime]) -> APIRouter:
    """The routes of a linker with this store."""
    router = APIRouter(route_class=ProblemRoute, tags=["links"])

    @router.post("/check")
    async def check(dataset: DatasetFacts) -> LinksVerdict:
        """The verdict on a dataset's investigation and inputs. Nothing is changed or published."""
        return verdict_on(dataset, linker, await links.peek([dataset]))

    @router.get("/pending")
    async def pending(
        response: Response,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
        skip: Annotated[int, Query(ge=0, le=10_000, description="what earlier pages have shown")] = 0,
    ) -> list[PendingDataset]:
        """What is held, the oldest first; where a page ends early, `Link` in the header leads to the next."""
        now, waiting = clock(), (await links.pending(skip + limit))[skip:]
        near = await links.near({path for held in waiting for path in searched_for(held.waits_for)})
        answers = page_of(
            PendingDataset(
                receipt_id=held.id.receipt_id,
                source=held.id.source,
                dataset_id=held.dataset_id,
                path=held.path,
                state=held.state,
                waits_for=list(held.waits_for[:MOST_NAMED]),
                waits_for_count=len(held.waits_for) + held.unnamed,
                since=held.since,
                deadline=held.deadline,
                age_seconds=(now - held.since).total_seconds(),
                findings=near_misses(held.path, held.waits_for, near),
            )
            for held in waiting
        )
        response.headers.update(following(skip, answers, has_more=len(answers) < len(waiting)))
        return answers

    return router


def verdict_on(dataset: DatasetFacts, linker: Linker, known: Known) -> LinksVerdict:
    """The linker's verdict on a dataset."""
    verdict = linker.judge(dataset, known, known.ancestry)
    held = {submission.dataset_id for submission in known.held}
    unknown = [declared.path for declared in verdict.missing if declared.dataset_id not in held]
    return LinksVerdict(
        accepted=verdict.refusal is None,
        investigation=verdict.links.investigation,
        inputs=[_input_state(declared, known, held) for declared in dataset.inputs],
        waits_for=[declared.path for declared in verdict.missing[:MOST_NAMED]],
        waits_for_count=len(verdict.missing),
        findings=[*verdict.findings, *near_misses(dataset.path, unknown, known.near)],
    )


def _input_state(declared: InputRef, known: Known, held: set[UUID]) -> InputState:
    parent = known.catalogued.get(declared.dataset_id)
    state: Literal["committed", "held", "unknown"] = "held" if declared.dataset_id in held else "unknown"
    return InputState(
        path=declared.path,
        dataset_id=declared.dataset_id,
        state="committed" if parent else state,
        kind=parent.kind if parent else None,
    )
