"""Code that is ready to copy: what is known is filled in, what is not stands in angle brackets."""

from __future__ import annotations

from collections.abc import Sequence

from stemmata.cli.printable import literal, word
from stemmata.reading.reader import Reader
from stemmata_projections.version_index.views import Organization, Version

TEAM = "<team_entity>"
PROJECT = "<project_name>"
NAME = "<name>"
TYPE = "<type>"
FILE = "<local_path_to_artifact>"
COLLECTION = "<collection_name>"


def linking(*, entity: str, type: str, target: str) -> str:
    """Return Python that logs a file as an artifact and links its version into *target*."""
    return "\n".join(
        (
            "import stemmata as wandb",
            "",
            f"run = wandb.init(entity={literal(entity)}, project={literal(PROJECT)})",
            f"artifact = wandb.Artifact(name={literal(NAME)}, type={literal(type)})",
            f"artifact.add_file(local_path={literal(FILE)})",
            f"target_path = {literal(target)}",
            "run.link_artifact(artifact=artifact, target_path=target_path)",
        )
    )


def using(version: Version, *, entity: str) -> str:
    """Return Python that uses a version, as a run's input, and downloads it."""
    name, type_ = literal(version.qualified_name), literal(version.type)
    return "\n".join(
        (
            "import stemmata as wandb",
            "",
            f"run = wandb.init(entity={literal(entity)}, project={literal(PROJECT)})",
            f"artifact = run.use_artifact({name}, type={type_})",
            "path = artifact.download()",
        )
    )


def command(*words: str) -> str:
    """Return a command line of this program."""
    return " ".join(("stemmata", *map(word, words)))


def team_for(stemma: Reader, organization: Organization) -> str:
    """Return the team that code for *organization* runs in: the default entity, or the only team."""
    if stemma.entity in organization.teams:
        return stemma.entity
    return only(organization.teams) or TEAM


def only(values: Sequence[str]) -> str | None:
    """Return the value if there is exactly one."""
    return values[0] if len(values) == 1 else None
