"""The verdict on a submission: who it is, what kind of dataset it is, and every finding at once."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.validator.checker import Checker
from shared.events.dataset import DatasetFacts
from shared.events.findings import MOST_OF_A_CODE
from shared.events.identity import Identities
from shared.events.sections import Finding, Severity
from shared.events.topics import MOST_INPUTS
from shared.vocabulary.datafiles import DataFileInvalid
from shared.vocabulary.techniques import Technique, TechniqueBook
from tests.builders.described import VOCABULARY
from tests.builders.validator import ZONE, a_submission, the_verdict

RAW = "/data/visitor/mx1111/id30a3/20241130/RAW_DATA"


def _dataset(**changes: Any) -> DatasetFacts:
    dataset = the_verdict(**changes).dataset
    assert dataset is not None
    return dataset


def _codes(findings: list[Finding], severity: Severity) -> list[str]:
    return [finding.code for finding in findings if finding.severity is severity]


def _errors(**changes: Any) -> list[str]:
    return _codes(the_verdict(**changes).findings, Severity.ERROR)


def _warnings(**changes: Any) -> list[str]:
    return _codes(the_verdict(**changes).findings, Severity.WARNING)


def test_a_plain_submission_has_no_findings() -> None:
    verdict = the_verdict()
    assert verdict.findings == []
    assert verdict.dataset is not None
    assert verdict.dataset.receipt_id == "a-receipt"
    assert verdict.dataset.kind == "mx.raw.generic"


def test_the_path_is_the_identity_in_its_one_spelling() -> None:
    once = _dataset(path=f"{RAW}/run_01")
    again = _dataset(path=f"{RAW}//./run_01/", name="another name")
    assert again.path == once.path
    assert again.dataset_id == once.dataset_id == Identities("facility.example").dataset(f"{RAW}/run_01")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("run_01", "path_invalid"),
        ("/data/../etc", "path_invalid"),
        ("/database/x", "path_outside_roots"),
        ("/data", "path_outside_roots"),
        ("/home/x", "path_outside_roots"),
    ],
)
def test_a_path_that_this_facility_does_not_keep_is_refused(path: str, code: str) -> None:
    assert _errors(path=path) == [code]


def test_several_roots_may_hold_datasets() -> None:
    checker = Checker(VOCABULARY, TechniqueBook([]), Identities("f.example"), ["/a/", "/b"], ZONE)
    at = datetime(2024, 12, 1, tzinfo=UTC)
    assert [
        checker.check(a_submission(path=path), "r", at).dataset is not None for path in ("/a/x", "/b/x", "/c/x")
    ] == [True, True, False]


def test_proposal_and_beamline_are_compared_in_lower_case() -> None:
    dataset = _dataset(proposal=" MX1111", beamline="ID30A-3")
    assert (dataset.proposal, dataset.beamline) == ("mx1111", "id30a-3")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"proposal": "- _."}, "proposal_invalid"),
        ({"proposal": "mx:1111"}, "proposal_invalid"),
        ({"beamline": "id30a/3"}, "beamline_invalid"),
        ({"beamline": None}, "beamline_missing"),
        ({"name": "a/b"}, "name_invalid"),
        ({"name": " "}, "name_invalid"),
        ({"name": "a\nb"}, "name_invalid"),
        ({"start": None}, "start_missing"),
        ({"start": "yesterday"}, "start_invalid"),
        ({"start": "2024-11-30"}, "start_invalid"),
        ({"start": "0001-01-01T00:00:00+01:00"}, "start_invalid"),
        ({"start": "unknown"}, "start_missing"),
        ({"start": None, "parameters": {"startDate": "None"}}, "start_missing"),
        ({"start": None, "parameters": {"startDate": "yesterday"}}, "start_invalid"),
        ({"start": None, "parameters": {"startDate": {"at": 1}}}, "start_invalid"),
        ({"beamline": None, "parameters": {"beamlineID": "-"}}, "beamline_missing"),
        ({"end": "2024-11-30T08:59:59+01:00"}, "end_before_start"),
    ],
)
def test_what_identifies_a_dataset_must_be_right(changes: dict[str, Any], code: str) -> None:
    assert _errors(**changes) == [code]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"sample": None, "parameters": {"Sample_name": "a" * 256}}, "sample_invalid"),
        ({"end": "soon"}, "end_invalid"),
        ({"end": "2024-11-30"}, "end_invalid"),
        ({"parameters": {"endDate": "2024-11-30"}}, "end_invalid"),
        ({"parameters": {"input_datasets": "run_01"}}, "input_path_invalid"),
    ],
)
def test_what_a_dataset_is_of_use_without_is_left_out_and_flagged(changes: dict[str, Any], code: str) -> None:
    verdict = the_verdict(**changes)
    assert (verdict.errors, verdict.dataset is not None) == ([], True)
    assert code in _codes(verdict.findings, Severity.WARNING)


@pytest.mark.parametrize("word", ["", "None", "unknown", "-"])
def test_an_end_that_says_nothing_is_none(word: str) -> None:
    assert (_dataset(end=word).end, _dataset(parameters={"endDate": word}).end) == (None, None)


def test_a_start_that_says_nothing_gives_way_to_the_parameter() -> None:
    assert _dataset(start="", parameters={"startDate": "2024-11-30T09:00:00+01:00"}).start.hour == 9


def test_a_parameter_that_contradicts_a_field_cannot_refuse() -> None:
    said = {"startDate": "yesterday", "endDate": 5, "beamlineID": {"a": 1}, "proposal": [], "location": "x"}
    assert _errors(parameters=said) == []


def test_all_errors_are_named_at_once() -> None:
    codes = _errors(path="x", proposal="?", beamline=None, start=None, parameters={"MX_resolution": "fine"})
    assert sorted(codes) == [
        "beamline_missing",
        "path_invalid",
        "proposal_invalid",
        "start_missing",
    ]


def test_fields_may_stand_in_the_parameters_as_icat_clients_send_them() -> None:
    dataset = _dataset(
        beamline=None,
        sample=None,
        start=None,
        technique=None,
        parameters={
            "beamlineID": "ID30A-3",
            "Sample_name": "Fus_RAC1b",
            "startDate": "2024-11-30T09:00:00+01:00",
            "endDate": "2024-11-30T09:01:00+01:00",
            "definition": "MX",
            "scanType": "line",
            "complete": "false",
            "Process_sequence_index": "3",
            "investigationId": "123456",
            "software": "mxcube",
            "machine": "mxcube-host",
        },
    )
    assert dataset.beamline == "id30a-3"
    assert dataset.sample_name == "Fus_RAC1b"
    assert dataset.start == datetime(2024, 11, 30, 8, tzinfo=UTC)
    assert dataset.end == datetime(2024, 11, 30, 8, 1, tzinfo=UTC)
    assert dataset.kind == "mx.raw.line"
    assert dataset.complete is False
    assert dataset.sequence_index == 3
    assert dataset.investigation_id == "123456"
    assert (dataset.producer.software, dataset.producer.machine) == ("mxcube", "mxcube-host")
    assert dataset.findings == []


def test_a_field_wins_over_a_parameter_that_contradicts_it() -> None:
    verdict = the_verdict(parameters={"Sample_name": "other", "beamlineID": "ID30A-3"})
    assert verdict.dataset is not None
    assert verdict.dataset.sample_name == "Fus_RAC1b"
    assert _codes(verdict.findings, Severity.WARNING) == ["field_contradicted"]


@pytest.mark.parametrize("said", [" Lyso\u00a0 é ", "Lyso e\u0301", "Lyso\té\u200b", "Lyso\x00 é"])
def test_a_sample_has_one_spelling_and_what_was_said_is_no_contradiction(said: str) -> None:
    for dataset in (_dataset(sample=said, parameters={"Sample_name": "lyso é"}), _dataset(sample=said)):
        assert (dataset.sample_name, dataset.findings) == ("Lyso é", [])
    assert _dataset(sample=None, parameters={"Sample_name": said}).sample_name == "Lyso é"


def test_a_sample_that_cannot_be_one_loses_no_dataset() -> None:
    dataset = _dataset(sample=None, parameters={"Sample_name": "x" * 256})
    assert dataset.sample_name is None
    assert [finding.code for finding in dataset.findings] == ["sample_invalid", "sample_missing"]


def test_a_time_without_a_zone_is_the_facilitys_and_is_flagged() -> None:
    for start, hour in (("2024-11-30T09:00:00", 8), ("2024-07-30T09:00:00", 7)):
        dataset = _dataset(start=start)
        assert dataset.start.astimezone(UTC).hour == hour
        assert [finding.code for finding in dataset.findings] == ["time_zone_assumed"]


def test_a_start_in_the_future_is_flagged() -> None:
    assert _warnings(start="2025-06-01T00:00:00Z") == ["start_in_future"]


def test_inputs_are_normalised_and_named_once() -> None:
    verdict = the_verdict(input=[f"{RAW}/a", f"{RAW}//a/", f"{RAW}/b"])
    assert verdict.dataset is not None
    assert [ref.path for ref in verdict.dataset.inputs] == [f"{RAW}/a", f"{RAW}/b"]
    assert _codes(verdict.findings, Severity.WARNING) == ["input_repeated"]


def test_inputs_may_come_as_icats_list_of_paths() -> None:
    dataset = _dataset(parameters={"input_datasets": f"{RAW}/a, {RAW}/b"})
    assert [ref.path for ref in dataset.inputs] == [f"{RAW}/a", f"{RAW}/b"]
    assert dataset.type == "processed"


@pytest.mark.parametrize("what", ["path", "input"])
def test_a_path_that_misses_its_root_by_letter_case_is_told_the_right_one(what: str) -> None:
    said = "/Data/visitor/mx1111/run_07"
    verdict = the_verdict(**{what: [said] if what == "input" else said})
    assert [finding.cure for finding in verdict.errors] == ["give /data/visitor/mx1111/run_07 if that was meant"]


@pytest.mark.parametrize(("path", "code"), [("run_01", "input_path_invalid"), ("/home/x", "input_path_outside_roots")])
def test_an_input_that_cannot_be_a_dataset_is_refused(path: str, code: str) -> None:
    assert _errors(input=[path]) == [code]


def test_a_dataset_with_inputs_is_processed_and_needs_no_sample() -> None:
    verdict = the_verdict(input=[f"{RAW}/a"], sample=None)
    assert verdict.findings == []
    assert verdict.dataset is not None
    assert verdict.dataset.type == "processed"


def test_a_raw_dataset_without_a_sample_is_flagged() -> None:
    assert _warnings(sample=None) == ["sample_missing"]


@pytest.mark.parametrize(("inputs", "kind"), [([], "generic.raw"), ([f"{RAW}/a"], "generic.processed")])
def test_a_technique_that_nobody_described_loses_no_dataset(inputs: list[str], kind: str) -> None:
    verdict = the_verdict(technique="CALORIC", input=inputs, sample="s")
    assert verdict.dataset is not None
    assert (verdict.dataset.technique, verdict.dataset.kind) == ("CALORIC", kind)
    assert _codes(verdict.findings, Severity.WARNING) == ["technique_unknown"]


def test_a_technique_that_nobody_described_is_told_where_the_parameters_decide() -> None:
    verdict = the_verdict(technique="CALORIC", parameters={"MX_flux": "1e12", "MX_wavelength": "0.9"})
    assert verdict.dataset is not None
    assert verdict.dataset.technique == "MX"
    [finding] = [finding for finding in verdict.findings if finding.code == "technique_unknown"]
    assert (finding.value, finding.expected) == ("CALORIC", "MX")


def test_a_misspelt_scan_type_is_told_with_the_one_that_was_meant() -> None:
    verdict = the_verdict(parameters={"scanType": "Datacolection", "MX_numberOfImages": "10"})
    assert verdict.dataset is not None
    assert verdict.dataset.kind == "mx.raw.generic"
    [finding] = [finding for finding in verdict.findings if finding.code == "scan_type_unknown"]
    assert (finding.value, finding.expected) == ("Datacolection", "datacollection")


@pytest.mark.parametrize("scan_type", ["DataCollection", "tomography"])
def test_a_scan_type_that_is_right_or_of_another_world_is_no_slip_of_the_pen(scan_type: str) -> None:
    verdict = the_verdict(parameters={"scanType": scan_type, "MX_numberOfImages": "10"})
    assert "scan_type_unknown" not in _codes(verdict.findings, Severity.WARNING)


def test_a_kind_may_be_processed_before_anybody_names_its_input() -> None:
    dataset = _dataset(parameters={"scanType": "integration", "Process_program": "autoPROC"})
    assert (dataset.kind, dataset.type) == ("mx.processed.integration", "processed")


def test_what_a_kind_expects_is_flagged_where_it_is_missing() -> None:
    verdict = the_verdict(parameters={"scanType": "datacollection"})
    assert verdict.errors == []
    assert [(finding.code, finding.parameter) for finding in verdict.findings] == [
        ("parameter_missing", "MX_numberOfImages")
    ]


A_FIT: dict[str, Any] = {"MXMRLigandFitting_R_free": "0.2", "Process_program": "rhofit"}
LIGAND = "MXMRLigandFitting_ligand_name"


@pytest.mark.parametrize("said", [{}, {LIGAND: ""}, {LIGAND: "None"}, {LIGAND: {"name": "ATP"}}])
def test_what_a_kind_requires_must_have_a_value_and_the_finding_says_why(said: dict[str, Any]) -> None:
    [error] = the_verdict(parameters=A_FIT | said, input=[f"{RAW}/a"]).errors
    assert (error.code, error.parameter) == ("parameter_missing", LIGAND)
    assert error.message.endswith("a fit is about one molecule, and without its name nobody can tell which")


@pytest.mark.parametrize("changes", [{"complete": False}, {"mode": "merge"}])
def test_what_is_still_to_come_is_not_missing(changes: dict[str, Any]) -> None:
    assert the_verdict(parameters={"scanType": "datacollection"}, **changes).findings == []
    assert the_verdict(parameters=A_FIT, input=[f"{RAW}/a"], **changes).errors == []


def test_what_was_said_wrongly_is_not_missing_too() -> None:
    assert _warnings(parameters={"scanType": "datacollection", "MX_numberOfImages": "many"}) == ["value_not_a_number"]


def test_a_broken_rule_says_why_it_is_a_rule() -> None:
    verdict = the_verdict(
        parameters={
            "scanType": "OSC",
            "MX_numberOfImages": 1,
            "MX_resolution": "1.5",
            "MX_resolution_at_corner": "1.8",
        }
    )
    [finding] = verdict.findings
    assert (finding.code, finding.severity) == ("order_broken", Severity.WARNING)
    assert "a detector sees finer detail at its corner" in finding.message


KIND = {"name": "strict.raw", "title": "strict", "type": "raw", "strict": True}
STRICT = {
    "name": "STRICT",
    "title": "strict",
    "pid": "x",
    "definitions": ["STRICT"],
    "kind": [KIND],
}


def _checker_of(technique: dict[str, Any]) -> Checker:
    book = TechniqueBook([Technique.model_validate(technique)])
    return Checker(VOCABULARY, book, Identities("facility.example"), ["/data"], ZoneInfo("UTC"))


def test_a_strict_kind_refuses_unknown_parameters() -> None:
    submission = a_submission(technique="STRICT", parameters={"nonsense": "1"})
    verdict = _checker_of(STRICT).check(submission, "r", datetime(2024, 12, 1, tzinfo=UTC))
    assert [(finding.code, finding.parameter) for finding in verdict.errors] == [("parameter_unknown", "nonsense")]


def test_a_technique_that_asks_for_what_nobody_can_send_stops_the_start() -> None:
    with pytest.raises(DataFileInvalid, match="MX_numberOfImage, which is in no vocabulary; did you mean MX_numberOfI"):
        _checker_of(STRICT | {"kind": [KIND | {"required": ["MX_numberOfImage"]}]})


def test_the_same_submission_has_the_same_verdict_for_ever() -> None:
    changes = {"parameters": {"nonsense": "1", "MX_xBeam": "1041"}, "start": "2024-11-30T09:00:00"}
    assert the_verdict(**changes) == the_verdict(**changes)


def test_more_inputs_than_are_taken_refuse_the_dataset_by_their_number() -> None:
    inputs = [f"{RAW}/run_{n}" for n in range(MOST_INPUTS + 1)]
    assert _errors(input=inputs, path="/data/merged") == ["inputs_too_many"]
    assert len(_dataset(input=inputs[:-1], path="/data/merged").inputs) == MOST_INPUTS


def test_paths_that_are_the_inputs_are_not_a_parameter_as_well() -> None:
    said = {"input_datasets": f"{RAW}/a,{RAW}/b", "MX_resolution": "1.5"}
    verdict = the_verdict(parameters=said)
    assert verdict.parameters.keys() == {"MX_resolution"}
    assert verdict.dataset is not None
    assert len(verdict.dataset.inputs) == 2
    assert the_verdict(parameters=said, input=[f"{RAW}/a"]).parameters.keys() == said.keys()


def test_thousands_of_findings_on_inputs_are_summed_up() -> None:
    dataset = _dataset(input=[f"{RAW}/a"] * 3000, parameters={f"x{n}": "1" for n in range(30)})
    repeated = [finding for finding in dataset.findings if finding.code == "input_repeated"]
    assert len(repeated) == MOST_OF_A_CODE + 1
    assert repeated[-1].message == f"{2999 - MOST_OF_A_CODE} more findings are input_repeated"
    assert sum(finding.code == "parameter_unknown" for finding in dataset.findings) == 30
