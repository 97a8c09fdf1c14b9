"""Keeping a registry in order: looking how it is, making views anew, comparing them with the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from stemmata.reading.reader import Reader
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain.errors import InvalidSetting
from stemmata_domain.names import texts
from stemmata_projections.diagnosis import Diagnosis, diagnose
from stemmata_projections.projection import Projection
from stemmata_projections.rebuilding import Rebuilt, rebuild
from stemmata_projections.runner import Progress, Runner
from stemmata_projections.verifying import Verified, verify


class Operator(Reader):
    """What is done for a registry as a whole."""

    _runner: Runner

    def rebuild(
        self, views: Iterable[str] | None = None, *, progress: Progress | None = None
    ) -> Rebuilt:
        """Fold views anew from the log, and let them take the place of those in use, in one step.

        Everybody goes on reading and writing meanwhile. Parked events are tried again.

        Args:
            views: Names of views; without them, all.
            progress: Called with the position that the new views have reached, and the log's head.

        Raises:
            InvalidSetting: There is no such view.
            AbilityMissing: The view store cannot build views beside those in use.
            StoreUnavailable: Somebody else is rebuilding.
        """
        chosen = self._chosen(texts(views, what="list of views"))
        rebuilt = rebuild(self._events, self._runner.views, chosen, progress=progress)
        self._kept_graph.forget()
        return rebuilt

    def diagnose(self) -> Diagnosis:
        """Say where the registry is kept, how far its views have come, and what is wrong with them.

        Raises:
            StorageFailed: A store cannot be read.
        """
        return diagnose(self._events, self._runner.views, self.content, self._runner.projections)

    def verify(self, *, progress: Progress | None = None) -> Verified:
        """Fold the log once more, into a file of its own, and compare the views with it row by row.

        Everybody goes on reading and writing meanwhile. That the log itself is whole is looked at too.

        Args:
            progress: Called with the position that the new fold has reached, and the log's head.

        Raises:
            StorageFailed: A store cannot be read, or there is no room for the file.
        """
        with TemporaryDirectory(prefix="stemmata-verify-") as folder:
            database = SqliteDatabase(Path(folder, "views.db"))
            database.create((), kind=Kind.VIEWS)
            with closing(SqliteViewStore(database)) as scratch:
                return verify(
                    self._events,
                    self._runner.views,
                    self._runner.projections,
                    scratch=scratch,
                    progress=progress,
                )

    def _chosen(self, names: Sequence[str]) -> Sequence[Projection]:
        every = {each.name: each for each in self._runner.projections}
        for name in names:
            if name not in every:
                rule = f"there is no such view, only {', '.join(every)}"
                raise InvalidSetting(setting="view", value=name, rule=rule)
        return [each for name, each in every.items() if not names or name in names]
