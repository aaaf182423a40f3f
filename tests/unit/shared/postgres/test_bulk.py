"""Bulk inserts are built from the tables. That PostgreSQL does what they say is shown with each store."""

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, DateTime, Identity, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.postgres.bulk import DO_NOTHING, columns, combined, insert, insertable, is_same, update

THING = Table(
    "thing",
    MetaData(),
    Column("thing_id", Uuid, primary_key=True),
    Column("seq", BigInteger, Identity(always=True)),
    Column("start", DateTime(timezone=True)),
    Column("tags", ARRAY(Text)),
    Column("content", JSONB),
    Column("removed", Boolean),
)


def test_a_row_is_one_element_of_each_array_and_rows_keep_their_order() -> None:
    assert insert(THING, ["thing_id", "start"], then=DO_NOTHING) == (
        'insert into thing ("thing_id", "start")\n'
        'select new."thing_id", new."start"\n'
        "from unnest($1::UUID[], $2::TIMESTAMP WITH TIME ZONE[])"
        ' with ordinality as new ("thing_id", "start", nth)\n'
        "order by new.nth\n"
        "on conflict do nothing"
    )


def test_all_columns_are_given_but_those_that_postgresql_numbers() -> None:
    assert insertable(THING) == ["thing_id", "start", "tags", "content", "removed"]
    assert '("thing_id", "start", "tags", "content", "removed")' in insert(THING)


def test_an_array_is_given_as_text_since_unnest_would_flatten_it() -> None:
    statement = insert(THING, ["thing_id", "tags"])

    assert "unnest($1::UUID[], $2::text[])" in statement
    assert 'new."tags"::TEXT[]' in statement


def test_what_is_written_may_be_worked_out_from_what_is_given() -> None:
    statement = insert(
        THING,
        ["thing_id", "word::text"],
        values={"removed": "false", "content": "to_jsonb(new.word)"},
        where="new.word <> ''",
        order_by="new.thing_id",
    )

    assert statement == (
        'insert into thing ("thing_id", "removed", "content")\n'
        'select new."thing_id", false, to_jsonb(new.word)\n'
        'from unnest($1::UUID[], $2::text[]) with ordinality as new ("thing_id", "word", nth)\n'
        "where new.word <> ''\n"
        "order by new.thing_id"
    )


def test_an_update_writes_all_but_the_key() -> None:
    assert update(THING) == (
        'on conflict ("thing_id") do update set "start" = excluded."start", "tags" = excluded."tags",'
        ' "content" = excluded."content", "removed" = excluded."removed"'
    )


def test_an_update_may_write_less_and_only_if_something_holds() -> None:
    assert update(THING, ["start"], values={"removed": "true"}, where="excluded.start > thing.start") == (
        'on conflict ("thing_id") do update set "start" = excluded."start", "removed" = true\n'
        "where excluded.start > thing.start"
    )


def test_a_row_says_the_same_if_its_key_is_equal_and_nothing_else_differs() -> None:
    assert is_same(THING).startswith('old."thing_id" = new."thing_id" and old."seq" is not distinct from new."seq"')


def test_an_update_may_identify_the_row_by_other_columns_than_the_primary_key() -> None:
    statement = update(THING, key=["start"], values={"seq": "excluded.seq"})

    assert statement.startswith('on conflict ("start") do update set "thing_id" = excluded."thing_id"')
    assert statement.endswith('"seq" = excluded.seq')


def test_the_collation_of_a_column_is_no_part_of_the_type_that_is_given() -> None:
    word = Table("word", MetaData(), Column("word", Text(collation="C")), Column("more", ARRAY(Text(collation="C"))))

    assert 'select new."word", new."more"::TEXT[]\nfrom unnest($1::TEXT[], $2::text[])' in insert(word)


def test_combined_statements_have_parameters_of_their_own() -> None:
    assert combined("delete from a where x = any($1)", "insert into b select $2, $1", "insert into c select $1") == (
        "with part_1 as (\ndelete from a where x = any($1)\n),\n"
        "part_2 as (\ninsert into b select $3, $2\n)\n"
        "insert into c select $4"
    )
    assert combined("delete from a", "delete from b where x = $1").endswith("delete from b where x = $1")
    assert combined("delete from a where x = $1") == "delete from a where x = $1"


def test_a_table_has_as_many_columns_without_rows_as_with_them() -> None:
    rows: list[tuple[object, ...]] = [(1, None, [], "{}", True), (2, None, [], "{}", False)]
    assert columns(THING, rows) == [(1, 2), (None, None), ([], []), ("{}", "{}"), (True, False)]
    assert columns(THING, []) == [()] * 5
