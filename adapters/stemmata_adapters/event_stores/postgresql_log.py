"""What the event store in PostgreSQL says to the database, and what it knows without asking.

- Events are columns on their way in: one statement inserts however many there are.
- A process knows where the streams end that it has read or written, and hears with each turn what others
  have appended since; so in a turn it need not ask for what has not moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent

from stemmata_adapters.databases.postgresql_turns import Turn
from stemmata_adapters.databases.steps import Step
from stemmata_domain.ports import NO_STREAM

_TAIL = 1_000
_ENDS = 50_000


def steps(prefix: str) -> tuple[Step, ...]:
    """Return the steps that lead to the tables; their names stand behind *prefix*."""
    return (_first(prefix),)


def _first(prefix: str) -> Step:
    return (
        f"""
        CREATE TABLE {prefix}event (
            position bigint PRIMARY KEY,
            stream text COLLATE "C" NOT NULL,
            version bigint NOT NULL,
            topic text COLLATE "C" NOT NULL,
            state bytea NOT NULL
        )
        """,
        f"CREATE UNIQUE INDEX ON {prefix}event (stream, version)",
        f"""
        CREATE TABLE {prefix}snapshot (
            stream text COLLATE "C" PRIMARY KEY,
            version bigint NOT NULL,
            schema bigint NOT NULL,
            body bytea NOT NULL
        )
        """,
        f"""
        CREATE TABLE {prefix}cursor (
            name text COLLATE "C" PRIMARY KEY,
            position bigint NOT NULL
        )
        """,
    )


class Statements:
    """The statements of the log of one schema."""

    def __init__(self, prefix: str, channel: str) -> None:
        event = f"{prefix}event"
        columns = "position, stream, version, topic, state"
        self.head = f"SELECT coalesce(max(position), 0) FROM {event}"
        self.tail = (
            f"SELECT position, stream, version FROM {event.replace('{', '{{').replace('}', '}}')}"
            f" WHERE position >= {{}} ORDER BY position DESC LIMIT {_TAIL + 1}"
        )
        self.last_version = (
            f"SELECT coalesce(max(version), {NO_STREAM}) FROM {event} WHERE stream = $1"
        )
        self.insert = (
            f"INSERT INTO {event} ({columns}) SELECT * FROM"
            " unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::bytea[])"
        )
        self.notify = f"SELECT pg_notify('{channel}', '')"
        self.insert_and_notify = f"WITH added AS ({self.insert}) {self.notify}"
        # Nothing is inserted if one stream is elsewhere, and then this one is told.
        self.insert_expecting = (
            "WITH elsewhere AS MATERIALIZED ("
            "SELECT stream, expected, actual FROM unnest($5::text[], $6::bigint[])"
            " WITH ORDINALITY AS wanted (stream, expected, place), LATERAL"
            f" (SELECT coalesce(max(version), {NO_STREAM}) AS actual FROM {event} AS e"
            " WHERE e.stream = wanted.stream) AS found"
            " WHERE actual <> expected ORDER BY place LIMIT 1"
            "), added AS ("
            f"INSERT INTO {event} ({columns})"
            f" SELECT ({self.head}) + place, stream, version, topic, state FROM"
            " unnest($1::text[], $2::bigint[], $3::text[], $4::bytea[])"
            " WITH ORDINALITY AS new (stream, version, topic, state, place)"
            " WHERE NOT EXISTS (SELECT 1 FROM elsewhere) RETURNING position"
            ") SELECT position, NULL, NULL, NULL FROM added"
            " UNION ALL SELECT NULL, stream, expected, actual FROM elsewhere ORDER BY 1"
        )
        read = f"SELECT stream, version, topic, state, position FROM {event}"
        of_stream = f"{read} WHERE stream = $1 AND version > $2 AND version <= $3 ORDER BY version"
        self.stream_upwards = f"{of_stream} LIMIT $4"
        self.stream_downwards = f"{of_stream} DESC LIMIT $4"
        self.all = f"{read} WHERE position >= $1 AND position <= $2 ORDER BY position LIMIT $3"
        self.of_topics = (
            f"{read} WHERE position >= $1 AND position <= $2 AND topic = ANY($4::text[])"
            " ORDER BY position LIMIT $3"
        )
        self.keep_snapshot = (
            f"INSERT INTO {prefix}snapshot AS kept VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (stream) DO UPDATE"
            " SET version = excluded.version, schema = excluded.schema, body = excluded.body"
            " WHERE excluded.version >= kept.version"
        )
        self.snapshot = (
            f"SELECT stream, version, schema, body FROM {prefix}snapshot WHERE stream = $1"
        )
        self.keep_cursor = (
            f"INSERT INTO {prefix}cursor VALUES ($1, $2)"
            " ON CONFLICT (name) DO UPDATE SET position = excluded.position"
        )
        self.cursor = f"SELECT position FROM {prefix}cursor WHERE name = $1"
        self.cursors = f"SELECT name, position FROM {prefix}cursor ORDER BY name"
        self.drop_cursor = f"DELETE FROM {prefix}cursor WHERE name = $1"


def channel_of(schema: str) -> str:
    """Return the channel on which appends to a schema are told; its name is short enough."""
    return f"stemmata_{hashlib.sha256(schema.encode()).hexdigest()[:16]}"


class Rows(NamedTuple):
    """Events as columns."""

    streams: list[str]
    versions: list[int]
    topics: list[str]
    states: list[bytes]


def rows_of(stored_events: Sequence[StoredEvent]) -> Rows:
    """Return stored events as columns."""
    rows = Rows([], [], [], [])
    for stored in stored_events:
        stream = stored.originator_id
        rows.streams.append(stream.hex if isinstance(stream, UUID) else stream)
        rows.versions.append(stored.originator_version)
        rows.topics.append(stored.topic)
        rows.states.append(stored.state)
    return rows


class Known:
    """What this process knows of the log in a turn of its own, without asking for it.

    Attributes:
        ends: The last versions of some streams, as of the head.
        head: The position of the last event; where it is not known, any that was.
    """

    def __init__(self) -> None:
        self.ends: dict[str, int] = {}
        self.head = 0
        self.turn: Turn | None = None
        self.has_appended = False

    def begin(self, turn: Turn) -> None:
        """Take in what others have appended since the last turn; the head is -1 if that is unclear."""
        tail = turn.found["tail"]
        is_whole = len(tail) <= _TAIL and (
            self.head == 0 or bool(tail and tail[-1][0] == self.head)
        )
        if self.turn is not None or not is_whole or len(self.ends) > _ENDS:
            # The last turn did not end well, or too much has happened.
            self.ends.clear()
        if is_whole:
            for _, stream, version in reversed(tail):
                if stream in self.ends or self.head == 0:
                    self.ends[stream] = version
        self.head = tail[0][0] if tail else self.head and -1
        self.turn = turn
        self.has_appended = False
        turn.afterwards.append(self.end)

    def read_to_the_end(self, stream: str, found: Sequence[Notification], *, after: int) -> None:
        """Take in what was read of a stream after a version."""
        if found:
            self.ends[stream] = found[-1].originator_version
        elif after == NO_STREAM:
            self.ends[stream] = NO_STREAM

    def append(self, rows: Rows, head: int) -> None:
        """Take in what was appended in the turn."""
        self.head = head
        self.ends.update(zip(rows.streams, rows.versions, strict=True))
        self.has_appended = True

    def end(self) -> None:
        """Keep what is known for the next turn."""
        self.turn = None

    @contextmanager
    def again_on_error(self, head: int) -> Iterator[None]:
        """Know no more than before if the block fails."""
        try:
            yield
        except BaseException:
            self.head = head
            self.ends.clear()
            raise
