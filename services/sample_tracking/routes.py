"""The HTTP routes of samples: find them, and read the history of one."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Response

from services.sample_tracking.samples import Register, SampleEntry, SampleHistory
from shared.events.identity import proposal_key
from shared.foundation.pages import following, page_of
from shared.http.route import ProblemRoute

Short = Query(max_length=255)


def routes(register: Register) -> APIRouter:
    """The routes of sample tracking."""
    router = APIRouter(route_class=ProblemRoute, tags=["samples"])

    @router.get("/samples")
    async def find_samples(
        response: Response,
        proposal: Annotated[str | None, Short] = None,
        q: Annotated[str | None, Short] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        skip: Annotated[int, Query(ge=0, le=10_000, description="how many samples earlier pages have shown")] = 0,
    ) -> Sequence[SampleEntry]:
        """Samples by proposal and by a part of their name or acronym, each with the last event of its history.

        If there is another page, the header `Link` leads to it.
        """
        found = (await register.find(proposal_key(proposal) if proposal else None, q or None, skip + limit))[skip:]
        page = page_of(found)
        response.headers.update(following(skip, page, has_more=len(page) < len(found)))
        return page

    @router.get("/samples/{sample_id}")
    async def sample(sample_id: UUID) -> SampleHistory:
        """One sample: its history, oldest first, and how many datasets it has."""
        found = await register.sample(sample_id)
        if found is None:
            raise HTTPException(404, f"there is no sample {sample_id}; /samples?proposal=… lists those of a proposal")
        latest = page_of(reversed(found.history))[::-1]
        return found.model_copy(update={"history": latest, "earlier": len(found.history) - len(latest)})

    return router
