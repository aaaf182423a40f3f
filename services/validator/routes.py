"""The route of the dry run: the full verdict on a submission, without publishing anything."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.validator.checker import Checker
from shared.events.dataset import DatasetFacts, Parameter, Submission
from shared.events.sections import Finding
from shared.http.route import ProblemRoute

DRY_RUN = "check"
"""The receipt id of a dry run."""


class Checked(BaseModel):
    """The verdict. `dataset` is absent if an error leaves it without identity."""

    accepted: bool
    dataset: DatasetFacts | None
    parameters: dict[str, Parameter]
    findings: list[Finding]


def routes(checker: Checker, clock: Callable[[], datetime]) -> APIRouter:
    """The HTTP routes of the validator, which the gateway uses."""
    router = APIRouter(route_class=ProblemRoute, tags=["check"])

    @router.post("/check")
    async def check(submission: Submission) -> Checked:
        """All findings, errors and warnings, and the identity that the dataset would have."""
        verdict = checker.check(submission, DRY_RUN, clock())
        return Checked(
            accepted=verdict.dataset is not None and not verdict.errors,
            dataset=verdict.dataset,
            parameters=verdict.parameters,
            findings=verdict.findings,
        )

    return router
