import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shared.events.codes import Poison
from shared.events.dataset import DatasetSubmitted
from shared.events.headers import headers_of
from shared.events.members import Member, members_of, reads, value_of, without, written
from shared.events.record import Record
from shared.events.topics import SUBMITTED, VALIDATED
from shared.events.wire import member, read, splice

SUBMISSION = b' {"submission": {"name": "n", "dataset": {"a": ",\\"dataset\\":{"}}, "later": 1} '


class Parameters(BaseModel):
    dataset: dict[str, object]


class OnlyDataset(BaseModel):
    dataset: Parameters | None


class Everything(OnlyDataset):
    submission: dict[str, object]


def record(value: bytes, topic: str = SUBMITTED.name, places: tuple[Member, ...] = ()) -> Record:
    headers = headers_of(VALIDATED, receipt_id="r", source="/s", time="t", places=places)
    return Record(topic, 0, 0, 0, None, value, headers)


TEXT = st.text(alphabet=st.sampled_from('ab",:{}\\"é'), max_size=12)
SECTIONS = st.dictionaries(
    st.sampled_from(["dataset", "parameters", "links"]), st.dictionaries(TEXT, st.dictionaries(TEXT, TEXT)), min_size=1
)


@given(SECTIONS, st.dictionaries(TEXT, TEXT))
def test_whatever_was_written_each_member_is_where_the_header_says(
    sections: dict[str, dict[str, object]], said: dict[str, str]
) -> None:
    submitted = json.dumps({"submission": said}, ensure_ascii=False).encode()
    spliced = splice(record(submitted), sections)
    assert json.loads(spliced.value) == {"submission": said, **sections}
    again = splice(record(spliced.value, VALIDATED.name, spliced.members), {"last": {"x": 1}})
    whole = record(again.value, "dataset.linked", again.members)
    for name, section in (sections | {"last": {"x": 1}}).items():
        assert json.loads(member(whole, name)) == section
    left = json.loads(without(again.value, again.members, OnlyDataset))
    assert left.get("dataset") == sections.get("dataset")
    assert set(left) <= {"dataset", ""}


def test_a_view_is_read_without_what_it_does_not_name() -> None:
    spliced = splice(record(SUBMISSION), {"dataset": {"dataset": {"x": 1}}, "parameters": {"y": 2}})
    broken = spliced.value.replace(b'"later": 1', b'"later": !')  # proof that these bytes are not looked at
    received = read(record(broken, VALIDATED.name, spliced.members), VALIDATED, OnlyDataset)
    assert received.event.dataset is not None
    assert received.event.dataset.dataset == {"x": 1}


@pytest.mark.parametrize("header", [b"", b"dataset", b"dataset 9 2", b"dataset a b", b"a 5 9,b 3 12", b"dataset 3 900"])
def test_a_header_that_leads_astray_changes_nothing(header: bytes) -> None:
    spliced = splice(record(SUBMISSION), {"dataset": {"dataset": {"x": 1}}})
    kept = record(spliced.value, VALIDATED.name)
    astray = Record(kept.topic, 0, 0, 0, None, kept.value, (*kept.headers, ("members", header)))
    assert read(astray, VALIDATED, Everything).event.submission["name"] == "n"
    assert json.loads(member(astray, "dataset")) == {"dataset": {"x": 1}}
    assert members_of([("members", b"\xff")]) == ()


def test_a_producer_cannot_hide_its_own_bytes() -> None:
    places = (Member("submission", 1, 24),)
    headers = headers_of(SUBMITTED, receipt_id="r", source="/s", time="t", places=places)
    hidden = Record(SUBMITTED.name, 0, 0, 0, None, b'{"submission":{"name":1}}', headers)
    with pytest.raises(Poison, match=r"submission\.name"):
        read(hidden, SUBMITTED, DatasetSubmitted)
    with_more = replace(hidden, value=b'{"submission":{},"members":{"dataset":1}}')
    assert splice(with_more, {"one": {}}).members[0] == Member("submission", 1, 40)


def test_members_of_members_are_named_with_a_dot() -> None:
    assert not reads(OnlyDataset, "dataset.parameters")
    assert reads(OnlyDataset, "dataset.dataset")
    assert reads(Everything, "submission.anything")
    assert not reads(OnlyDataset, "submission")


def test_the_header_says_what_was_written() -> None:
    members = (Member("submission", 1, 9), Member("document.parameters", 10, 20))
    assert members_of([("ce_id", b"r"), ("members", written(members))]) == members
    assert (
        value_of(b'{"x":{"parameters":{}}}', [("members", b"document.parameters 6 21")], "document.parameters") == b"{}"
    )
    assert value_of(b"{}", [], "document.parameters") is None
