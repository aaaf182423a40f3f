"""What events say of themselves, whenever they were written."""

from shared.events import Finding


def test_a_finding_says_in_one_sentence_what_is_wrong_and_what_to_do() -> None:
    finding = Finding.error("start_missing", "the dataset names no start", "give start")
    assert finding.sentence == "the dataset names no start; give start"


def test_a_finding_from_before_there_were_cures_is_still_read() -> None:
    old = {"code": "start_missing", "severity": "error", "message": "the dataset names no start; give start"}
    finding = Finding.model_validate(old)
    assert (finding.cure, finding.sentence) == (None, old["message"])
