"""The options that commands share, and where a command finds the registry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

Json = Annotated[
    bool,
    typer.Option("--json", help="Print one JSON document instead of text.", show_default=False),
]

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help="Answer as the registry was then: a time with its zone, 2026-03-03T12:00Z, "
        "or a position of the log. [default: now]",
        show_default=False,
    ),
]

Named = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="[ORG/]wandb-registry-NAME/COLLECTION[:ALIAS] or [[ENTITY/]PROJECT/]ARTIFACT[:ALIAS].",
        show_default=False,
    ),
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="TARGET",
        help="The collection: [ORG/]wandb-registry-NAME/COLLECTION.",
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which registry is meant, who acts, and what completes short names; None leaves it open."""

    url: str | None = None
    views: str | None = None
    content: str | None = None
    actor: str | None = None
    entity: str | None = None


def place_of(context: typer.Context) -> Place:
    """Return what the options before the command said."""
    place = context.obj
    assert isinstance(place, Place)
    return place


def examples(*lines: str) -> str:
    """Return command lines as the end of a command's help shows them."""
    shown = "\n".join(f"  $ {line}" for line in lines)
    return f"\b\nExamples:\n{shown}"
