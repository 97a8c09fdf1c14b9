"""The fold of the log into the lineage graph.

An edge `used` goes from a version to a run and knows through which artifact or collection the version
was addressed; an edge `produced` goes from a run to a version.
"""

from __future__ import annotations

from collections.abc import Iterable

from stemmata_domain.codec import time_text
from stemmata_domain.events import (
    ArtifactProduced,
    ArtifactUsed,
    RunFinished,
    RunStarted,
    VersionDeleted,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Amend, Change, Open
from stemmata_projections.lineage.tables import EDGE, RUN, TABLES, TOMBSTONE
from stemmata_projections.projection import Projection, key_of, on

RUNNING = "running"


def _used(recorded: RecordedEvent, event: ArtifactUsed) -> Iterable[Change]:
    through = (event.through, event.through_index)
    edge = (key_of(recorded), "used", event.version, *through)
    return (Open(EDGE, (*edge, time_text(recorded.time), recorded.actor)),)


def _produced(recorded: RecordedEvent, event: ArtifactProduced) -> Iterable[Change]:
    through = (event.artifact, event.source_index)
    edge = (key_of(recorded), "produced", event.version, *through)
    return (Open(EDGE, (*edge, time_text(recorded.time), recorded.actor)),)


def _started(recorded: RecordedEvent, event: RunStarted) -> Iterable[Change]:
    place = (key_of(recorded), event.entity, event.project, event.run)
    about = (event.name, event.job_type, event.config, RUNNING)
    return (Open(RUN, (*place, *about, time_text(recorded.time), recorded.actor, None)),)


def _finished(recorded: RecordedEvent, event: RunFinished) -> Iterable[Change]:
    values = {"state": event.state, "finished_at": time_text(recorded.time)}
    return (Amend(RUN, {"path": key_of(recorded)}, values),)


def _deleted(recorded: RecordedEvent, event: VersionDeleted) -> Iterable[Change]:
    grave = (event.version, key_of(recorded), event.index)
    return (Open(TOMBSTONE, (*grave, time_text(recorded.time), recorded.actor)),)


LINEAGE = Projection(
    "lineage",
    schema=3,
    tables=TABLES,
    folds=dict(
        (
            on(ArtifactUsed, _used),
            on(ArtifactProduced, _produced),
            on(RunStarted, _started),
            on(RunFinished, _finished),
            on(VersionDeleted, _deleted),
        )
    ),
)
