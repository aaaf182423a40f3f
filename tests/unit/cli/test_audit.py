"""`beamcat audit` holds what is catalogued against the rules of today, and changes nothing."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic_core import to_json
from typer.testing import CliRunner, Result

from clients.cli.catalogue.resubmission import said_again
from clients.cli.commands import audit
from clients.cli.connection.api import Api
from deploy.program import app
from services.catalog_writer.documents import CatalogView, document_of
from services.gateway.request_body import read_model
from shared.events.dataset import DatasetFacts, LinkedInput, Links, Submission, Tracking
from shared.events.investigation import InvestigationRef
from shared.events.sample import SampleRef
from shared.vocabulary.datafiles import SCHEMAS
from tests.builders.addresses import NAMED
from tests.builders.validator import SUBMITTED_AT, a_checker

ACCEPTED = sorted((SCHEMAS / "examples").rglob("accepted-*.json"))
ERROR = {"code": "parameter_missing", "severity": "error", "message": "MX_flux is missing"}
WARNING = {"code": "value_implausible", "severity": "warning", "message": "MX_flux is unlikely"}
PASSES: dict[str, Any] = {"status": 200, "accepted": True, "findings": [], "links": {"waits_for": []}}


def catalogued(number: int, **other: Any) -> dict[str, Any]:
    """A document as search answers it."""
    return {
        "dataset_id": str(UUID(int=number)),
        "path": f"/data/run_{number}",
        "name": f"run_{number}",
        "kind": "mx.raw.datacollection",
        "technique": "MX",
        "technique_pid": "http://purl.org/pan-science/ESRFET#MX",
        "proposal": "mx1111",
        "beamline": "id30a-3",
        "start": "2026-11-24T10:00:00+01:00",
        "end": None,
        "complete": True,
        "sample": {"name": "Fus_RAC1b", "inherited": False},
        "parameters": {"definition": {"value": "MX", "original": "MX"}},
        "inputs": [],
        "investigation": {"facility_id": None},
        "producer": {"software": "MXCuBE", "version": None, "machine": None},
        **other,
    }


class Installation:
    """Search with some datasets, two a page, and a gateway that has its verdict on each path."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.documents = {document["dataset_id"]: document for document in documents}
        self.verdicts: dict[str, dict[str, Any]] = {}
        self.most_checked = 1000
        self.asked: list[dict[str, str]] = []
        self.judged: list[dict[str, Any]] = []
        self.other_calls: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path == "/datasets":
            return self._page(dict(request.url.params))
        if request.method == "GET":
            document = self.documents[request.url.path.rpartition("/")[2]]
            return httpx.Response(200, json={"document": document})
        if request.url.path != "/datasets:check-batch":
            self.other_calls.append(request.url.path)
        submissions = json.loads(request.content)["datasets"]
        if len(submissions) > self.most_checked:
            return httpx.Response(413, json={"detail": "send smaller batches"})
        self.judged += submissions
        return httpx.Response(200, json={"results": [self.verdicts.get(each["path"], PASSES) for each in submissions]})

    def _page(self, asked: dict[str, str]) -> httpx.Response:
        self.asked.append(asked)
        start = int(asked.get("cursor", 0))
        rows = [{"dataset_id": dataset_id} for dataset_id in list(self.documents)[start : start + 2]]
        following = str(start + 2) if start + 2 < len(self.documents) else None
        return httpx.Response(200, json={"datasets": rows, "next": following, "count": len(self.documents)})

    def audit(self, monkeypatch: pytest.MonkeyPatch, *options: str) -> Result:
        monkeypatch.setattr(audit, "connect", lambda: Api(NAMED, httpx.MockTransport(self)))
        return CliRunner().invoke(app, ["audit", *options])


@pytest.fixture
def installation() -> Installation:
    return Installation(*(catalogued(number) for number in range(5)))


