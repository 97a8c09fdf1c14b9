"""How a registry is: where it is kept, how far its views have come, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stemmata_domain.content import ContentStore
from stemmata_domain.errors import EventUnreadable
from stemmata_domain.ports import DescribesItself, EventStore, KeepsCursors
from stemmata_projections.projection import Projection
from stemmata_projections.view_store import Parked, RebuildsBeside, Unfinished, ViewStore

Facts: TypeAlias = Mapping[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewState:
    """How far a view has come.

    Attributes:
        schema: The number of its shape in this release.
        position: Up to which it has followed the log.
        behind: How many positions that is behind the log's head.
        parked: How many events it could not take.
    """

    name: str
    schema: int
    position: int
    behind: int
    parked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """An event that a view could not take; the topic says what kind of event it is."""

    view: str
    position: int
    topic: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong, and what to do."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """How a registry is.

    Attributes:
        log: What and where the event store is; likewise for views and content.
        head: Position of the last event.
        unfinished: Views that are being built beside those in use, or were left.
        cursors: How far named readers of the log have come, if the event store keeps that.
        findings: What is wrong.
    """

    log: Facts
    views_in: Facts
    content: Facts
    head: int
    views: tuple[ViewState, ...]
    parked: tuple[ParkedEvent, ...]
    unfinished: tuple[Unfinished, ...]
    cursors: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def diagnose(
    events: EventStore, views: ViewStore, content: ContentStore, projections: Sequence[Projection]
) -> Diagnosis:
    """Look at the stores of a registry; it takes some milliseconds.

    Raises:
        StorageFailed: A store cannot be read.
    """
    # The head first: a view that is kept up has followed it by the time that it is asked.
    head = events.head()
    parked = views.parked()
    states = tuple(_state(each, views, parked, head) for each in projections)
    unfinished = tuple(views.unfinished()) if isinstance(views, RebuildsBeside) else ()
    return Diagnosis(
        log=_facts(events),
        views_in=_facts(views),
        content=_facts(content),
        head=head,
        views=states,
        parked=tuple(_event(each, events) for each in parked),
        unfinished=unfinished,
        cursors=dict(events.cursors()) if isinstance(events, KeepsCursors) else {},
        findings=tuple(_findings(states, unfinished)),
    )


def _facts(store: object) -> Facts:
    if isinstance(store, DescribesItself):
        return dict(store.description())
    return {"store": type(store).__name__}


def _state(
    projection: Projection, views: ViewStore, parked: Sequence[Parked], head: int
) -> ViewState:
    position = views.checkpoint(projection.name)
    return ViewState(
        name=projection.name,
        schema=projection.schema,
        position=position,
        behind=max(0, head - position),
        parked=sum(each.projection == projection.name for each in parked),
    )


def _event(parked: Parked, events: EventStore) -> ParkedEvent:
    try:
        found = events.read_all(after=parked.position - 1, limit=1)
        topic = found[0].event.topic if found else ""
    except EventUnreadable as error:
        topic = error.topic
    return ParkedEvent(
        view=parked.projection, position=parked.position, topic=topic, cause=parked.cause
    )


def _findings(states: Sequence[ViewState], unfinished: Sequence[Unfinished]) -> Iterator[Finding]:
    for each in states:
        if each.behind:
            yield Finding(
                what=f"The view {each.name!r} is {each.behind} positions behind the log",
                remedy="Open the registry again, which brings views up to the log; if that is refused, "
                "the refusal says why",
            )
        if each.parked:
            yield Finding(
                what=f"The view {each.name!r} could not take {each.parked} events, and answers as if "
                "they had not happened",
                remedy="Install the newest release and try them again: stemmata doctor --retry. "
                "If they stay parked, report their causes",
            )
    if any(each.is_left for each in unfinished):
        names = ", ".join(repr(each.projection) for each in unfinished if each.is_left)
        yield Finding(
            what=f"A rebuild of {names} was cut off, and has left views that take up room",
            remedy="Open the registry again, which drops them",
        )
