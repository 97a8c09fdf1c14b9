"""The commands that move a registry: `copy`, `export` and `import`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import Json, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "copy",
        epilog=examples(
            "stemmata copy sqlite:///registry.db sqlite:////backup/registry.db",
            "stemmata copy sqlite:///registry.db postgresql://db/acme "
            "--from-content registry.db.content --to-content /srv/blobs",
        ),
    )(_copy)
    app.command(
        "export",
        epilog=examples(
            "stemmata export log.jsonl.gz",
            "stemmata export - | jq -r 'select(.topic == \"AliasAdded\") | .state.actor'",
        ),
    )(_export)
    app.command(
        "import",
        epilog=examples(
            "stemmata --url sqlite:///restored.db import log.jsonl.gz",
            "zstd -dc log.jsonl.zst | stemmata --url sqlite:///restored.db import -",
        ),
    )(_import)


def _copy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FROM", help="URL of the registry to copy, which exists.", show_default=False
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="TO",
            help="URL of the copy: of nothing, or of a copy that was begun.",
            show_default=False,
        ),
    ],
    from_content: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where content is: a folder or file:///FOLDER. [default: beside a SQLite file]",
            show_default=False,
        ),
    ] = None,
    to_content: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where content shall be; the same place as --from-content leaves it there. "
            "[default: beside a SQLite file]",
            show_default=False,
        ),
    ] = None,
    to_views: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where views shall be. [default: with the copy]",
            show_default=False,
        ),
    ] = None,
    by_size: Annotated[
        bool,
        typer.Option(
            "--by-size",
            help="Take content that is there with the right size for whole, and do not read it again.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
) -> Answer:
    """Copy a registry to another place, byte for byte.

    Copied are its log, at the same positions, and its content. Whatever interrupts it, the same command
    goes on where it ended. It copies up to the head that the log had at the beginning, and once more
    takes what has come since. In the end both logs are read and compared, all content is hashed, and
    the views of the copy are made. Options before the command and the environment are not looked at.

    The exit code is 3 if content is missing that the log names.
    """
    from stemmata.cli.moved import copied

    return copied(
        source,
        target,
        from_content=from_content,
        to_content=to_content,
        to_views=to_views,
        by_size=by_size,
        as_json=as_json,
    )


def _export(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]",
            help="The file to write, which appears whole or not at all; compressed if it ends with "
            ".gz. With '-', standard output.",
        ),
    ] = "-",
    as_json: Json = False,
) -> Answer | None:
    """Write the log as JSON Lines, with a digest over the whole.

    It is the events only: content moves by 'copy', or by copying its folder. Others may write meanwhile;
    what is exported is the log up to its head at the beginning.
    """
    from stemmata.cli.moved import exported

    if file == "-" and as_json:
        raise typer.BadParameter("standard output is the log's own; name a file", param_hint="FILE")
    return exported(place_of(context), file, as_json=as_json)


def _import(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]", help="What 'export' wrote. With '-', it comes on standard input."
        ),
    ] = "-",
    as_json: Json = False,
) -> Answer:
    """Fill a registry with the log that 'export' wrote.

    The file is checked as a whole before anything is written. The registry, named by --url, is empty, or
    one where this was begun: then it goes on where it ended. It is the events only: content moves by
    'copy', or by copying its folder.
    """
    from stemmata.cli.moved import imported

    return imported(place_of(context), file, as_json=as_json)