def test_everything_that_passes_is_judged_once_and_the_answer_is_yes(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = installation.audit(monkeypatch)
    assert result.exit_code == 0, result.output
    assert "5 judged: 5 would pass, 0 would be refused, 0 would wait" in result.output
    assert [said["path"] for said in installation.judged] == [f"/data/run_{number}" for number in range(5)]
    assert installation.other_calls == []


def test_the_options_narrow_what_is_read(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.audit(monkeypatch, "--technique", "MX", "--proposal", "mx1111", "--beamline", "id30a-3,id29")
    assert len(installation.asked) == 3
    for asked in installation.asked:
        assert asked.items() >= {"technique": "MX", "proposal": "mx1111", "beamline": "id30a-3,id29"}.items()
        assert (asked["sort"], asked["order"]) == ("committed_at", "asc")


def test_what_would_not_pass_is_told_by_dataset_and_summed_up_by_code(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = {"status": 200, "accepted": False, "findings": [ERROR, ERROR, WARNING], "links": None}
    installation.verdicts = {
        "/data/run_1": refused,
        "/data/run_2": PASSES | {"findings": [WARNING]},
        "/data/run_3": PASSES | {"links": {"waits_for": ["/data/gone"]}},
    }
    result = installation.audit(monkeypatch, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["judged"], report["refused"], report["waiting"]) == (5, 1, 1)
    assert (report["errors"], report["warnings"]) == ({"parameter_missing": 1}, {"value_implausible": 2})
    first, second = report["datasets"]
    assert (first["path"], first["accepted"], first["findings"]) == ("/data/run_1", False, refused["findings"])
    assert (second["path"], second["accepted"], second["waits_for"]) == ("/data/run_3", True, ["/data/gone"])


def test_a_person_reads_each_finding(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = {"status": 422, "detail": "input: has 20000", "errors": [{"field": "input", "message": "has 20000"}]}
    installation.verdicts = {
        "/data/run_1": PASSES | {"accepted": False, "findings": [ERROR]},
        "/data/run_4": shape,
    }
    result = installation.audit(monkeypatch)
    assert result.exit_code == 1
    assert "/data/run_1: would be refused" in result.output
    assert "error parameter_missing: MX_flux is missing" in result.output
    assert "error input: has 20000" in result.output
    assert "shape_invalid" in result.output
    assert "5 judged: 3 would pass, 2 would be refused, 0 would wait" in result.output


def test_a_token_that_may_not_ask_ends_the_audit(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    installation.verdicts["/data/run_2"] = {"status": 403, "detail": "the token is for id29, not for id30a-3"}
    result = installation.audit(monkeypatch)
    assert result.exit_code == 1
    assert "/data/run_2 cannot be judged: the token is for id29" in result.output


def test_an_audit_of_what_is_not_catalogued_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    result = Installation().audit(monkeypatch, "--technique", "MXX", "--proposal", "mx1")
    assert result.exit_code == 1
    assert "no dataset of technique MXX, proposal mx1 is catalogued" in result.output
    assert Installation().audit(monkeypatch).exit_code == 0


def test_batches_that_are_too_large_for_the_gateway_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    installation = Installation(catalogued(1), catalogued(2))
    installation.most_checked = 1
    assert installation.audit(monkeypatch).exit_code == 0
    assert [said["path"] for said in installation.judged] == ["/data/run_1", "/data/run_2"]


def test_a_document_is_said_again_in_its_producers_words() -> None:
    parameters = {
        "MX_flux": {"value": 1.2e11, "original": "1.2e11", "unit": "photons/s"},
        "MX_detectorDistance": {"value": 150.0, "original": "15 cm", "unit": "mm"},
        "MX_motors_value": {"value": [0.0, 12.5], "original": "[0, 12.5]"},
        "InstrumentSlits_names": {"value": ["a", "b"], "original": "[a b"},
        "note": {"value": "[1, 2]", "original": "[1, 2]"},
        "MXMRRefinement_R_free": {"value": 0.241, "original": "24.1", "said_unit": "%"},
        "MX_aperture": {"original": "OUT"},
        "MX_motors_name": {"original": "[0, null]"},
    }
    said = said_again(
        catalogued(
            1,
            parameters=parameters,
            technique="CryoEM",
            sample={"name": "Fus_RAC1b", "inherited": True},
            inputs=[{"path": "/data/raw", "dataset_id": "d", "kind": "k"}],
            investigation={"facility_id": "4711"},
        )
    )
    assert said["parameters"] == {
        "MX_flux": "1.2e11",
        "MX_detectorDistance": "15 cm",
        "MX_motors_value": [0, 12.5],
        "InstrumentSlits_names": "[a b",
        "note": "[1, 2]",
        "MXMRRefinement_R_free": "24.1",
        "MX_aperture": "OUT",
        "MX_motors_name": [0, None],
        "technique_pid": "http://purl.org/pan-science/ESRFET#MX",
    }
    assert said["units"] == {"MXMRRefinement_R_free": "%"}
    assert (said["technique"], said["input"], said["investigation_id"]) == ("CryoEM", ["/data/raw"], "4711")
    assert "sample" not in said


@pytest.mark.parametrize("by_field", [True, False])
@pytest.mark.parametrize("file", ACCEPTED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_every_accepted_example_passes_again_as_the_same_kind_with_the_same_values(
    file: Path,
    by_field: bool,  # noqa: FBT001  # a case
) -> None:
    checker = a_checker()
    submission = json.loads(file.read_text())["submission"]
    if not by_field and "technique" in submission:
        submission["parameters"]["definition"] = submission.pop("technique")
    before = checker.check(Submission(**submission), "r-1", SUBMITTED_AT)
    assert before.dataset is not None
    view = CatalogView(dataset=before.dataset, links=_links(before.dataset), tracking=_tracking(before.dataset))
    document = document_of(view, b"")
    again = said_again(json.loads(to_json(document)) | {"parameters": json.loads(to_json(before.parameters))})
    after = checker.check(read_model(again, Submission), "r-2", SUBMITTED_AT)
    assert after.errors == []
    assert after.dataset is not None
    assert (after.dataset.dataset_id, after.dataset.kind) == (before.dataset.dataset_id, before.dataset.kind)
    assert after.dataset.inputs == before.dataset.inputs
    values = {name: parameter.get("value") for name, parameter in after.parameters.items() if name != "technique_pid"}
    assert values == {name: each.get("value") for name, each in before.parameters.items() if name != "technique_pid"}


def _links(dataset: DatasetFacts) -> Links:
    place = dict.fromkeys(("facility_id", "start", "end", "title"))
    investigation = InvestigationRef(
        investigation_id=UUID(int=1), proposal=dataset.proposal, beamline=dataset.beamline, placeholder=True, **place
    )
    inputs = [LinkedInput(**vars(ref), kind="generic.raw") for ref in dataset.inputs]
    return Links(investigation=investigation, inputs=inputs)


def _tracking(dataset: DatasetFacts) -> Tracking:
    name = dataset.sample_name
    return Tracking(sample=None if name is None else SampleRef(sample_id=UUID(int=2), name=name))
