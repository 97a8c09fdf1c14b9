"""The program: what stands before a command, and which commands there are."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from stemmata.cli import (
    descending,
    editing,
    looking,
    moving,
    operating,
    organizing,
    searching,
    tracing,
    versions,
)
from stemmata.cli.options import Place, examples
from stemmata.cli.page import Answer, Feed

_HELP = {"help_option_names": ["-h", "--help"]}
_EXAMPLES = examples(
    "stemmata init 'Acme Inc' --entity acme --team vision --user ada",
    "stemmata log model.bin --name digits --type model --project mnist",
    "stemmata link vision/mnist/digits:v0 wandb-registry-model/Digits --alias staging",
    "stemmata show wandb-registry-model/Digits:staging",
)

# Without rich's markup: it would swallow the brackets of a grammar, and break command lines to copy.
app = typer.Typer(
    name="stemmata",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_HELP,
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, say what the command answers, and return the exit code."""
    result = app(
        args=None if arguments is None else list(arguments),
        prog_name="stemmata",
        standalone_mode=False,
    )
    if isinstance(result, Answer):
        from stemmata.cli.output import say

        say(result)
        return result.code
    if isinstance(result, Feed):
        from stemmata.cli.output import feed

        feed(result)
        return 0
    return result if isinstance(result, int) else 0


def _say_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        typer.echo(f"stemmata {version('stemmata')}")
    except PackageNotFoundError:
        typer.echo("stemmata, from source")
    raise typer.Exit


@app.callback(invoke_without_command=True, epilog=_EXAMPLES)
def _program(
    context: typer.Context,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The registry: sqlite:///FILE, postgresql://… or memory://. "
            "[default: STEMMATA_URL, or else sqlite:///.stemmata/registry.db]",
            show_default=False,
        ),
    ] = None,
    views: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where views are kept. [default: STEMMATA_VIEWS, or else with the registry]",
            show_default=False,
        ),
    ] = None,
    content: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where content is kept: a folder, file:///FOLDER or memory://. "
            "[default: STEMMATA_CONTENT, or else beside the registry]",
            show_default=False,
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(
            metavar="PERSON",
            help="Who acts. [default: STEMMATA_ACTOR, or else your login name]",
            show_default=False,
        ),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(
            metavar="ENTITY",
            help="The team or person that completes short names. "
            "[default: STEMMATA_ENTITY, or else your personal entity]",
            show_default=False,
        ),
    ] = None,
    _show_version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            callback=_say_version,
            is_eager=True,
            show_default=False,
        ),
    ] = False,
) -> None:
    """An artifact registry that remembers: log, link and find versions, and see how it all came to be.

    A registry is one file, which the first 'init' makes; nothing has to be started. Options that say
    which registry, and who acts, come before the command.
    """
    context.obj = Place(url=url, views=views, content=content, actor=actor, entity=entity)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


for add_to in (
    organizing.add_to,
    versions.add_to,
    looking.add_to,
    descending.add_to,
    tracing.add_to,
    searching.add_to,
    editing.add_to,
    moving.add_to,
    operating.add_to,
):
    add_to(app)
