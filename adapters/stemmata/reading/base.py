"""What all questions share: the stores, who asks, and as of when."""

from __future__ import annotations

from pathlib import Path

from stemmata.moments import NOW, Moment, parsed
from stemmata_domain.content import ContentStore
from stemmata_domain.errors import InvalidMoment, UnknownEntity
from stemmata_domain.names import setting
from stemmata_domain.paths import EntityKind
from stemmata_domain.ports import EventStore
from stemmata_projections.audit.moments import position_at
from stemmata_projections.lineage.graph import LineageGraph
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.version_index.index import VersionIndex
from stemmata_projections.view_store import ViewStore


class Asking:
    """Stores to ask, the names that complete short ones, and the position that is asked about.

    Attributes:
        at: Position of the log whose state is asked about; None for now.
    """

    def __init__(
        self,
        *,
        events: EventStore,
        views: ViewStore,
        content: ContentStore,
        actor: str,
        entity: str | None,
        project: str | None,
        cache_dir: Path,
        kept_graph: KeptGraph | None = None,
        at: int | None = None,
    ) -> None:
        self.content = content
        self.cache_dir = cache_dir
        self.at = at
        self._events = events
        self._views = views
        self._kept_graph = kept_graph or KeptGraph(events, views, most=0)
        self._stand_for(actor, entity, project)

    def _stand_for(self, actor: str, entity: str | None, project: str | None) -> None:
        self.actor = setting(actor, what="actor")
        self._entity = None if entity is None else setting(entity, what="entity")
        self._project = None if project is None else setting(project, what="project")

    @property
    def entity(self) -> str | None:
        """The entity that completes short names: the handle's, or the acting person's own."""
        if self._entity is None:
            facts = self.index_without_defaults.organizations.facts(self.actor)
            if facts.kind is EntityKind.PERSON:
                return self.actor
        return self._entity

    @property
    def _home(self) -> str:
        return self.entity or ""

    def writing_entity(self) -> str:
        """Return the entity to log to where none is named: the handle's, or the only team.

        Raises:
            UnknownEntity: It does not follow; the refusal lists what there is.
        """
        if self.entity is not None:
            return self.entity
        teams = self._known_teams()
        if len(teams) == 1:
            return teams[0]
        raise UnknownEntity(entity="", known=teams)

    def _known_teams(self) -> tuple[str, ...]:
        """Return the teams that a refusal may name: of organizations that the actor belongs to."""
        mine = self.index_without_defaults.organizations.facts(self.actor).organizations
        chosen = {organization.id for organization in mine}
        return tuple(
            team
            for each in self.index_without_defaults.organizations.all()
            if not chosen or each.id in chosen
            for team in each.teams
        )

    @property
    def index(self) -> VersionIndex:
        """The version index, as this handle's short names mean it."""
        return VersionIndex(self._views, entity=self.entity, project=self._project, at=self.at)

    @property
    def index_without_defaults(self) -> VersionIndex:
        """The version index, for full names."""
        return VersionIndex(self._views, at=self.at)

    @property
    def graph(self) -> LineageGraph:
        """The lineage graph."""
        return LineageGraph(self._views, at=self.at)

    def position(self) -> int:
        """Return the position of the newest event, or the one that is asked about."""
        return self._events.head() if self.at is None else self.at

    def position_at(self, moment: Moment) -> int:
        """Return the position of the last event by a moment: a time, a position itself, or `now`.

        It is 0 before the first event; a time to come means now.

        Raises:
            InvalidMoment: The time does not say its zone, or the log has not reached the position.
        """
        head = self.position()
        if moment == NOW:
            return head
        wanted = parsed(moment)
        if not isinstance(wanted, int):
            return min(position_at(self._views, wanted, at=self.at), head)
        if wanted > head:
            rule = f"the log has come to position {head}, and nobody knows what comes after"
            raise InvalidMoment(moment=str(wanted), rule=rule)
        return wanted
