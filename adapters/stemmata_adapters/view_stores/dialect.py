"""What databases write differently in the SQL of view stores.

A view store on a database with SQL of its own needs one `Dialect`, and then the statements of
:mod:`stemmata_adapters.view_stores.sql`:

```python
from dataclasses import replace
from stemmata_adapters.view_stores.dialect import SQLITE

TRIAL = replace(SQLITE, prefix="trial_")  # the same database, tables of other names
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stemmata_projections.tables import ColumnKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dialect:
    """How one database writes what others write in another way.

    The forms below are filled in with `str.format`. What the database must bring along: integers of 64
    bits with `>>`, primary keys over several columns, and `LEFT JOIN`.

    Attributes:
        types: The type of each kind of column. Text must be sorted by code points. Flags may be numbers,
            since their least and greatest are asked for.
        numbered: Form of a parameter by its place, from 1: `{}`; they stand in their order.
        repeats: Whether such a parameter may stand in a statement twice. Where it may not, a row of
            two columns can be set from a subquery.
        named: Form of a parameter by its name: `{}`.
        among: Form of the condition that a column is in a list that is given as one parameter:
            `{column}`, `{list}`.
        listed: Form of an expression that makes a list, in any order, of what a query within finds:
            `{column}`, and `{rows}`, which is all that stands after `FROM`.
        prefix: Stands before the name of each table; it may name a schema as well.
        join: Joins tables, in the order of the steps if the database can be told so: it is a good one.
        table_end: Ends the statement that makes a table whose rows are short.
        heap_end: Ends the statement that makes a table with JSON, whose rows may be long.
        names_indexes: Whether an index is given a name; else the database finds one.
        nulls: Ends of what is sorted upwards and downwards by a column that may be null, so that null
            is less than everything.
    """

    types: Mapping[ColumnKind, str]
    numbered: str
    named: str
    among: str
    listed: str
    repeats: bool = True
    prefix: str = "view_"
    join: str = "JOIN"
    table_end: str = ""
    heap_end: str = ""
    names_indexes: bool = True
    nulls: tuple[str, str] = (" NULLS FIRST", " NULLS LAST")


SQLITE = Dialect(
    types={"text": "TEXT", "integer": "INTEGER", "flag": "INTEGER", "json": "TEXT"},
    # Not `?{}`, which Python before 3.12.4 takes for a name, and warns that lists have none.
    numbered="?",
    repeats=False,
    named=":{}",
    among="{column} IN (SELECT value FROM json_each({list}))",
    listed="(SELECT json_group_array({column}) FROM {rows})",
    # SQLite knows nothing of the sizes here, and guesses wrongly about the order where it may.
    join="CROSS JOIN",
    table_end=" WITHOUT ROWID",
    nulls=("", ""),
)
"""SQLite: nulls are the least there anyway."""
