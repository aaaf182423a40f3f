"""All services in memory, as the command line sees them: it checks, submits and asks for receipts."""

import asyncio
from typing import Any

from services.gateway.request_body import read_model
from shared.events.dataset import Submission
from shared.events.topics import COMMITTED, PENDING, REJECTED
from tests.builders.pipeline import World
from tests.builders.submissions import submitted
from tests.builders.validator import SUBMITTED_AT, a_checker


class ServicesInMemory:
    """Stands where the command line has its connection to gateway and search."""

    def __init__(self) -> None:
        self.world = World()
        self.taken: list[dict[str, Any]] = []
        self.deadline: float | None = None

    def check(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The verdict of the real validator on what the real gateway would take."""
        return [self._verdict(submission) for submission in submissions]

    def _verdict(self, said: dict[str, Any]) -> dict[str, Any]:
        verdict = a_checker().check(read_model(said, Submission), "check", SUBMITTED_AT)
        found = [finding.model_dump(mode="json") for finding in verdict.findings]
        dataset = verdict.dataset and verdict.dataset.model_dump(mode="json")
        return {"accepted": dataset is not None and not verdict.errors, "findings": found, "dataset": dataset}

    def submit(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Through every stage, until nothing moves."""
        self.taken += submissions
        receipts = [said["receipt_id"] for said in submissions]
        datasets = [{name: said[name] for name in said if name != "receipt_id"} for said in submissions]
        asyncio.run(self.world.send(*map(submitted, datasets, receipts)))
        return [{"status": 202, "receipt_id": receipt} for receipt in receipts]

    def receipts(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        """How far each has come."""
        return {receipt: {"receipt_id": receipt, **self._state(receipt)} for receipt in ids}

    def _state(self, receipt: str) -> dict[str, Any]:
        [path] = [said["path"] for said in self.taken if said["receipt_id"] == receipt]
        for event in self.world.said(COMMITTED.name):
            if event["commit"]["receipt_id"] == receipt:
                known = {"dataset_id": event["document"]["dataset_id"], "revision": event["commit"]["revision"]}
                warnings = [finding["code"] for finding in event["document"]["findings"]]
                return {"state": "committed", "path": path, "warnings": warnings, **known}
        for event in self.world.said(REJECTED.name):
            if event["rejection"]["receipt_id"] == receipt:
                return {"state": "rejected", "path": path, **event["rejection"]}
        [waits_for] = [
            event["pending"]["waits_for"]
            for event in self.world.said(PENDING.name)
            if event["dataset"]["receipt_id"] == receipt
        ]
        return {"state": "pending", "path": path, "waits_for": waits_for, "deadline": SUBMITTED_AT.isoformat()}

    def search(self, route: str, /, path: str = "") -> dict[str, Any]:
        """A dataset by its id, or those at a path."""
        documents = self.documents()
        if path:
            return {"datasets": [document for document in documents if document["path"] == path]}
        return {"document": next(each for each in documents if route.endswith(each["dataset_id"]))}

    def documents(self) -> list[dict[str, Any]]:
        """Everything that is catalogued."""
        return [event["document"] for event in self.world.said(COMMITTED.name)]

    def text(self, route: str, /) -> str:
        """A dataset as CIF, of which only the name matters here."""
        return f"data_{self.search(route.removesuffix('.cif'))['document']['name']}\n"
