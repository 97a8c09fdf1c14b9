"""The connections on which threads read a SQLite file, and who has the use of each."""

from __future__ import annotations

import sqlite3
from collections import deque


class Idle(deque[sqlite3.Connection]):
    """Connections that nobody reads on."""

    def __init__(self, readers: list[sqlite3.Connection]) -> None:
        super().__init__()
        self.is_closed = False
        self._readers = readers

    def end(self, connection: sqlite3.Connection) -> None:
        """Close a connection that was used for reading."""
        connection.close()
        self._readers.remove(connection)


class Lease:
    """A thread's reading connection. It goes back when the thread ends, and its locals with it."""

    __slots__ = ("_idle", "_is_taken", "connection")

    def __init__(self, connection: sqlite3.Connection, idle: Idle) -> None:
        self.connection = connection
        self._idle = idle
        self._is_taken = False

    def take_back(self) -> sqlite3.Connection:
        """Return the connection before its time; the thread's end does nothing then."""
        self._is_taken = True
        return self.connection

    def __del__(self) -> None:
        if self._is_taken:
            return
        if self._idle.is_closed:
            self._idle.end(self.connection)
        else:
            self._idle.append(self.connection)
