"""The fold of the log into the lineage graph.

An edge `used` goes from a version to a run and knows through which artifact or collection the version
was addressed; an edge `produced` goes from a run to a version.
"""

from __future__ import annotations

from collections.abc import Iterator

from stemmata_domain.codec import time_text
from stemmata_domain.events import ArtifactProduced, ArtifactUsed, RunFinished, RunStarted
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.changes import Amend, Change, Open
from stemmata_projections.lineage.tables import EDGE, RUN, TABLES
from stemmata_projections.projection import Projection

RUNNING = "running"


def project(recorded: RecordedEvent) -> Iterator[Change]:
    """Yield what *recorded* changes in the lineage graph."""
    event = recorded.event
    match event:
        case ArtifactUsed():
            run = recorded.stream.partition("-")[2]
            edge = (run, "used", event.version, event.through, event.through_index)
            yield Open(EDGE, (*edge, time_text(recorded.time)))
        case ArtifactProduced():
            run = recorded.stream.partition("-")[2]
            edge = (run, "produced", event.version, event.artifact, event.source_index)
            yield Open(EDGE, (*edge, time_text(recorded.time)))
        case RunStarted():
            path = recorded.stream.partition("-")[2]
            place = (path, event.entity, event.project, event.run, event.name, event.job_type)
            state = (event.config, RUNNING, time_text(recorded.time), recorded.actor, None)
            yield Open(RUN, (*place, *state))
        case RunFinished():
            path = recorded.stream.partition("-")[2]
            values = {"state": event.state, "finished_at": time_text(recorded.time)}
            yield Amend(RUN, {"path": path}, values)
        case _:
            return


LINEAGE = Projection("lineage", schema=1, tables=TABLES, project=project)
