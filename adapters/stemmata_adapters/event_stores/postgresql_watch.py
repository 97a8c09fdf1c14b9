"""Noticing appends to a log in PostgreSQL: one connection listens, and wakes all who wait.

Where that connection is lost it is made again, and everybody is woken: nobody knows what was missed.
"""

from __future__ import annotations

import os
import selectors
import socket
import threading
from contextlib import suppress
from weakref import WeakSet

from stemmata_adapters.databases.postgresql_client import psycopg
from stemmata_adapters.databases.postgresql_connections import Connection, Connections

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 2.0
_QUIET_SECONDS = 30.0


class Listening:
    """The connection that listens, as long as anybody watches."""

    def __init__(self, connections: Connections, channel: str) -> None:
        """Describe it; nothing is connected before somebody watches."""
        self._connections = connections
        self._channel = channel
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._watches: WeakSet[PostgresWatch] = WeakSet()
        self._ear: _Ear | None = None
        self._process = os.getpid()

    def watch(self) -> PostgresWatch:
        """Begin to notice appends.

        Raises:
            psycopg.Error: The server cannot be reached.
            StoreUnavailable: The connections are closed.
        """
        if os.getpid() != self._process:
            _LEFT.append(self._ear)
            self._start()
        watch = PostgresWatch(self)
        with self._lock:
            if self._ear is None:
                # Here and now, so that no append after this is missed.
                ear = _Ear(self, self.connect())
                self._ear = ear
            self._watches.add(watch)
        return watch

    def connect(self) -> Connection:
        """Return a connection that listens."""
        connection = self._connections.connect()
        try:
            connection.execute(f'LISTEN "{self._channel}"')
        except BaseException:
            connection.close()
            raise
        return connection

    def wake(self) -> None:
        """Wake all who wait."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.wake()

    def leave(self, watch: PostgresWatch) -> None:
        """End a watch; after the last one nobody listens."""
        with self._lock:
            self._watches.discard(watch)
            ear, self._ear = (None, self._ear) if self._watches else (self._ear, None)
        if ear is not None:
            ear.stop()

    def close(self) -> None:
        """End all watches."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            watch.close()
        with self._lock:
            ear, self._ear = self._ear, None
        if ear is not None:
            ear.stop()


class PostgresWatch:
    """Notices appends; for one thread."""

    def __init__(self, listening: Listening) -> None:
        self._listening = listening
        self._event = threading.Event()
        self._closed = False

    def wake(self) -> None:
        """End a wait, or the next one."""
        self._event.set()

    def wait(self, timeout: float) -> None:
        """Return as soon as anything was appended; see the port."""
        if not self._closed and self._event.wait(timeout):
            self._event.clear()

    def close(self) -> None:
        """End the watch; see the port."""
        if not self._closed:
            self._closed = True
            self._event.set()
            self._listening.leave(self)


class _Ear:
    """A thread with a connection that listens."""

    def __init__(self, listening: Listening, connection: Connection) -> None:
        self._listening = listening
        self._connection: Connection | None = connection
        self._stopping = threading.Event()
        self._nudge, self._nudged = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="stemmata-listening", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        with suppress(OSError):
            self._nudge.send(b".")
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        try:
            while not self._stopping.is_set():
                try:
                    if self._connection is None:
                        self._connection = self._listening.connect()
                        self._listening.wake()
                    self._hear(self._connection)
                    pause = _FIRST_PAUSE
                except Exception:  # noqa: BLE001 (whatever it was, it is tried again until nobody watches)
                    self._hang_up()
                    self._listening.wake()
                    self._stopping.wait(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE)
        finally:
            self._hang_up()
            self._nudge.close()
            self._nudged.close()

    def _hear(self, connection: Connection) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(connection.fileno(), selectors.EVENT_READ)
            selector.register(self._nudged, selectors.EVENT_READ)
            while not self._stopping.is_set():
                if not selector.select(_QUIET_SECONDS):
                    connection.execute("SELECT 1")  # is anybody there?
                heard = False
                for _ in connection.notifies(timeout=0):
                    heard = True
                if heard:
                    self._listening.wake()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()


_LEFT: list[object] = []
"""What a fork has inherited, and leaves alone."""
