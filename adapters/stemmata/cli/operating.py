"""The commands about the registry as a whole: `doctor`, `verify` and `rebuild`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import Json, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "doctor",
        epilog=examples("stemmata doctor", "stemmata doctor --retry", "stemmata doctor --json"),
    )(_doctor)
    app.command("verify", epilog=examples("stemmata verify", "stemmata verify --json"))(_verify)
    app.command(
        "rebuild",
        epilog=examples("stemmata rebuild", "stemmata rebuild search lineage"),
    )(_rebuild)


def _doctor(
    context: typer.Context,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Try parked events again: rebuild the views that could not take them.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
) -> Answer:
    """Say how the registry is, and what to do if it is not well.

    Shown are where it is kept, how far its views have come, and what is wrong with them. An event that
    a view cannot take is parked: the view answers as if it had not happened, and everything else goes
    on. Exits with 1 if something is wrong, and says what to do.
    """
    from stemmata.cli.examining import doctor
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        reply, is_well = doctor(stemma, retry=retry)
        return Answer(reply, as_json, code=0 if is_well else 1)


def _verify(context: typer.Context, as_json: Json = False) -> Answer:
    """Compare the views with the log, row by row.

    It is looked whether the log itself is whole, too. The log is folded once more into a file in the
    folder for temporary files, which takes as much room as the views. Others may read and write
    meanwhile. Exits with 1 if there is a difference.
    """
    from stemmata.cli.examining import verify
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        reply, is_sound = verify(stemma)
        return Answer(reply, as_json, code=0 if is_sound else 1)


def _rebuild(
    context: typer.Context,
    views: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[VIEW]...",
            help="version_index, lineage, audit or search. [default: all]",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Make views anew from the log, beside those in use.

    In the end they are put in the place of those. Others may read and write meanwhile; they see the old
    views until the new ones are complete.
    """
    from stemmata.cli.examining import rebuild
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(rebuild(stemma, views or []), as_json)
