"""The commands that look back: `audit`, `timeline`, `diff` and `replay`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from stemmata.cli.options import AsOf, Json, Named, examples, place_of
from stemmata.cli.page import Answer, Feed

_Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        help="A kind of event, such as AliasAdded; may be repeated. [default: every kind]",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "audit",
        epilog=examples(
            "stemmata audit --newest-first --limit 20",
            "stemmata audit wandb-registry-model/Digits --kind AliasAdded --kind AliasRemoved",
            "stemmata audit --organization acme --by ada --since 2026-03-01T00:00Z",
        ),
    )(_audit)
    app.command(
        "timeline",
        epilog=examples(
            "stemmata timeline wandb-registry-model/Digits:production",
            "stemmata timeline vision/mnist/digits",
        ),
    )(_timeline)
    app.command(
        "diff",
        epilog=examples(
            "stemmata diff 2026-03-02T00:00Z 2026-03-09T00:00Z",
            "stemmata diff 2026-03-02T00:00+09:00 now wandb-registry-model",
        ),
    )(_diff)
    app.command(
        "replay",
        epilog=examples(
            "stemmata replay --json",
            "stemmata replay --after 1200 --kind VersionLinked",
            "stemmata replay --follow --kind AliasAdded",
        ),
    )(_replay)


def _audit(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A registry, a collection, an artifact, or a version of one; also one that is gone. "
            "[default: everything]",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="What a run did, ENTITY/PROJECT/ID.", show_default=False),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            metavar="ORG",
            help="What happened in an organization and to what its teams and people own.",
            show_default=False,
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="PERSON", help="Who did it.", show_default=False),
    ] = None,
    kinds: _Kinds = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The earliest time, with its zone: 2026-03-03T12:00Z.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The time before which it happened.", show_default=False),
    ] = None,
    after: Annotated[
        int | None,
        typer.Option(
            metavar="POSITION",
            help="The position of the log after which it happened.",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        int | None,
        typer.Option(
            metavar="POSITION", help="The position before which it happened.", show_default=False
        ),
    ] = None,
    newest_first: Annotated[
        bool, typer.Option("--newest-first", help="Begin at the end.", show_default=False)
    ] = False,
    limit: Annotated[
        int, typer.Option(metavar="NUMBER", help="How many entries a page has.")
    ] = 100,
    cursor: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT", help="What the page before this one ended with.", show_default=False
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Tell what happened: who, when, what, and from what to what.

    Every event is an entry. Without a name, all of them are told, oldest first and a page at a time; each
    option narrows them. Times are in UTC.
    """
    from stemmata.cli.session import asked
    from stemmata.cli.trail import audit

    with asked(place_of(context), as_of) as stemma:
        page = stemma.audit(
            name,
            run=run,
            organization=organization,
            actor=by,
            kinds=kinds or (),
            since=since,
            until=until,
            after=after,
            before=before,
            newest_first=newest_first,
            limit=limit,
            cursor=cursor,
        )
        return Answer(audit(page), as_json)


def _timeline(
    context: typer.Context, name: Named, as_of: AsOf = None, as_json: Json = False
) -> Answer:
    """Tell what an alias named, from when to when, and who moved it.

    Without an alias, that of all aliases of the artifact or collection. A name that was deleted and
    taken again is one name. Times are in UTC.
    """
    from stemmata.cli.session import asked
    from stemmata.cli.trail import timeline

    with asked(place_of(context), as_of) as stemma:
        return Answer(timeline(stemma, name), as_json)


def _diff(
    context: typer.Context,
    start: Annotated[
        str,
        typer.Argument(
            metavar="FROM",
            help="A time with its zone, 2026-03-03T12:00Z, or a position of the log.",
            show_default=False,
        ),
    ],
    end: Annotated[
        str,
        typer.Argument(
            metavar="TO", help="Another one, also an earlier one; or 'now'.", show_default=False
        ),
    ],
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A registry, a collection or an artifact. [default: everything]",
            show_default=False,
        ),
    ] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Tell what is different between two moments.

    What changed there and back is not different.
    """
    from stemmata.cli.session import asked
    from stemmata.cli.trail import diff

    with asked(place_of(context), as_of) as stemma:
        return Answer(diff(stemma, start, end, name), as_json)


def _replay(
    context: typer.Context,
    after: Annotated[
        int, typer.Option(metavar="POSITION", help="The position after which to begin.")
    ] = 0,
    until: Annotated[
        int | None,
        typer.Option(
            metavar="POSITION",
            help="The position with which to end. [default: the last]",
            show_default=False,
        ),
    ] = None,
    kinds: _Kinds = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow",
            "-f",
            help="Go on with what is appended from now on, by anybody, until Ctrl-C or --until.",
            show_default=False,
        ),
    ] = False,
    as_of: AsOf = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print each event whole, as JSON Lines.", show_default=False),
    ] = False,
) -> Feed:
    """Print the recorded events, one a line, as the log has them.

    They are printed while they are read, so that a log of any length can be piped on.
    """

    def lines() -> Iterator[str]:
        from stemmata.cli.session import asked, followed
        from stemmata.cli.trail import replay

        if follow:
            with followed(place_of(context), as_of, after, until, kinds or ()) as following:
                yield from replay(following, as_json=as_json)
            return
        with asked(place_of(context), as_of) as stemma:
            events = stemma.replay(after=after, until=until, kinds=kinds or ())
            yield from replay(events, as_json=as_json)

    return Feed(lines(), at_once=follow)
