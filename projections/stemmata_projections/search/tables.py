"""The table of the search view: in which words which things are found."""

from __future__ import annotations

from stemmata_projections.tables import Column, Table

TERM = Table(
    "term",
    (
        Column("thing"),
        Column("field"),
        Column("part"),
        Column("term"),
        Column("kind"),
        Column("head"),
    ),
    key=("thing", "field", "part", "term"),
    indexes=(("term",), ("head",)),
)
"""A term of a text: `part` tells several texts of one field apart, such as the tags of a version."""

TABLES = (TERM,)
