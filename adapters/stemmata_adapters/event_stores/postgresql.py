"""The event store in a schema of a PostgreSQL database.

- An append in a turn costs no round trip of its own: positions follow from the head, which the turn has
  told, and what is inserted goes out with whatever is asked next.
- An append by itself is one round trip: the lock, the comparison of versions, the events, the commit.
- Events are never deleted, so that positions have no gaps and need no sequence, which would have some.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import listed
from stemmata_adapters.databases.postgresql_turns import Turn
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.event_stores.following import check_following
from stemmata_adapters.event_stores.postgresql_log import (
    Known,
    Rows,
    Statements,
    channel_of,
    rows_of,
    steps,
)
from stemmata_adapters.event_stores.postgresql_watch import Listening
from stemmata_adapters.event_stores.recorder import RecorderEventStore
from stemmata_domain.errors import WrongExpectedVersion
from stemmata_domain.ports import NO_STREAM, IdSource, KeptEvent, Snapshot, Watch

PART = "log"
"""What the tables of a log are called in the list of what a schema holds."""

_LAST = 2**63 - 1
_PAGE = 500
_POLL_SECONDS = 1.0


class PostgresRecorder(ApplicationRecorder):
    """Stored events in a schema of a PostgreSQL database."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.database = database
        self.listening = Listening(database.connections, channel_of(database.schema))
        self.statements = Statements(database.prefix, channel_of(database.schema))
        self._known = Known()
        database.when_writing("tail", lambda: self.statements.tail.format(self._known.head))

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: object) -> Sequence[int]:
        """Insert the events, all or none, and return their positions."""
        rows = rows_of(stored_events)
        turn = self.database.turn
        try:
            if turn is None:
                return self._insert_alone(rows, [])
            known, before = self._known_in(turn), self._known.head
            with known.again_on_error(before), turn.part():
                return self._insert(turn, rows)
        except psycopg.errors.IntegrityError as error:
            raise IntegrityError(str(error)) from error
        except psycopg.Error as error:
            raise self.database.unavailable(error) from error

    def insert_expecting(
        self, stored_events: Sequence[StoredEvent], expected: Sequence[tuple[str, int]]
    ) -> Sequence[int]:
        """Insert the events if each stream is where it is expected."""
        rows = rows_of(stored_events)
        turn = self.database.turn
        try:
            if turn is None:
                return self._insert_alone(rows, expected)
            for stream, at in expected:
                actual = self._last_version(turn, stream)
                if actual != at:
                    raise WrongExpectedVersion(stream=stream, expected=at, actual=actual)
            return self._insert(turn, rows)
        except psycopg.Error as error:
            raise self.database.unavailable(error) from error

    def insert_kept(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Insert events at their own positions, all or none."""
        with self.database.writing() as turn:
            check_following(
                events,
                after=after,
                head=self._known_in(turn).head,
                last_version=lambda stream: self._last_version(turn, stream),
                store=self.database.name,
            )
            rows = Rows(
                [each.stream for each in events],
                [each.version for each in events],
                [each.topic for each in events],
                [each.state for each in events],
            )
            self._insert_at(turn, [each.position for each in events], rows)

    def _known_in(self, turn: Turn) -> Known:
        """Return what is known of the log in a turn."""
        known = self._known
        if known.turn is not turn:
            known.begin(turn)
            if known.head < 0:
                known.head = turn.fetch(self.statements.head)[0][0]
        return known

    def _last_version(self, turn: Turn, stream: str) -> int:
        ends = self._known_in(turn).ends
        if stream not in ends:
            ends[stream] = turn.fetch(self.statements.last_version, (stream,))[0][0]
        return ends[stream]

    def _insert(self, turn: Turn, rows: Rows) -> Sequence[int]:
        known = self._known_in(turn)
        positions = range(known.head + 1, known.head + 1 + len(rows.streams))
        self._insert_at(turn, positions, rows)
        return positions

    def _insert_at(self, turn: Turn, positions: Sequence[int], rows: Rows) -> None:
        if not positions:
            return
        known = self._known_in(turn)
        values = [listed(column) for column in (positions, *rows)]
        if known.has_appended:
            turn.send(self.statements.insert, values)
        else:
            turn.send(self.statements.insert_and_notify, values)
            turn.afterwards.append(self.listening.wake)
        known.append(rows, positions[-1])

    def _insert_alone(self, rows: Rows, expected: Sequence[tuple[str, int]]) -> Sequence[int]:
        wanted = ([stream for stream, _ in expected], [at for _, at in expected])
        values = [listed(column) for column in (*rows, *wanted)]
        notify = [(self.statements.notify, ())] if rows.streams else []
        found = self.database.at_once((self.statements.insert_expecting, values), *notify)
        for position, stream, at, actual in found[0]:
            if position is None:
                raise WrongExpectedVersion(stream=stream, expected=at, actual=actual)
        self.listening.wake()
        return [position for position, *_ in found[0]]

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[Notification]:
        """Return stored events of a stream, with their positions."""
        stream = originator_id.hex if isinstance(originator_id, UUID) else originator_id
        after = NO_STREAM if gt is None else gt
        turn = self.database.turn
        if turn is not None and self._known_in(turn).ends.get(stream) == after:
            return []
        statements = self.statements
        statement = statements.stream_downwards if desc else statements.stream_upwards
        most = _LAST if limit is None else limit
        found = self._select(statement, (stream, after, _LAST if lte is None else lte, most))
        if turn is not None and lte is None and not desc and len(found) < most:
            self._known_in(turn).read_to_the_end(stream, found, after=after)
        return found

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return stored events of all streams, in the order of their positions."""
        first = (start or 0) + (0 if inclusive_of_start else 1)
        between = (first, _LAST if stop is None else stop, limit)
        if topics:
            return self._select(self.statements.of_topics, (*between, list(topics)))
        return self._select(self.statements.all, between)

    def _select(self, statement: str, values: Sequence[object]) -> Sequence[Notification]:
        return [Notification(*row) for row in self.database.fetch(statement, values)]

    def max_notification_id(self) -> int | None:
        """Return the position of the last event."""
        turn = self.database.turn
        if turn is not None:
            return self._known_in(turn).head or None
        found: int = self.database.fetch(self.statements.head)[0][0]
        return found or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return what hands out the events after a position, and those to come."""
        return PostgresSubscription(self, gt, topics)


class PostgresSubscription(Subscription[PostgresRecorder]):
    """The events after a position, those to come included."""

    def __init__(
        self, recorder: PostgresRecorder, gt: int | None = None, topics: Sequence[str] = ()
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._page: deque[Notification] = deque()
        self._watch = recorder.listening.watch()
        self._stopped = False

    def stop(self) -> None:
        """Stop the subscription; whoever waits for an event stops waiting."""
        super().stop()
        self._stopped = True
        self._watch.close()

    def __next__(self) -> Notification:
        while not self._stopped:
            if self._page:
                notification = self._page.popleft()
                self._last_notification_id = notification.id
                return notification
            self._page.extend(
                self._recorder.select_notifications(
                    self._last_notification_id,
                    _PAGE,
                    topics=self._topics,
                    inclusive_of_start=self._last_notification_id is None,
                )
            )
            if not self._page:
                self._watch.wait(_POLL_SECONDS)
        raise StopIteration


class PostgresEventStore(RecorderEventStore):
    """An event store in a schema of a PostgreSQL database. One writer at a time."""

    recorder: PostgresRecorder

    def __init__(self, database: PostgresDatabase, *, ids: IdSource) -> None:
        """Use *database*, and make its tables where they are missing."""
        database.create(PART, steps(database.prefix))
        super().__init__(PostgresRecorder(database), ids=ids)
        self._database = database
        self._statements = self.recorder.statements

    def writing(self) -> AbstractContextManager[object]:
        """Hold the right to append; see the port."""
        return self._database.writing()

    def take_over(self, events: Sequence[KeptEvent], *, after: int) -> None:
        """Append events that another store kept; see the port."""
        self.recorder.insert_kept(events, after=after)

    def save_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; see the port."""
        self._change(self._statements.keep_snapshot, snapshot)

    def load_snapshot(self, stream: str) -> Snapshot | None:
        """Return the newest snapshot; see the port."""
        rows = self._database.fetch(self._statements.snapshot, (stream,))
        return Snapshot(*rows[0]) if rows else None

    def watch(self) -> Watch:
        """Begin to notice appends; see the port."""
        try:
            return self.recorder.listening.watch()
        except psycopg.Error as error:
            raise self._database.unavailable(error) from error

    def save_cursor(self, name: str, position: int) -> None:
        """Remember how far a reader has come; see the port."""
        self._change(self._statements.keep_cursor, (name, position))

    def load_cursor(self, name: str) -> int | None:
        """Return how far a reader has come; see the port."""
        rows = self._database.fetch(self._statements.cursor, (name,))
        return rows[0][0] if rows else None

    def cursors(self) -> Mapping[str, int]:
        """Return all cursors; see the port."""
        return dict(self._database.fetch(self._statements.cursors))

    def drop_cursor(self, name: str) -> None:
        """Forget a cursor; see the port."""
        self._change(self._statements.drop_cursor, (name,))

    def description(self) -> Mapping[str, str | int]:
        """Return what and where the log is; see the port."""
        return {**self._database.description(), "schema": self._database.taken(PART)}

    def _change(self, statement: str, params: Sequence[object]) -> None:
        """Change something beside the log, in the turn that there is or by itself."""
        self._database.change(statement, params)

    def close(self) -> None:
        """Let go of all connections."""
        self.recorder.listening.close()
        self._database.close()


def open_url(url: str, *, ids: IdSource) -> PostgresEventStore:
    """Open the log in the schema that a `postgresql:` URL names, making it if it is missing."""
    database = database_of(url)
    try:
        return PostgresEventStore(database, ids=ids)
    except BaseException:
        database.close()
        raise


def is_founded(url: str) -> bool:
    """Tell whether a log is where a `postgresql:` URL says; nothing is made.

    Raises:
        InvalidSetting: The URL is malformed.
        StoreUnavailable: The database cannot be reached, or the schema is another program's.
    """
    with closing(database_of(url)) as database:
        return database.taken(PART) > 0
