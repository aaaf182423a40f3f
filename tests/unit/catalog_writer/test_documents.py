from dataclasses import replace
from datetime import timedelta

import pytest

from services.catalog_writer.documents import CatalogDocument, document_of, merged, same_content
from shared.events.dataset import DeclaredFile, Parameter
from shared.events.sample import Container
from shared.events.sections import Finding, Severity
from shared.events.wire import member
from tests.builders.catalog_writer import INVESTIGATION, NOW, PLACEHOLDER, Tracked, id_of, number, read_back

WEDGE = Tracked(
    kind="mx.raw.characterisation",
    complete=False,
    parameters={"MX_numberOfImages": number(1, ""), "MX_transmission": number(20, "%")},
    files=(DeclaredFile(path="ref_1.h5", size_bytes=1), DeclaredFile(path="master.h5", size_bytes=5)),
    container=Container(position="3"),
)


def document(submission: Tracked) -> CatalogDocument:
    received = submission.received()
    return read_back(document_of(received.event, member(received.record, "parameters")))


def warning(parameter: str | None, message: str = "m") -> Finding:
    return Finding(code="doubtful", severity=Severity.WARNING, message=message, parameter=parameter)


def test_a_merge_adds_parameters_and_overwrites_those_said_again() -> None:
    second = replace(WEDGE, parameters={"MX_numberOfImages": number(2, ""), "MX_resolution": number(2.0, "Å")})
    assert merged(document(WEDGE), document(second)).read_parameters() == {**WEDGE.parameters, **second.parameters}


def test_what_is_added_without_a_value_takes_no_place_of_one() -> None:
    known, sentinel, word = number(1.0, "mm"), Parameter(original="-9999"), Parameter(original="unknown")
    current = document(replace(WEDGE, parameters={"a": known, "b": sentinel}))
    addition = document(replace(WEDGE, parameters={"a": sentinel, "b": word, "c": word}))
    assert merged(current, addition).read_parameters() == {"a": known, "b": word, "c": word}
    assert merged(addition, current).read_parameters() == {"a": known, "b": sentinel, "c": word}


def test_a_merge_unites_files_and_inputs() -> None:
    second = replace(WEDGE, files=(DeclaredFile(path="ref_2.h5"), DeclaredFile(path="master.h5", size_bytes=9)))
    files = merged(document(WEDGE), document(second)).files
    assert {each.path: each.size_bytes for each in files} == {"ref_1.h5": 1, "ref_2.h5": None, "master.h5": 9}
    one, other = replace(WEDGE, inputs=("a", "b")), replace(WEDGE, inputs=("b", "c"))
    assert [each.dataset_id for each in merged(document(one), document(other)).inputs] == [*map(id_of, "abc")]


def test_a_merge_says_itself_whether_the_dataset_is_complete() -> None:
    last = replace(WEDGE, complete=True)
    assert merged(document(WEDGE), document(last)).complete
    assert not merged(document(last), document(WEDGE)).complete


def test_a_merge_spans_the_time_of_both() -> None:
    later = replace(WEDGE, start=NOW + timedelta(minutes=5), end=NOW + timedelta(minutes=6))
    for one, other in ((WEDGE, later), (later, WEDGE), (WEDGE, replace(later, end=None))):
        both = merged(document(one), document(other))
        assert (both.start, both.end) == (NOW, max(each.end for each in (one, other) if each.end))


def test_a_merge_does_not_take_away_what_it_does_not_speak_of() -> None:
    both = merged(document(replace(WEDGE, file_count=7)), document(Tracked(mode="merge", sample=None)))
    assert both.sample == document(WEDGE).sample
    assert both.container == WEDGE.container
    assert both.file_count == 7


@pytest.mark.parametrize(
    ("current", "addition", "kept"),
    [
        (Tracked(kind="mx.raw.mesh"), Tracked(kind="generic.raw"), "mx.raw.mesh"),
        (Tracked(kind="generic.raw"), Tracked(kind="mx.raw.mesh"), "mx.raw.mesh"),
        (
            Tracked(kind="mx.processed.integration", inputs=("a",)),
            Tracked(kind="mx.raw.mesh"),
            "mx.processed.integration",
        ),
        (Tracked(kind="mx.raw.mesh"), Tracked(kind="generic.processed", inputs=("a",)), "generic.processed"),
    ],
)
def test_a_merge_that_cannot_tell_what_the_dataset_is_leaves_it(current: Tracked, addition: Tracked, kept: str) -> None:
    both = merged(document(current), document(addition))
    assert both.kind == kept
    assert both.type == ("processed" if both.inputs else "raw")


def test_findings_stay_with_the_parameters_that_they_are_about() -> None:
    first = replace(WEDGE, findings=(warning("MX_transmission"), warning("MX_numberOfImages"), warning(None)))
    second = replace(WEDGE, parameters={"MX_numberOfImages": number(2, "")}, findings=(warning("MX_resolution"),))
    findings = merged(document(first), document(second)).findings
    assert [each.parameter for each in findings] == ["MX_transmission", "MX_resolution"]


def test_a_merge_moves_a_dataset_from_the_placeholder_to_its_investigation() -> None:
    placed = document(replace(WEDGE, investigation=PLACEHOLDER))
    moved = merged(placed, document(replace(WEDGE, parameters={})))
    assert moved.investigation == INVESTIGATION
    assert not same_content(placed, moved)


def test_of_a_file_declared_twice_the_last_declaration_counts() -> None:
    twice = replace(WEDGE, files=(DeclaredFile(path="a", size_bytes=1), DeclaredFile(path="a", size_bytes=2)))
    assert [each.size_bytes for each in document(twice).files] == [2]


@pytest.mark.parametrize(
    "other",
    [
        replace(WEDGE, complete=True),
        replace(WEDGE, parameters={"MX_numberOfImages": number(1, "")}),
        replace(WEDGE, parameters={**WEDGE.parameters, "MX_transmission": number(20, "")}),
        replace(WEDGE, files=WEDGE.files[:1]),
        replace(WEDGE, sample=None),
        replace(WEDGE, inputs=("a",)),
        replace(WEDGE, end=None),
        replace(WEDGE, sequence_index=1),
        replace(WEDGE, findings=(warning("MX_transmission"),)),
        replace(WEDGE, container=Container(position="4")),
    ],
)
def test_whatever_a_reader_would_see_is_content(other: Tracked) -> None:
    assert not same_content(document(WEDGE), document(other))


def test_order_is_no_content() -> None:
    one = replace(WEDGE, inputs=("a", "b"), findings=(warning("x"), warning("y", "worded so")))
    other = replace(
        one,
        inputs=("b", "a"),
        findings=(warning("y", "worded otherwise"), warning("x")),
        files=WEDGE.files[::-1],
        parameters=dict(reversed(WEDGE.parameters.items())),
    )
    assert same_content(document(one), document(other))


def test_the_definitions_that_judged_a_dataset_stand_in_its_document() -> None:
    assert document(replace(WEDGE, definitions_version="3.8.0")).definitions_version == "3.8.0"
