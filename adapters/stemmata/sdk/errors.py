"""What an artifact object refuses because of the state it is in, under the names W&B users know."""

from __future__ import annotations

from dataclasses import dataclass

from stemmata_domain.errors import Refused


@dataclass(eq=False, kw_only=True)
class ArtifactNotLoggedError(Refused, AttributeError):
    """Something was asked of an artifact that only a logged one has."""

    attribute: str
    artifact: str

    def __str__(self) -> str:
        return (
            f"'Artifact.{self.attribute}' used prior to logging artifact {self.artifact!r}. "
            "Log it first: run.log_artifact(artifact)"
        )


@dataclass(eq=False, kw_only=True)
class ArtifactFinalizedError(Refused, AttributeError):
    """The content of a logged artifact was to be changed."""

    attribute: str
    artifact: str

    def __str__(self) -> str:
        return (
            f"'Artifact.{self.attribute}' used on logged artifact {self.artifact!r}. "
            "Its content can't be changed; make a new Artifact and log it as the next version"
        )


@dataclass(eq=False, kw_only=True)
class OrderedChain(Refused, TypeError):
    """Something was asked of a search that an ordered parent rules out."""

    what: str

    def __str__(self) -> str:
        return (
            f"There is no {self.what.removeprefix('a ').removeprefix('an ')} where a parent is "
            "ordered, as children come parent by parent; iterate, or order the children instead"
        )
