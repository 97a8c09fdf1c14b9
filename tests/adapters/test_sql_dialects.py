"""The SQL of view stores follows what a dialect says."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from stemmata_adapters.contracts.view_samples import LASTING, MARK, OTHER, PART, THING
from stemmata_adapters.view_stores import sql
from stemmata_adapters.view_stores.dialect import SQLITE
from stemmata_projections.queries import Compare, Field, Param, Query, Step, by
from stemmata_projections.tables import Row, Table

DIALECT = replace(
    SQLITE,
    types={"text": "T", "integer": "I", "flag": "F", "json": "J"},
    numbered="${}",
    named="@{}",
    among="{column} AMONG {list}",
    prefix='"mine".',
    join="STRAIGHT JOIN",
    table_end=" SHORT",
    heap_end=" LONG",
    names_indexes=False,
    nulls=(" UP", " DOWN"),
)
WHOLE, PLACE, LABEL = (Field("part", name) for name in ("whole", "place", "label"))


def asked(
    *, optional: bool = False, order: tuple[tuple[Field, bool], ...] = (), when: sql.When = "now"
) -> str:
    named = Compare("id", "in", Param("ids"))
    steps = (
        Step("thing", THING, {}, compare=(named,)),
        Step("part", PART, {"whole": Field("thing", "id")}, optional=optional),
    )
    return sql.select(Query((steps), (WHOLE,), order, Param("most")), when=when, dialect=DIALECT)


def test_tables_are_made_of_its_types_with_its_names_and_ends() -> None:
    table, index = sql.create(THING, DIALECT)
    assert table.startswith('CREATE TABLE "mine".contract_thing (id T NOT NULL, kind T, size I')
    assert "live F, note J, span I NOT NULL" in table
    assert table.endswith(" LONG")
    assert index.startswith('CREATE INDEX ON "mine".contract_thing (')
    assert sql.create(OTHER, DIALECT)[0].endswith(" SHORT")


def test_a_parameter_stands_once_where_it_may_not_be_repeated() -> None:
    assert sql.close_rows(OTHER, ["name"], SQLITE).count("?") == 2
    assert sql.close_rows(OTHER, ["name"], DIALECT).count("$1") == 1
    assert sql.close_rows(OTHER, ["name"], replace(DIALECT, repeats=True)).count("$1") > 2


def test_parameters_have_its_forms() -> None:
    written = sql.open_row(OTHER, DIALECT), sql.close_rows(OTHER, ["name"], DIALECT)
    assert written[0].startswith('INSERT INTO "mine".contract_other VALUES ($1, $2, 0, $3, ')
    assert 'UPDATE "mine".contract_other' in written[1]
    assert "name = $2" in written[1]
    assert "kind = $1" in sql.open_rows(THING, ["kind"], DIALECT)
    assert 'FROM "mine".contract_part ORDER BY whole, place, valid_from' in sql.scan(PART, DIALECT)
    assert set(re.findall(r"@\w+", asked(when="as of"))) >= {"@_at", "@_span1", "@ids", "@most"}


def test_lists_and_joins_are_written_as_it_has_them() -> None:
    assert "thing.id AMONG @ids" in asked()
    assert ' STRAIGHT JOIN "mine".contract_part AS part ON ' in asked()
    assert ' LEFT JOIN "mine".contract_part AS part ON ' in asked(optional=True)


@pytest.mark.parametrize(
    ("order", "optional", "written"),
    [
        (by(WHOLE, PLACE), False, "part.whole, part.place"),
        (((PLACE, True),), False, "part.place DESC"),
        (((LABEL, True), (WHOLE, False)), False, "part.label DESC DOWN, part.whole"),
        (by(LABEL), False, "part.label UP"),
        (by(WHOLE), True, "part.whole UP"),
        (by(Field("part", "valid_from")), False, "part.valid_from"),
    ],
)
def test_nulls_are_put_in_their_place_where_there_may_be_any(
    order: tuple[tuple[Field, bool], ...], optional: bool, written: str
) -> None:
    assert f" ORDER BY {written} LIMIT @most" in asked(optional=optional, order=order)


@pytest.mark.parametrize("table", [LASTING, MARK], ids=["key of two", "key of one"])
def test_rows_that_never_end_are_asked_of_the_past_as_of_now(table: Table) -> None:
    first = table.key[0]
    steps = (Step("row", table, {first: Param(first)}),)
    query: Query[Row] = Query(steps, (Field("row", first),))
    now = sql.select(query, when="now", dialect=DIALECT)
    then = sql.select(query, when="as of", dialect=DIALECT)
    assert then == f"{now} AND row.valid_from <= @_at"
