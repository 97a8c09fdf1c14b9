"""The registry as a library: one handle with typed commands and queries.

- A command returns when what it changed is durable, and what it wrote the next query of the same
  handle sees.
- Names may be short: what is left out is completed by the handle's entity and project.
- Any number of threads may use one handle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from stemmata.subscriptions.subscriber import Subscriber, Subscriptions
from stemmata_domain.commands.edit import Delete, Edit, VersionEdited
from stemmata_domain.commands.link import AliasesEdited, EditAliasesOf, Link, Linked, Unlink
from stemmata_domain.commands.log import Log, Logged
from stemmata_domain.commands.organize import (
    AcceptTypeIn,
    CollectionMade,
    MakeCollection,
    MakeRegistry,
    Organize,
    Organized,
    RegistryMade,
    RemoveCollection,
)
from stemmata_domain.commands.run import Finish, RunPath, Start, Use, Used
from stemmata_domain.content import ContentStore
from stemmata_domain.errors import (
    InvalidPath,
    StorageFailed,
    StoreUnavailable,
    UnknownEntity,
    UnknownRegistry,
)
from stemmata_domain.events import RunState
from stemmata_domain.handling import Command, CommandHandler
from stemmata_domain.metadata import normalize
from stemmata_domain.names import texts
from stemmata_domain.paths import parse_strict
from stemmata_domain.ports import Clock, EventStore, IdSource
from stemmata_domain.work import Work
from stemmata_projections.audit.fold import AUDIT
from stemmata_projections.audit.origin import may_follow
from stemmata_projections.kept_up import ViewsKeptUp
from stemmata_projections.lineage.fold import LINEAGE
from stemmata_projections.lineage.kept import KeptGraph
from stemmata_projections.runner import Progress, Runner
from stemmata_projections.search.fold import SEARCH
from stemmata_projections.version_index.fold import VERSION_INDEX
from stemmata_projections.view_store import ViewStore

PROJECTIONS = (VERSION_INDEX, LINEAGE, AUDIT, SEARCH)

R = TypeVar("R")
GRAPH_EDGES = 2_000_000
_PAGE = 1_000


class Stemma(Subscriber):
    """A handle on a registry; `stemmata.open` makes one."""

    def __init__(
        self,
        *,
        events: EventStore,
        views: ViewStore,
        content: ContentStore,
        clock: Clock,
        ids: IdSource,
        actor: str,
        entity: str | None = None,
        project: str | None = None,
        cache_dir: Path,
        graph_edges: int = GRAPH_EDGES,
        progress: Progress | None = None,
    ) -> None:
        """Bring the views up to the log, and be ready.

        Args:
            graph_edges: How many edges of lineage may be kept in memory.
            progress: Called with the position that the views have reached and the log's head.

        Raises:
            StoreUnavailable: The views are those of another log.
        """
        self._runner = Runner(events, views, PROJECTIONS)
        self._subscriptions = Subscriptions()
        asked: ViewStore = views
        if not self._runner.is_inline:
            asked = ViewsKeptUp(views, catch_up=self._runner.catch_up)
        super().__init__(
            events=events,
            views=asked,
            content=content,
            actor=actor,
            entity=entity,
            project=project,
            cache_dir=cache_dir,
            kept_graph=KeptGraph(events, asked, most=graph_edges),
        )
        self._handler = CommandHandler(
            events,
            clock=clock,
            ids=ids,
            inline=self._runner.inline if self._runner.is_inline else None,
        )
        if not self._runner.is_inline and not may_follow(events, views):
            why = "they were made of another log; remove them, or give this log views of its own"
            raise StoreUnavailable(store="views", why=why)
        self._runner.catch_up(progress=progress)

    # --- commands ---------------------------------------------------------------------------

    def organize(
        self,
        name: str,
        *,
        entity: str | None = None,
        teams: Sequence[str] = (),
        people: Sequence[str] = (),
        key: str | None = None,
    ) -> Organized:
        """Found an organization, or add teams and people to it.

        A new one gets the core registries `model` and `dataset`; the first of *people* is its admin.

        Raises:
            ValueError: A name is invalid or taken.
        """
        command = Organize(name=name, entity=entity, teams=_listed(teams), people=_listed(people))
        return self._do(command, key)

    def create_registry(
        self,
        name: str,
        *,
        visibility: str = "organization",
        organization: str | None = None,
        accepted_types: Sequence[str] = (),
        description: str | None = None,
        key: str | None = None,
    ) -> RegistryMade:
        """Create a registry; without accepted types it accepts all.

        Raises:
            ValueError: The name is invalid or taken, or the organization does not follow.
            LookupError: There is no such organization.
        """
        command = MakeRegistry(
            name=name,
            visibility=visibility,
            organization=organization or self._only_organization(),
            accepted_types=_listed(accepted_types),
            description=description,
            entity=self.entity,
        )
        return self._do(command, key)

    def _only_organization(self) -> str | None:
        if self.entity is not None:
            return None
        every = self.index.organizations.all()
        return every[0].entity if len(every) == 1 else None

    def accept_type(
        self, registry: str, type: str, *, organization: str | None = None, key: str | None = None
    ) -> RegistryMade:
        """Let a registry accept one more type, for good."""
        command = AcceptTypeIn(
            registry=registry,
            type=type,
            organization=organization or self._only_organization(),
            entity=self.entity,
        )
        return self._do(command, key)

    def create_collection(
        self,
        target: str,
        *,
        type: str,
        description: str | None = None,
        tags: Sequence[str] = (),
        key: str | None = None,
    ) -> CollectionMade:
        """Create an empty collection at `[ORG/]wandb-registry-NAME/COLLECTION`.

        Raises:
            ValueError: The name is taken, or the registry does not accept the type.
            LookupError: There is no such registry.
        """
        command = MakeCollection(
            target=target,
            type=type,
            description=description,
            tags=_listed(tags),
            entity=self._home,
            project=self._project,
        )
        return self._do(command, key)

    def delete_collection(self, target: str, *, key: str | None = None) -> CollectionMade:
        """Delete a collection with its links; the source versions stay."""
        command = RemoveCollection(target=target, entity=self._home, project=self._project)
        return self._do(command, key)

    def log(
        self,
        name: str,
        *,
        type: str,
        manifest: str,
        digest: str,
        size: int,
        file_count: int,
        algorithm: str = "MD5",
        description: str | None = None,
        metadata: object = None,
        tags: Sequence[str] = (),
        aliases: Sequence[str] = (),
        run: str | None = None,
        key: str | None = None,
    ) -> Logged:
        """Log content as a version of the artifact *name*, `[[entity/]project/]artifact`.

        The content is described by a manifest that stands in the content store: `Draft.seal` of
        :mod:`stemmata.draft` stores files and returns these figures.

        Raises:
            ValueError: A name, alias, tag or the metadata break a rule, or the type is another.
        """
        path = parse_strict(name)
        if path.alias is not None:
            rule = "a name to log under takes no alias; pass aliases=[…] instead"
            raise InvalidPath(path=name, rule=rule)
        command = Log(
            entity=path.prefix or self.writing_entity(),
            project=path.project or self._project or "uncategorized",
            name=path.name,
            type=type,
            digest=digest,
            algorithm=algorithm,
            manifest=manifest,
            size=size,
            file_count=file_count,
            description=description,
            metadata=normalize({} if metadata is None else metadata),
            tags=_listed(tags),
            aliases=_listed(aliases),
            run=run,
        )
        return self._do(command, key)

    def link(
        self, source: str, target: str, *, aliases: Sequence[str] = (), key: str | None = None
    ) -> Linked:
        """Link the version *source* into the collection *target*, under *aliases* and `latest`.

        The collection is created if it is missing, the registry has to exist.

        Raises:
            ValueError: Types or organizations do not fit, or the artifact is a person's.
            LookupError: There is no such version or registry.
        """
        command = Link(
            source=source,
            target=target,
            aliases=_listed(aliases),
            entity=self._home,
            project=self._project,
        )
        return self._do(command, key)

    def unlink(self, name: str, *, key: str | None = None) -> Linked:
        """Take a linked version out of its collection; the source and other links stay.

        Raises:
            ValueError: The name is that of a source.
        """
        return self._do(Unlink(name=name, entity=self._home, project=self._project), key)

    def edit_aliases(
        self,
        name: str,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        key: str | None = None,
    ) -> AliasesEdited:
        """Add aliases to a version and remove others, in the artifact or collection of the name."""
        command = EditAliasesOf(
            name=name,
            add=_listed(add),
            remove=_listed(remove),
            entity=self._home,
            project=self._project,
        )
        return self._do(command, key)

    def edit(
        self,
        name: str,
        *,
        description: str | None = None,
        clear_description: bool = False,
        metadata: object = None,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        key: str | None = None,
    ) -> VersionEdited:
        """Change a version's description, metadata or tags, for the source and all links alike."""
        command = Edit(
            name=name,
            description=description,
            clear_description=clear_description,
            metadata=None if metadata is None else normalize(metadata),
            add_tags=_listed(add_tags),
            remove_tags=_listed(remove_tags),
            entity=self._home,
            project=self._project,
        )
        return self._do(command, key)

    def delete(
        self,
        name: str,
        *,
        delete_aliases: bool = False,
        force: bool = False,
        key: str | None = None,
    ) -> VersionEdited:
        """Delete a source version; *force* unlinks it first, wherever it is linked.

        Raises:
            ValueError: It is linked or has aliases, and neither was waived.
        """
        command = Delete(
            name=name,
            delete_aliases=delete_aliases,
            force=force,
            entity=self._home,
            project=self._project,
        )

        def with_links(_: Command[VersionEdited], work: Work) -> Command[VersionEdited]:
            # A link made after the look-up would outlive its source: either nobody else may write
            # meanwhile, or the append fails then and all begins anew.
            command.before_looking_for_links(work)
            self._runner.catch_up_within()
            links = self.links(name)
            return replace(
                command,
                links=tuple((link.line, link.index) for link in links),
                link_names=tuple(link.full_name for link in links),
            )

        return self._do(command, key, inform=with_links)

    def start_run(
        self,
        *,
        entity: str | None = None,
        project: str | None = None,
        run: str | None = None,
        name: str | None = None,
        job_type: str | None = None,
        config: object = None,
        key: str | None = None,
    ) -> RunPath:
        """Begin a run, whose path `entity/project/id` stands for it from now on."""
        command = Start(
            entity=entity or self.writing_entity(),
            project=project or self._project or "uncategorized",
            run=run or None,
            name=name or None,
            job_type=job_type,
            config=normalize({} if config is None else config),
        )
        return self._do(command, key)

    def use(self, name: str, *, run: str, type: str | None = None, key: str | None = None) -> Used:
        """Record that a run, given by its path, uses the version *name*."""
        return self._do(Use(run=run, name=name, type=type), key)

    def finish_run(self, run: str, *, state: RunState = "finished") -> RunPath:
        """End a run, given by its path."""
        return self._do(Finish(run=run, state=state), None)

    def _do(
        self,
        command: Command[R],
        key: str | None,
        *,
        inform: Callable[[Command[R], Work], Command[R]] | None = None,
    ) -> R:
        try:
            result = self._handler.handle(command, actor=self.actor, key=key, inform=inform)
        except UnknownRegistry as refusal:
            # The log finds a name but lists none; the index lists.
            named = self.registries(refusal.organization)
            refusal.known = tuple(registry.name for registry in named)
            raise
        except UnknownEntity as refusal:
            refusal.known = self._known_teams()
            raise
        # The command is done, whatever becomes of the views.
        with suppress(StorageFailed):
            self._runner.keep_up()
        return result

    # --- the handle -------------------------------------------------------------------------

    def within(
        self,
        *,
        entity: str | None = None,
        project: str | None = None,
        actor: str | None = None,
    ) -> Stemma:
        """Return a handle on the same stores with other defaults; closing one closes both."""
        other = object.__new__(Stemma)
        other.__dict__.update(self.__dict__)
        other._stand_for(actor or self.actor, entity or self._entity, project or self._project)
        return other

    def close(self) -> None:
        """End subscriptions, and let go of the stores, of each even if another fails to close."""
        self._subscriptions.close()
        with ExitStack() as stores:
            for store in (self.content, self._events, self._views):
                stores.callback(store.close)
            stores.callback(self._kept_graph.forget)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _listed(values: Iterable[str] | None) -> tuple[str, ...]:
    """Return names as commands hold them."""
    return texts(values, what="list of names")
