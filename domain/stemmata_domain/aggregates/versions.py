"""The id of a version: its artifact and its number there, which is never given again."""

from __future__ import annotations


def version_id(artifact: str, index: int) -> str:
    """Return the id that a version and all its links share."""
    return f"{artifact}:{index}"


def source_of(version: str) -> tuple[str, int]:
    """Return the artifact's id and the number in it of a version."""
    artifact, _, index = version.rpartition(":")
    return artifact, int(index)
