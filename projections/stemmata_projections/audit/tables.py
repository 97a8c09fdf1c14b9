"""The tables of the audit trail. The log itself is the trail; these find places in it.

A thing is called by a text that no other thing has:

==================  ============================================================
``id``              an organization, registry, collection, artifact or version
``run:path``        a run
``entity:name``     a team or person, as an owner of projects
``line#number``     a version as one artifact or collection has it
==================  ============================================================
"""

from __future__ import annotations

from stemmata_projections.tables import Column, Table

ENTRY = Table(
    "entry",
    (Column("position", "integer"), Column("at"), Column("actor"), Column("topic")),
    key=("position",),
    indexes=(("at",), ("actor", "position"), ("topic", "position")),
)
CONCERN = Table(
    "concern", (Column("thing"), Column("position", "integer")), key=("thing", "position")
)

TABLES = (ENTRY, CONCERN)


def run_thing(path: str) -> str:
    """Return what the trail calls a run."""
    return f"run:{path}"


def entity_thing(name: str) -> str:
    """Return what the trail calls a team or a person."""
    return f"entity:{name}"


def member_thing(line: str, number: int) -> str:
    """Return what the trail calls a version as an artifact or collection has it."""
    return f"{line}#{number}"
