"""A proposal is one proposal, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.identity import PROPOSAL_SEPARATORS, proposal_key
from shared.events.sections import Section
from tests.builders.search.records import document, entry, investigation

OLD = "mx-1111"


@pytest.mark.parametrize(
    "written",
    ["MX-1111", "mx1111", "MX1111", "mx 1111", "Mx_1111", " MX-1111 ", "MX\N{NO-BREAK SPACE}1111", "MX\N{EN DASH}1111"],
)
def test_the_writings_of_a_proposal_have_one_key(written: str) -> None:
    assert proposal_key(written) == "mx1111"


def test_zeros_and_inner_letters_stay() -> None:
    assert (proposal_key("IH-LS-0042"), proposal_key("2021A1234")) == ("ihls0042", "2021a1234")


@given(st.text(max_size=50))
def test_the_key_of_a_key_is_the_key(written: str) -> None:
    key = proposal_key(written)
    assert proposal_key(key) == key
    assert not set(key) & set(PROPOSAL_SEPARATORS)


@pytest.mark.parametrize(
    "read", [investigation(1, proposal=OLD), document("/a/b", proposal=OLD), entry("x", proposal=OLD)]
)
def test_events_of_versions_that_kept_separators_read_as_if_they_had_none(read: Section) -> None:
    assert read.model_dump()["proposal"] == "mx1111"
