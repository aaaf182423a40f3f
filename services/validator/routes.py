"""The dry run: the full verdict on a submission, and nothing is published."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.validator.checker import Checker
from shared.events.dataset import DatasetFacts, Parameter, Submission
from shared.events.sections import Finding
from shared.http.route import ProblemRoute

DRY_RUN = "check"
"""Stands for the receipt of what was never submitted."""


class Checked(BaseModel):
    """The verdict. `dataset` is absent where an error leaves no identity."""

    accepted: bool
    dataset: DatasetFacts | None
    parameters: dict[str, Parameter]
    findings: list[Finding]


def routes(checker: Checker, clock: Callable[[], datetime]) -> APIRouter:
    """The validator's HTTP edge, which the gateway asks."""
    router = APIRouter(route_class=ProblemRoute, tags=["check"])

    @router.post("/check")
    async def check(submission: Submission) -> Checked:
        """Every finding at once, errors and warnings, with what the dataset would be called."""
        verdict = checker.check(submission, DRY_RUN, clock())
        return Checked(
            accepted=verdict.dataset is not None and not verdict.errors,
            dataset=verdict.dataset,
            parameters=verdict.parameters,
            findings=verdict.findings,
        )

    return router
