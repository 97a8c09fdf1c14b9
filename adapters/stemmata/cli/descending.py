"""The commands about what came of what: `lineage`, `reach`, `impact` and `paths`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from stemmata.cli.options import AsOf, Json, Named, examples, place_of
from stemmata.cli.page import Answer


class Format(StrEnum):
    """How a graph is written."""

    TREE = "tree"
    JSON = "json"
    MERMAID = "mermaid"
    DOT = "dot"


_Name = Annotated[
    str | None,
    typer.Argument(
        metavar="[NAME]",
        help="The version: [ORG/]wandb-registry-NAME/COLLECTION[:ALIAS] or "
        "[[ENTITY/]PROJECT/]ARTIFACT[:ALIAS].",
        show_default=False,
    ),
]
_Run = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="PATH",
        help="A run, ENTITY/PROJECT/ID, instead of a version.",
        show_default=False,
    ),
]
_Depth = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many generations to go, from version over run to version. [default: all]",
        show_default=False,
    ),
]
_Limit = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many nodes to look at, nearest first. [default: all]",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "lineage",
        epilog=examples(
            "stemmata lineage wandb-registry-model/Digits:production",
            "stemmata lineage vision/mnist/digits:v3 --up --depth 2",
            "stemmata lineage vision/mnist/raw:v0 --down --type model",
            "stemmata lineage --run vision/mnist/train-7 --format mermaid",
        ),
    )(_lineage)
    app.command(
        "reach",
        epilog=examples(
            "stemmata reach vision/mnist/raw:v0",
            "stemmata reach wandb-registry-model/Digits:production --up --json",
        ),
    )(_reach)
    app.command(
        "impact",
        epilog=examples(
            "stemmata impact vision/mnist/raw:v0",
            "stemmata impact vision/mnist/raw:v0 --as-of 2026-03-03T12:00Z --json",
        ),
    )(_impact)
    app.command(
        "paths",
        epilog=examples(
            "stemmata paths vision/mnist/raw:v0 wandb-registry-model/Digits:production"
        ),
    )(_paths)


def _lineage(
    context: typer.Context,
    name: _Name = None,
    run: _Run = None,
    up: Annotated[
        bool, typer.Option("--up", help="Only what it came from.", show_default=False)
    ] = False,
    down: Annotated[
        bool, typer.Option("--down", help="Only what came of it.", show_default=False)
    ] = False,
    depth: _Depth = None,
    type: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TYPE",
            help="Look for versions of this type; may be repeated.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help="Look for runs in this state, such as running or failed; may be repeated.",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[ENTITY/]PROJECT",
            help="Look for what is in this project; may be repeated.",
            show_default=False,
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Look for what was created or started then or later, such as 2026-03-03T12:00Z.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Look for what was created or started before that.",
            show_default=False,
        ),
    ] = None,
    limit: _Limit = None,
    written: Annotated[
        Format, typer.Option("--format", help="How the graph is written.")
    ] = Format.TREE,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Show what a version or a run came from, and what came of it.

    A linked version shows its source's graph, and every version where it is linked. What is looked for
    is shown with all that is on the way to it. A graph that --depth or --limit cuts says so.
    """
    from stemmata.cli.descent import lineage
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        graph = stemma.lineage(
            name,
            run=run,
            direction="both" if up == down else "upstream" if up else "downstream",
            depth=depth,
            types=type or (),
            states=state or (),
            projects=project or (),
            since=since,
            until=until,
            limit=limit,
        )
        return Answer(lineage(graph, written.value), as_json or written is Format.JSON)


def _reach(
    context: typer.Context,
    name: _Name = None,
    run: _Run = None,
    up: Annotated[
        bool, typer.Option("--up", help="What it came from instead.", show_default=False)
    ] = False,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Count all that came of a version or a run.

    However much it is: ask this before 'lineage' or 'impact' where it may be hundreds of thousands.
    With --json, their ids are given too.
    """
    from stemmata.cli.descent import reach
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        found = stemma.reach(name, run=run, direction="upstream" if up else "downstream")
        return Answer(reach(found, run or name or found.start), as_json)


def _impact(
    context: typer.Context,
    name: _Name = None,
    run: _Run = None,
    depth: _Depth = None,
    limit: _Limit = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Tell what came of a version or a run, and who holds on to it.

    Every version downstream, however far, with its aliases and links, and every run, unless --depth or
    --limit says otherwise.
    """
    from stemmata.cli.descent import impact
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        return Answer(impact(stemma.impact(name, run=run, depth=depth, limit=limit)), as_json)


def _paths(
    context: typer.Context,
    source: Named,
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="The version that came of it.", show_default=False),
    ],
    most: Annotated[int, typer.Option(metavar="N", help="How many paths to show.")] = 10,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Show how one version came of another, shortest way first.

    Each way leads over the runs and versions between the two.
    """
    from stemmata.cli.descent import paths
    from stemmata.cli.session import asked

    with asked(place_of(context), as_of) as stemma:
        return Answer(paths(stemma.paths(source, target, most=most), target), as_json)
