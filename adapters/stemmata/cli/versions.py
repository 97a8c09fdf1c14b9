"""The commands by which versions come, go and are used: `log`, `link`, `unlink`, `use` and `get`."""

from __future__ import annotations

from typing import Annotated

import typer

from stemmata.cli.options import AsOf, Json, Named, Target, examples, place_of
from stemmata.cli.page import Answer


def add_to(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command(
        "log",
        epilog=examples(
            "stemmata log model.bin --name digits --type model --project mnist",
            "stemmata log data/ --name digits-raw --type dataset --metadata '{\"rows\": 1797}'",
            "stemmata log s3://bucket/images --name images --type dataset --alias nightly",
            "stemmata log model.bin --name digits --type model --link wandb-registry-model/Digits",
        ),
    )(_log)
    app.command(
        "link",
        epilog=examples(
            "stemmata link vision/mnist/digits:v3 wandb-registry-model/Digits --alias staging",
            "stemmata link mnist/digits 'acme/wandb-registry-Golden Datasets/raw images'",
        ),
    )(_link)
    app.command("unlink", epilog=examples("stemmata unlink wandb-registry-model/Digits:v2"))(
        _unlink
    )
    app.command(
        "use",
        epilog=examples(
            "stemmata use wandb-registry-model/Digits:production",
            "stemmata use wandb-registry-model/Digits --project mnist --type model",
        ),
    )(_use)
    app.command(
        "get",
        epilog=examples(
            "stemmata get wandb-registry-model/Digits:production",
            "stemmata get wandb-registry-dataset/raw --root data --path-prefix train/ --use",
        ),
    )(_get)


def _log(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH",
            help="Files, folders, and references with '://'. A single folder's files stand at the root; "
            "of several, each folder keeps its name.",
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="The artifact: [[ENTITY/]PROJECT/]NAME.", show_default=False
        ),
    ],
    type: Annotated[
        str,
        typer.Option(
            metavar="TYPE",
            help="Its type, such as model or dataset, which its name keeps.",
            show_default=False,
        ),
    ],
    entity: Annotated[
        str | None,
        typer.Option(
            metavar="ENTITY",
            help="The team or person to log to. [default: as before the command]",
            show_default=False,
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT", help="The project. [default: uncategorized]", show_default=False
        ),
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ALIAS",
            help="An alias in the artifact, beside latest; may be repeated.",
            show_default=False,
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help="A tag of the version; may be repeated.", show_default=False
        ),
    ] = None,
    metadata: Annotated[
        str | None,
        typer.Option(
            metavar="JSON|@FILE",
            help="Metadata, as a JSON object, from a file, or with @- from standard input.",
            show_default=False,
        ),
    ] = None,
    description: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A description of the version.", show_default=False),
    ] = None,
    job_type: Annotated[
        str, typer.Option(metavar="JOB", help="The job type of the run that logs.")
    ] = "auto",
    link: Annotated[
        str | None,
        typer.Option(
            metavar="TARGET",
            help="A collection to link the version into: [ORG/]wandb-registry-NAME/COLLECTION.",
            show_default=False,
        ),
    ] = None,
    link_alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ALIAS",
            help="An alias in that collection, beside latest; may be repeated.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Log files as a version of an artifact.

    Prints the version's full name. Content that a version of the artifact has already makes no new
    version; the aliases go to the one that is there. A finished run of its own stands as the version's
    origin.
    """
    from stemmata.cli.recording import Request, log
    from stemmata.cli.session import opened

    request = Request(
        paths=paths,
        name=name,
        type=type,
        entity=entity,
        project=project,
        aliases=alias or (),
        tags=tag or (),
        metadata=metadata,
        description=description,
        job_type=job_type,
        target=link,
        target_aliases=link_alias or (),
    )
    with opened(place_of(context)) as stemma:
        return Answer(log(stemma, request), as_json)


def _link(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="The version: [[ENTITY/]PROJECT/]ARTIFACT[:ALIAS], or one linked already.",
            show_default=False,
        ),
    ],
    target: Target,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ALIAS",
            help="An alias in the collection, beside latest; may be repeated.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Link a version into a registry's collection.

    Prints the version's full name there. The registry has to exist and to accept the version's type; a
    collection that is missing is made. Without an organization, the one of the version's team is meant.
    Linking again only adds aliases.
    """
    from stemmata.cli.linking import link
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(link(stemma, source, target, aliases=alias or ()), as_json)


def _unlink(context: typer.Context, name: Named, as_json: Json = False) -> Answer:
    """Take a linked version out of its collection.

    Its source and other links stay. Its number is not given again; 'latest' moves to the newest version
    that is left.
    """
    from stemmata.cli.linking import unlink
    from stemmata.cli.session import opened

    with opened(place_of(context)) as stemma:
        return Answer(unlink(stemma, name), as_json)


def _use(
    context: typer.Context,
    name: Named,
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="The project of the run that uses it. [default: uncategorized]",
            show_default=False,
        ),
    ] = None,
    type: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE", help="Refuse a version of any other type.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> Answer:
    """Record that a version is used.

    Tells where it comes from, and how to download it. The run that uses it is one of the default
    entity: --entity, or else STEMMATA_ENTITY, or else your own.
    """
    from stemmata.cli.session import opened
    from stemmata.cli.taking import use

    with opened(place_of(context)) as stemma:
        return Answer(use(stemma, name, project=project, type=type), as_json)


def _get(
    context: typer.Context,
    name: Named,
    root: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Where to. [default: ARTIFACT:vN in STEMMATA_ARTIFACT_DIR, or else in ./artifacts]",
            show_default=False,
        ),
    ] = None,
    path_prefix: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Only files whose path begins so.", show_default=False),
    ] = None,
    use: Annotated[
        bool,
        typer.Option("--use", help="Record the use, as 'stemmata use' does.", show_default=False),
    ] = False,
    allow_missing_references: Annotated[
        bool,
        typer.Option(
            "--allow-missing-references",
            help="Leave out references to what is gone.",
            show_default=False,
        ),
    ] = False,
    as_of: AsOf = None,
    as_json: Json = False,
) -> Answer:
    """Download the files of a version.

    Prints where they are. What is there already with the right content is left as it is, and nothing is
    deleted. Downloading is no use of a version, unless --use says so.
    """
    from stemmata.cli.session import opened
    from stemmata.cli.taking import get

    with opened(place_of(context)) as stemma:
        reply = get(
            stemma if as_of is None else stemma.as_of(as_of),
            name,
            root=root,
            path_prefix=path_prefix,
            recorder=stemma if use else None,
            allow_missing_references=allow_missing_references,
        )
    return Answer(reply, as_json)
