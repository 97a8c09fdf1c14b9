"""How tests of views are written: given these events, then that is answered."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_domain.events import (
    AliasAdded,
    ArtifactCreated,
    ArtifactLogged,
    CollectionCreated,
    Event,
    MemberJoined,
    NameClaimed,
    OrganizationFounded,
    PersonJoined,
    RegistryCreated,
    RunStarted,
    TeamCreated,
    VersionLinked,
)
from stemmata_domain.recorded import RecordedEvent
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.search.fold import SEARCH
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.view_store import ViewStore

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT, SEARCH)
NOON = datetime(2026, 3, 3, 12, 0, 0, 123456, tzinfo=UTC)


def moment(position: int) -> datetime:
    """Return when the event at a position happened."""
    return NOON + timedelta(seconds=position)


class History:
    """What has happened, and what the views answer after it."""

    def __init__(self, recorded: Sequence[RecordedEvent] = ()) -> None:
        self.recorded = list(recorded)

    @property
    def head(self) -> int:
        return len(self.recorded)

    def happened(self, stream: str, *events: Event, actor: str = "ada") -> History:
        """Add events to a stream; each has a moment of its own."""
        for event in events:
            position = self.head + 1
            version = sum(each.stream == stream for each in self.recorded)
            envelope = (f"{position:032x}", moment(position), actor, "c" * 32, None)
            self.recorded.append(RecordedEvent(position, stream, version, *envelope, event))
        return self

    def until(self, position: int) -> History:
        """Return the history up to a position."""
        return History(self.recorded[:position])

    def shuffled(self, chance: random.Random) -> History:
        """Return another order of the same events, in which each stream keeps its own."""
        streams: dict[str, list[RecordedEvent]] = {}
        for each in self.recorded:
            streams.setdefault(each.stream, []).append(each)
        queues = [list(reversed(stream)) for stream in streams.values()]
        merged = History()
        while queues := [queue for queue in queues if queue]:
            each = chance.choice(queues).pop()
            position = merged.head + 1
            merged.recorded.append(each._replace(position=position))
        return merged

    def views(self) -> ViewStore:
        """Return views that have followed the history."""
        views = MemoryViewStore()
        views.prepare(PROJECTIONS)
        for each in self.recorded:
            changes = [(each.position, c) for p in PROJECTIONS for c in p.project(each)]
            names = [projection.name for projection in PROJECTIONS]
            assert views.apply(names, changes, after=each.position - 1, upto=each.position)
        return views

    def index(
        self,
        *,
        entity: str | None = "vision",
        project: str | None = "mnist",
        at: int | None = None,
    ) -> VersionIndex:
        return VersionIndex(self.views(), entity=entity, project=project, at=at)

    def graph(self, *, at: int | None = None) -> LineageGraph:
        return LineageGraph(self.views(), at=at)


# --- events that most tests begin with ---------------------------------------------------------


def founded(
    history: History | None = None, *, name: str = "Acme Inc", entity: str = "acme"
) -> History:
    """An organization with two teams, its admin and a member, and the core registries."""
    history = history or History()
    org = f"org-{entity}"
    history.happened(f"name-entity:{entity}", claimed(entity, "organization", org))
    history.happened(
        f"organization-{org}", OrganizationFounded(organization=org, name=name, entity=entity)
    )
    for registry in ("model", "dataset"):
        history.happened(f"registry-{entity}-{registry}", registered(registry, entity=entity))
    for team in ("vision", "nlp") if entity == "acme" else (f"{entity}-team",):
        history.happened(f"name-entity:{team}", claimed(team, "team", org))
        history.happened(f"organization-{org}", TeamCreated(team=team))
    return history


def claimed(name: str, kind: str, holder: str, *, scope: str = "entity") -> NameClaimed:
    return NameClaimed(scope=scope, name=name, kind=kind, holder=holder)


def registered(
    name: str, *, entity: str = "acme", types: tuple[str, ...] | None = ()
) -> RegistryCreated:
    return RegistryCreated(
        registry=f"{entity}-{name}",
        organization=f"org-{entity}",
        name=name,
        visibility="organization",
        accepted_types=(name,) if types == () else types,
        description=None,
        core=types == (),
    )


def joined(
    history: History,
    person: str,
    *,
    entity: str = "acme",
    admin: bool = False,
    teams: Sequence[str] = (),
) -> History:
    """A person joins an organization and teams of it."""
    org = f"org-{entity}"
    if not any(each.stream == f"person-{person}" for each in history.recorded):
        history.happened(f"name-entity:{person}", claimed(person, "person", person))
    stream = f"person-{person}"
    history.happened(stream, PersonJoined(person=person, organization=org, admin=admin))
    for team in teams:
        history.happened(stream, MemberJoined(person=person, organization=org, team=team))
    return history


def artifact(
    history: History,
    id: str = "art",
    *,
    name: str = "digits",
    project: str = "mnist",
    type: str = "model",
) -> History:
    """A name is taken in a project of the team `vision`."""
    created = ArtifactCreated(artifact=id, entity="vision", project=project, name=name, type=type)
    return history.happened(f"artifact-{id}", created)


def logged(
    index: int,
    *,
    artifact: str = "art",
    tags: tuple[str, ...] = (),
    run: str | None = None,
) -> ArtifactLogged:
    return ArtifactLogged(
        version=f"{artifact}:{index}",
        index=index,
        digest=f"digest {index}",
        algorithm="XXH128",
        manifest=f"manifest {index}",
        size=100 + index,
        file_count=10 + index,
        description=f"about {index}",
        metadata={"n": index, "deep": {"list": [1, None, "é"]}},
        tags=tags,
        run=run,
    )


def collection(
    id: str = "col",
    *,
    name: str = "Digits",
    registry: str | None = "acme-model",
    scope: str | None = None,
    tags: tuple[str, ...] = (),
    type: str = "model",
) -> CollectionCreated:
    return CollectionCreated(
        collection=id,
        scope=scope or registry or "vision/mnist",
        registry=registry,
        name=name,
        type=type,
        description=f"card of {name}",
        tags=tags,
    )


def linked(index: int, source: int, *, artifact: str = "art") -> VersionLinked:
    version = f"{artifact}:{source}"
    return VersionLinked(version=version, artifact=artifact, source_index=source, index=index)


def added(alias: str, index: int, moved_from: int | None = None) -> AliasAdded:
    return AliasAdded(alias=alias, index=index, moved_from=moved_from)


def started(run: str, *, project: str = "mnist") -> RunStarted:
    return RunStarted(
        run=run,
        entity="vision",
        project=project,
        name=f"name of {run}",
        job_type="train",
        config={"lr": 0.1, "nested": {"a": None}},
    )


def three_versions() -> History:
    """Three logged versions, of which the first two are linked in another order."""
    history = artifact(founded())
    history.happened("artifact-art", logged(0), added("latest", 0))
    history.happened("artifact-art", logged(1), added("latest", 1, 0))
    history.happened("artifact-art", logged(2), added("latest", 2, 1), added("best", 2))
    history.happened("collection-col", collection(), linked(0, 1), added("latest", 0))
    history.happened("collection-col", linked(1, 0), added("latest", 1, 0), added("production", 0))
    return history
