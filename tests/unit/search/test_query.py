import math
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search.cursors import Cursor, CursorInvalid, read_cursor, write_cursor
from services.search.index.counts import count, facets
from services.search.index.pages import page
from services.search.index.port import KnownParameter
from services.search.index.question import AnyOf, Condition, Exists, Like, Query, Within
from services.search.query.faults import QueryInvalid
from services.search.query.filters import conditions_of
from services.search.query.grammar import FilterInvalid
from services.search.query.naming import Naming
from services.search.query.query import FIELDS, read_query
from shared.foundation.errors import Fault
from shared.foundation.times import read_time
from shared.vocabulary.values import judge
from tests.builders.described import VOCABULARY
from tests.builders.search.records import IDENTITIES, NOON, dataset_id

PARIS = ZoneInfo("Europe/Paris")
NAMING = Naming(VOCABULARY)
UP, DOWN = math.inf, -math.inf


def read(**fields: str) -> Query:
    return read_query(fields.items(), IDENTITIES, PARIS, NAMING)


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("MX_flux~gteq~1e12", [Condition("MX_flux", Within(1e12, UP))]),
        ("MX_flux~lteq~-.5", [Condition("MX_flux", Within(DOWN, -0.5))]),
        ("a~gt~1", [Condition("a", Within(math.nextafter(1, UP), UP))]),
        ("a~lt~1", [Condition("a", Within(DOWN, math.nextafter(1, DOWN)))]),
        ("a~gteq~1,b~eq~x,A~lteq~2", [Condition("a", Within(1, 2)), Condition("b", AnyOf(("x",)))]),
        ("a~eq~P 21 21 21", [Condition("a", AnyOf(("P 21 21 21",)))]),
        ("a~eq~x~y", [Condition("a", AnyOf(("x~y",)))]),
        ("a~in~1;two; three", [Condition("a", AnyOf(("1", "two", " three")))]),
        (r"a~eq~one\, two", [Condition("a", AnyOf(("one, two",)))]),
        (r"a~in~one\;two;three", [Condition("a", AnyOf(("one;two", "three")))]),
        ("a~like~50_%", [Condition("a", Like(r"50\_%"))]),
        ("a~like~auto", [Condition("a", Like("%auto%"))]),
        ("a~like~*PROC", [Condition("a", Like("%PROC"))]),
        (r"a~like~C:\x", [Condition("a", Like(r"%C:\\x%"))]),
        ("a, b ,,", [Condition("a", Exists()), Condition("b", Exists())]),
        ("a~EQ~1", [Condition("a", AnyOf(("1",)))]),
    ],
)
def test_a_filter_is_read(text: str, conditions: list[Condition]) -> None:
    assert conditions_of(text, NAMING) == conditions


GROUP = "MXAutoprocIntegration_space_group"


@pytest.mark.parametrize("operator", ["eq", "in"])
@pytest.mark.parametrize("asked", ["H 3 2", "H32", "R32", "R 3 2 :H", "155"])
@pytest.mark.parametrize("said", ["H32", "R 3 2 :H", "R32", "155", "R 3 2", "H 3 2"])
def test_a_space_group_is_found_by_any_of_its_names(operator: str, asked: str, said: str) -> None:
    [condition] = conditions_of(f"{GROUP}~{operator}~{asked}", NAMING)
    catalogued, _ = judge(VOCABULARY.terms[GROUP], said, PARIS)
    assert isinstance(condition.test, AnyOf)
    assert catalogued is not None
    assert catalogued.get("value") in condition.test.texts
    assert asked in condition.test.texts, "as it was said, before there was one name"
    assert "P 21 21 21" not in condition.test.texts


def test_another_parameter_is_not_read_as_a_space_group() -> None:
    assert conditions_of("Sample_name~eq~155", NAMING) == [Condition("Sample_name", AnyOf(("155",)))]
    assert conditions_of(f"{GROUP}~like~H32", NAMING) == [Condition(GROUP, Like("%H32%"))]


