"""`submit --from`, `check --from` and `export`, before services that only remember what they were handed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clients.cli.commands import export, submissions
from deploy.program import app
from tests.unit.importers.files_of_pipelines import ispyb_xml, written


class RememberingServices:
    """Takes every submission, and commits it at once."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.deadline: float | None = None

    def submit(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.taken += submissions
        return [{"status": 202, "receipt_id": one["receipt_id"], "dataset_id": "d1"} for one in submissions]

    def check(self, submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self.taken += submissions
        return [{"accepted": True, "findings": []} for _ in submissions]

    def receipts(self, ids: list[str]) -> dict[str, dict[str, Any]]:
        paths = {one["receipt_id"]: one["path"] for one in self.taken}
        told = {"state": "committed", "revision": 1, "dataset_id": "d1", "warnings": []}
        return {each: {**told, "receipt_id": each, "path": paths[each]} for each in ids}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> RememberingServices:
    services = RememberingServices()
    monkeypatch.setattr(submissions, "connect", lambda: services)
    return services


def test_what_a_pipeline_left_behind_is_submitted_and_what_is_left_out_is_said(
    services: RememberingServices, tmp_path: Path
) -> None:
    file = written(tmp_path, "autoPROC.xml", ispyb_xml(900))
    arguments = ["submit", "--from", str(file), "--proposal", "mx1111", "--input", "/data/raw/a", "--input", "/data/b"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert services.taken[0]["input"] == ["/data/raw/a", "/data/b"]
    assert "not submitted" in result.output
    assert "resIOverSigI2 = 1.9" in result.output


def test_a_machine_gets_what_is_left_out_too(services: RememberingServices, tmp_path: Path) -> None:
    file = written(tmp_path, "autoPROC.xml", ispyb_xml(900))
    result = CliRunner().invoke(app, ["check", "--from", str(file), "--proposal", "mx1111", "--json"])
    [verdict] = json.loads(result.stdout)
    assert verdict["accepted"]
    assert {"place", "value", "reason"} == set(verdict["not_submitted"][0])
    assert len(services.taken) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--proposal", "mx1"], "give --from too"),
        (["--start", "2024-11-30T09:00:00Z"], "--start completes files of pipelines; give --from too"),
        (["--result", "1"], "--result completes files of pipelines; give --from too"),
        (["--program", "XDS"], "--program completes files of pipelines; give --from too"),
        (["--from"], "give it with --proposal"),
        (["--from", "--proposal", "mx1", "--start", "yesterday"], "'yesterday' cannot be read with certainty"),
        (["--from", "--proposal", "mx1", "--result", "2"], "there is no result 2"),
        (["--from", "--proposal", "mx1", "--path", "/data/a", "{file}"], "several files"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_words(
    services: RememberingServices, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    file = str(written(tmp_path, "autoPROC.xml", ispyb_xml(900)))
    result = CliRunner().invoke(app, ["submit", file, *(argument.format(file=file) for argument in arguments)])
    assert result.exit_code == 1
    assert complaint in result.stderr
    assert services.taken == []


def test_several_results_are_refused_with_their_list_and_each_is_submitted_when_asked_for(
    services: RememberingServices, tmp_path: Path
) -> None:
    once = ispyb_xml(900)
    second = once.replace("<rMerge>6.5", "<rMerge>7.7").partition("<AutoProc>")[2]
    file = written(tmp_path, "autoPROC.xml", once.replace("</AutoProcContainer>", f"<AutoProc>{second}"))
    arguments = ["submit", "--from", str(file), "--proposal", "mx1111"]
    refused = CliRunner().invoke(app, arguments)
    assert (refused.exit_code, services.taken) == (1, [])
    assert "\n  2: AutoProcScalingContainer[2]: P 21 21 21" in refused.stderr

    one = CliRunner().invoke(app, [*arguments, "--result", "2"])
    assert one.exit_code == 0, one.output
    assert services.taken[0]["parameters"]["MXAutoprocIntegrationScaling_overall_r_merge"] == "7.7"
    assert "result_chosen: the file holds 2 results and result 2 was taken" in one.output
    [line] = [line for line in one.output.splitlines() if "of result 1" in line]
    assert "values from AutoProc[1].spaceGroup on: it is of result 1, which was not taken" in line

    both = CliRunner().invoke(app, [*arguments, "--result", "all", "--path", "/data/p/{result}", "--json"])
    assert both.exit_code == 0, both.output
    assert [taken["path"] for taken in services.taken[1:]] == ["/data/p/1", "/data/p/2"]
    assert not any(
        "of result" in left["reason"] for state in json.loads(both.stdout) for left in state["not_submitted"]
    )


def test_a_program_that_is_given_has_no_version_of_another(services: RememberingServices, tmp_path: Path) -> None:
    file = str(written(tmp_path, "autoPROC.xml", ispyb_xml(900)))
    for program, version in (("XDS", None), ("autoPROC", "1.0.5")):
        result = CliRunner().invoke(app, ["check", "--from", file, "--proposal", "mx1111", "--program", program])
        assert result.exit_code == 0, result.output
        parameters = services.taken.pop()["parameters"]
        assert (parameters["Process_program"], parameters.get("Process_version")) == (program, version)


class CatalogueOfOne:
    """Knows one result, as CIF."""

    def search(self, _route: str, /, path: str) -> dict[str, Any]:
        return {"datasets": [{"dataset_id": "d1", "name": "autoPROC"}] if path == "/data/p/autoPROC" else []}

    def nothing(self, what: str) -> str:
        return f"{what} in this catalogue"

    def text(self, route: str) -> str:
        assert route == "/datasets/d1.cif"
        return "data_autoPROC\n"


@pytest.fixture
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "connect", CatalogueOfOne)


@pytest.mark.usefixtures("_catalogue")
def test_a_result_is_exported_to_standard_output_or_into_a_folder(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["export", "--cif", "/data/p/autoPROC"]).stdout == "data_autoPROC\n"
    arguments = ["export", "--cif", "/data/p/autoPROC", "--out", str(tmp_path / "new")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (tmp_path / "new" / "autoPROC.cif").read_text() == "data_autoPROC\n"
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 1
    assert "is there already" in again.stderr


@pytest.mark.usefixtures("_catalogue")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["/data/p/autoPROC"], "give the format: --cif"),
        (["--cif", "/data/p/other"], "no dataset is catalogued at /data/p/other in this catalogue"),
    ],
)
def test_what_cannot_be_exported_is_said(arguments: list[str], complaint: str) -> None:
    result = CliRunner().invoke(app, ["export", *arguments])
    assert result.exit_code == 1
    assert complaint in result.stderr