@pytest.mark.parametrize(
    ("text", "low"),
    [
        ("MX_detectorDistance~gteq~15 cm", 150),
        ("MX_detectorDistance~gteq~150 millimeters", 150),
        ("MX_wavelength~gteq~0.09 nm", 0.9),
        ("MX_flux~gteq~1e12 ph/sec", 1e12),
        ("InstrumentMonochromator_energy~gteq~12800 eV", 12.8),
        ("MXAutoprocIntegrationScaling_overall_r_merge~gteq~6.2 %", 0.062),
    ],
)
def test_a_bound_may_come_in_any_unit(text: str, low: float) -> None:
    [condition] = conditions_of(text, NAMING)
    assert condition.test == Within(low, UP)


@pytest.mark.parametrize("unit", ["MM", "s", "parsec"])
def test_a_bound_in_a_unit_that_is_none_of_the_parameter_is_refused(unit: str) -> None:
    with pytest.raises(FilterInvalid, match="which does not fit it"):
        conditions_of(f"MX_detectorDistance~gt~15 {unit}", NAMING)


@pytest.mark.parametrize("value", ["nan", "inf", "1_000", "1e999", "0x10", "\u0661", "one", "1 2", "--1", "1e"])
def test_a_bound_that_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(FilterInvalid, match="give a number in the parameter's canonical unit"):
        conditions_of(f"a~gt~{value}", NAMING)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-11-30", datetime(2024, 11, 29, 23, 0, tzinfo=UTC)),
        ("2024-11-30T09:00:00+01:00", datetime(2024, 11, 30, 8, 0, tzinfo=UTC)),
        ("2024-11-30T09:00", datetime(2024, 11, 30, 8, 0, tzinfo=UTC)),
        ("2024-07-01T09:00:00Z", datetime(2024, 7, 1, 9, 0, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_the_facilitys(text: str, time: datetime) -> None:
    assert read_time(text, PARIS) == time


def test_the_end_of_a_range_of_dates_is_the_end_of_that_day() -> None:
    assert read_time("2024-11-30", UTC, end_of_day=True) == datetime(2024, 11, 30, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_query_says_everything_at_once() -> None:
    query = read(
        q="Fus_RAC1b autoPROC fus",
        technique="MX, SAXS",
        path="/data//visitor/a/",
        complete="TRUE",
        sort="MX_flux",
        order="ASC",
        limit="7",
        facets="kind,technique",
        count="true",
    )
    assert query == Query(
        words=("fus", "rac1b", "autoproc"),
        values={"technique": ("mx", "saxs")},
        dataset_id=dataset_id("/data/visitor/a"),
        complete=True,
        sort="MX_flux",
        descending=False,
        limit=7,
        facets=("kind", "technique"),
        count=True,
    )


@pytest.mark.parametrize(
    ("sample", "names"),
    [
        (r"Lyso\, native", ("lyso, native",)),
        (r"lyso\, native,Fus_RAC1b", ("lyso, native", "fus_rac1b")),
        (" LYSO\u00a0\u00a0e\u0301 ", ("lyso é",)),
        (r"a\b", (r"a\b",)),
    ],
)
def test_a_sample_is_asked_for_by_its_name_whatever_the_spelling(sample: str, names: tuple[str, ...]) -> None:
    assert read(sample=sample).values == {"sample": names}


def test_investigations_are_asked_for_by_their_ids() -> None:
    one, other = IDENTITIES.investigation("1"), IDENTITIES.investigation("2")
    assert read(investigation=f"{one}, {str(other).upper()}").investigations == (one, other)
    with pytest.raises(QueryInvalid) as refused:
        read(investigation=f"{one},mx1111")
    assert refused.value.faults == [Fault("investigation", "'mx1111' is not the id of an investigation")]


def test_a_comma_may_stand_in_the_value_of_every_facet() -> None:
    assert read(technique=r"MX\, old,SAXS", finding=r"a\,b").values == {
        "technique": ("mx, old", "saxs"),
        "finding": ("a,b",),
    }


def test_words_are_found_in_whatever_unicode_form() -> None:
    assert read(q="e\u0301tat").words == ("état",)


def test_conditions_may_stand_behind_the_words() -> None:
    assert read(q="Fus MX_resolution<2", parameters="MX_flux>1e12") == Query(
        words=("fus",),
        conditions=tuple(conditions_of("MX_resolution~lt~2,MX_flux~gt~1e12", NAMING)),
    )
    assert read(q="MX_scanType = mesh").words == ()
    with pytest.raises(QueryInvalid, match=r"q: a comma ends a condition.*MX_resolution<2\.5"):
        read(q="MX_resolution<2,5")


@pytest.mark.parametrize(
    ("said", "cures"),
    [
        ("30.11.2024", ["2024-11-30"]),
        ("11/30/2024", ["2024-11-30"]),
        ("5/6/2024", ["2024-06-05", "2024-05-06"]),
        ("2024/11/30", ["2024-11-30"]),
        ("2024-11", ["2024-11-01"]),
        ("31.11.2024", ["2024-11-30T09:00:00+01:00"]),
        ("soon", ["2024-11-30T09:00:00+01:00"]),
    ],
)
def test_a_date_in_another_order_is_answered_with_the_one_that_was_meant(said: str, cures: list[str]) -> None:
    with pytest.raises(QueryInvalid) as refused:
        read(startDate=said)
    for cure in cures:
        assert cure in str(refused.value)
        assert read(startDate=cure).started_from == read_time(cure, PARIS)


def test_an_empty_field_asks_nothing() -> None:
    assert read(q="", parameters="  ", technique=",") == Query()


def test_a_type_that_no_dataset_can_have_is_refused() -> None:
    assert read(type="RAW, processed").values == {"type": ("raw", "processed")}
    with pytest.raises(QueryInvalid, match="type: 'green' is not one of raw, processed"):
        read(type="raw,green")


def test_columns_that_are_there_anyway_may_be_named() -> None:
    assert read(format="csv", columns="Name,MX_flux,start").columns == ("MX_flux",)


def test_a_field_that_is_given_once_is_not_given_twice() -> None:
    with pytest.raises(QueryInvalid, match="limit: give it once"):
        read_query([("limit", "1"), ("limit", "2")], IDENTITIES, PARIS, NAMING)


keys = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)


@given(keys, st.uuids(), st.text())
def test_a_cursor_comes_back_as_it_was_written(key: float | str, row_id: object, order: str) -> None:
    cursor = Cursor(key, row_id)  # type: ignore[arg-type]  # hypothesis does not say that these are UUIDs
    assert read_cursor(write_cursor(order, cursor), order, type(key)) == cursor


def test_a_cursor_of_a_time_comes_back() -> None:
    cursor = Cursor(NOON, dataset_id("/data/a"))
    assert read_cursor(write_cursor("start desc", cursor), "start desc", datetime) == cursor


@given(st.text(), st.sampled_from([float, str, datetime]))
def test_what_is_no_cursor_is_refused(text: str, key_type: type) -> None:
    with pytest.raises(CursorInvalid):
        read_cursor(text, "start desc", key_type)


pieces = st.sampled_from(
    [
        "MX_flux",
        "~",
        "~gt~",
        "~in~",
        "~like~",
        "1",
        "1e400",
        "-",
        ",",
        ";",
        "\\",
        "\\,",
        "%",
        "*",
        "nan",
        "é",
        "\0",
        "'",
        "$1",
        "9" * 400,
    ]
)
values = st.one_of(st.text(max_size=30), st.lists(pieces, max_size=8).map("".join))
queries = st.lists(st.tuples(st.one_of(st.sampled_from(list(FIELDS)), st.text(max_size=5)), values), max_size=6)


def read_or_faults(pairs: list[tuple[str, str]]) -> tuple[Query | None, Sequence[Fault]]:
    try:
        return read_query(pairs, IDENTITIES, PARIS, NAMING), ()
    except QueryInvalid as invalid:
        return None, invalid.faults


@given(queries)
def test_any_query_is_answerable_or_its_faults_are_named(pairs: list[tuple[str, str]]) -> None:
    query, faults = read_or_faults(pairs)
    said = {name[:100] for name, _ in pairs}
    assert all(fault.field in said and fault.message for fault in faults)
    if query is None:
        assert faults
        return
    wanted = (*(condition.name for condition in query.conditions), query.sort)
    names = {name.lower(): [KnownParameter(1, name, many=False)] for name in wanted}
    statements = [page(query, names), count(query, names), *([facets(query, names)] if query.facets else [])]
    for statement in statements:
        assert f"${len(statement.arguments)}" in statement.text or not statement.arguments
        for _, value in pairs:
            # nothing that was said is part of the SQL, unless it is a word of it anyway
            assert len(value) < 12 or value not in statement.text
