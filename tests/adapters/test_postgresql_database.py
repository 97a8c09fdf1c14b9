"""One schema of PostgreSQL: who makes it, on whose connections, and what happens when they are lost."""

from __future__ import annotations

import os
import pwd
import resource
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

import stemmata
from stemmata.stemma import Stemma
from stemmata_adapters.contracts.event_store import append
from stemmata_adapters.databases.postgresql import PostgresDatabase
from stemmata_adapters.databases.postgresql_connections import HostsConnections
from stemmata_adapters.databases.postgresql_url import database_of
from stemmata_adapters.event_stores.postgresql import PostgresEventStore, open_url
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.postgresql import OnPool
from stemmata_domain.errors import InvalidSetting, StoreTooNew, StoreUnavailable
from stemmata_domain.ports import NO_STREAM
from tests.postgres import Server

SOURCE = "vision/mnist/digits"
TARGET = "wandb-registry-model/Digits"
PATIENCE = 60.0

NOTES = ("CREATE TABLE {prefix}note (id bigserial PRIMARY KEY, text text)",)


def notes_in(database: PostgresDatabase) -> PostgresDatabase:
    step = tuple(statement.format(prefix=database.prefix) for statement in NOTES)
    database.create("notes", [step])
    return database


@pytest.fixture
def database(postgres_url: str) -> Iterator[PostgresDatabase]:
    with closing(database_of(postgres_url)) as database:
        yield notes_in(database)


def note(database: PostgresDatabase, text: str) -> None:
    with database.writing() as turn:
        turn.send(f"INSERT INTO {database.prefix}note (text) VALUES ($1)", (text,))


def notes(database: PostgresDatabase) -> list[str]:
    return [row[0] for row in database.fetch(f"SELECT text FROM {database.prefix}note ORDER BY id")]


@pytest.mark.parametrize("way", ["commit", "question", "wait", "alone"])
def test_what_goes_out_in_parts_arrives_as_a_whole(database: PostgresDatabase, way: str) -> None:
    """A pipeline forgot the rest of what did not go out at once, and waited for its answer for ever."""
    text = "x" * 6_000_000
    into = f"INSERT INTO {database.prefix}note (text) VALUES ($1)"

    def write() -> None:
        if way == "alone":
            database.at_once((into, (text,)))
            return
        with database.writing() as turn:
            turn.send(into, (text,))
            if way == "question":
                assert turn.fetch("SELECT 1") == [(1,)]
            if way == "wait":
                turn.sync()

    narrow(database)
    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert notes(database) == [text]


def narrow(database: PostgresDatabase) -> None:
    """Have little room in the connection that is taken next."""
    session = database.connections.take()
    with socket.socket(fileno=os.dup(session.connection.fileno())) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
    database.connections.give_back(session)


def registry(place: Any) -> Stemma:
    return stemmata.open(place, content="memory://", actor="ada", entity="vision", project="mnist")


def found(stemma: Stemma, *, versions: int) -> Stemma:
    stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"])
    for n in range(versions):
        digest, manifest = f"{n:032x}", f"{n:064x}"
        stemma.log(SOURCE, type="model", manifest=manifest, digest=digest, size=1, file_count=1)
    return stemma


def link(stemma: Stemma, number: int) -> int:
    return stemma.link(f"{SOURCE}:v{number}", TARGET, aliases=["staging"]).index


def terminate(server: Server, *, but: str = "") -> int:
    """End all connections but our own, as an administrator does; return how many there were."""
    with server.connect() as admin:
        rows = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " AND application_name <> %s",
            (but,),
        ).fetchall()
    return len(rows)


# --- making it --------------------------------------------------------------------------------


def test_any_number_may_open_a_schema_that_is_not_there(postgres_url: str) -> None:
    barrier = threading.Barrier(8)

    def open_and_note(name: str) -> None:
        with closing(database_of(postgres_url)) as database:
            barrier.wait()
            notes_in(database)
            note(database, name)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_note, "abcdefgh"))
    with closing(database_of(postgres_url)) as database:
        assert sorted(notes(database)) == list("abcdefgh")


_FOUND = """
import sys
import stemmata
with stemmata.open(sys.argv[1], content="memory://", actor="ada") as stemma:
    print(stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada"]).is_new)
"""


def test_processes_that_open_a_new_registry_at_once_make_one(postgres_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _FOUND, postgres_url], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = [process.communicate(timeout=PATIENCE)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sorted(said) == ["False", "False", "True"]


def test_a_part_that_a_newer_release_has_written_is_refused(
    database: PostgresDatabase, postgres: Server, postgres_url: str
) -> None:
    with postgres.connect() as raw:
        raw.execute(f"UPDATE {database.prefix}stemmata SET steps = 9")
    with closing(database_of(postgres_url)) as again, pytest.raises(StoreTooNew) as raised:
        notes_in(again)
    assert (raised.value.schema, raised.value.supported) == (9, 1)


def test_a_part_takes_the_steps_that_it_lacks(
    database: PostgresDatabase, postgres_url: str
) -> None:
    note(database, "before")
    more = f"ALTER TABLE {database.prefix}note ADD COLUMN colour text DEFAULT 'red'"
    with closing(database_of(postgres_url)) as again:
        again.create("notes", [(), (more,)])
        again.create("notes", [(), (more,)])
        assert again.fetch(f"SELECT text, colour FROM {again.prefix}note") == [("before", "red")]


@pytest.mark.parametrize("table", ["stemmata", "event", "anything"])
def test_a_schema_of_another_program_is_left_alone(
    postgres: Server, schema: str, postgres_url: str, table: str
) -> None:
    with postgres.connect() as raw:
        raw.execute(f'CREATE SCHEMA "{schema}"')
        raw.execute(f'CREATE TABLE "{schema}".{table} (theirs integer)')
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="another program"):
            open_url(postgres_url, ids=TimeOrderedIds())
    with postgres.connect() as raw:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
        assert raw.execute(tables, (schema,)).fetchall() == [(table,)]


@pytest.fixture
def clerk(postgres: Server) -> Iterator[str]:
    """A role that may make no schema."""
    with postgres.connect() as raw:
        raw.execute("CREATE ROLE clerk LOGIN")
    yield "clerk"
    with postgres.connect() as raw:
        raw.execute("DROP OWNED BY clerk; DROP ROLE clerk")


def test_a_role_that_may_make_no_schema_uses_one_that_was_made_for_it(
    postgres: Server, schema: str, clerk: str
) -> None:
    url = postgres.url(schema, user=clerk)
    with pytest.raises(StoreUnavailable, match="permission denied for database"):
        open_url(url, ids=TimeOrderedIds())
    with postgres.connect() as raw:
        raw.execute(f'CREATE SCHEMA "{schema}"')
        raw.execute(f'GRANT USAGE, CREATE ON SCHEMA "{schema}" TO clerk')
    with registry(url) as stemma:
        found(stemma, versions=1)
        assert link(stemma, 0) == 0


def test_a_role_that_owns_nothing_may_write(postgres: Server, schema: str, clerk: str) -> None:
    with registry(postgres.url(schema)) as stemma:
        found(stemma, versions=1)
    with postgres.connect() as raw:
        raw.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO clerk')
        rights = "SELECT, INSERT, UPDATE, DELETE"
        raw.execute(f'GRANT {rights} ON ALL TABLES IN SCHEMA "{schema}" TO clerk')
    with registry(postgres.url(schema, user=clerk)) as stemma:
        assert link(stemma, 0) == 0
        assert stemma.resolve(TARGET).index == 0


def test_a_database_of_another_encoding_is_refused(postgres: Server) -> None:
    with postgres.connect() as raw:
        raw.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    try:
        url = postgres.url("stemmata").replace("/postgres?", "/latin?")
        with pytest.raises(StoreUnavailable, match="encoding LATIN1, and a registry needs UTF8"):
            open_url(url, ids=TimeOrderedIds())
    finally:
        with postgres.connect() as raw:
            raw.execute("DROP DATABASE latin")


# --- URLs -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "schema"),
    [
        ("postgresql://host/db", "stemmata"),
        ("postgres://host/db?schema=registry", "registry"),
        ("PostgreSQL://host/db?sslmode=disable&schema=a%20b%22c&connect_timeout=3", 'a b"c'),
        ("postgresql://u:p@host:5433,other/db?schema=%C3%A9", "é"),
    ],
)
def test_a_url_names_a_schema(url: str, schema: str) -> None:
    assert database_of(url).schema == schema


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:secret@host/db?schema=a&schema=b",
        "postgresql://u:secret@host/db?schema=",
        "postgresql://u:secret@host/db?schema=pg_mine",
        f"postgresql://u:secret@host/db?schema={'é' * 32}",
        "postgresql://u:secret@host/db?schema=a%00b",
        "postgresql://u:secret@host/db?nonsense=1",
        "postgresql://u:secret%zz@host/db",
        "postgresql://u:secret@[host/db",
        "postgresql://host/db?password=secret&nonsense=1",
        "postgresql://u:se/c@ret@host/db?nonsense=1",
    ],
)
def test_a_malformed_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidSetting) as raised:
        open_url(url, ids=TimeOrderedIds())
    assert "secret" not in str(raised.value)
    assert "c@ret" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__cause__ is None


def test_a_server_that_is_not_there_is_told_without_the_password(tmp_path: Path) -> None:
    for url in (
        f"postgresql://u:secret@/db?host={tmp_path}",
        "postgresql://u:secret@127.0.0.1:1/db",
    ):
        with pytest.raises(StoreUnavailable, match=r"(?i)no such file|refused") as raised:
            open_url(url, ids=TimeOrderedIds())
        assert "secret" not in str(raised.value)


def test_a_missing_client_is_told_with_the_extra_that_brings_it() -> None:
    program = """
import sys
sys.modules["psycopg"] = None
import stemmata
from stemmata_domain.errors import ExtraMissing
try:
    stemmata.open("postgresql://host/db", content="memory://")
except ExtraMissing as error:
    print(error)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert "pip install 'stemmata[postgres]'" in ran.stdout


# --- round trips ------------------------------------------------------------------------------


class Trips:
    """Counts how often the server is asked and waited for, as libpq tells it."""

    def __init__(self, database: PostgresDatabase, folder: Path) -> None:
        self._session = database.connections.take()
        database.connections.give_back(self._session)
        self._trace = folder / "trace"

    def of(self, act: Callable[[], object]) -> int:
        """Return how many there are."""
        pgconn = self._session.connection.pgconn
        with self._trace.open("w") as file:
            pgconn.trace(file.fileno())
            act()
            pgconn.untrace()
        lines = [line.split("\t")[1:] for line in self._trace.read_text().splitlines()]
        return sum(before[0] == "F" and after[0] == "B" for before, after in pairwise(lines))


def test_a_command_is_two_round_trips_and_a_question_one(postgres_url: str, tmp_path: Path) -> None:
    with registry(postgres_url) as stemma:
        found(stemma, versions=9)
        for n in range(5):
            link(stemma, n)
            stemma.position()
        events = stemma._events
        assert isinstance(events, PostgresEventStore)
        trips = Trips(events.recorder.database, tmp_path)
        assert trips.of(lambda: link(stemma, 5)) == 2
        assert trips.of(lambda: stemma.edit_aliases(f"{TARGET}:v0", add=["old"])) == 2
        for _ in range(3):  # until it is prepared
            events.head()
        assert trips.of(events.head) == 1
        assert trips.of(lambda: append(events, "s", NO_STREAM, "a")) == 1


# --- a host's pool ----------------------------------------------------------------------------


@contextmanager
def hosts_pool(server: Server, *, size: int = 1, **kwargs: Any) -> Iterator[ConnectionPool[Any]]:
    with ConnectionPool(
        server.conninfo, min_size=size, max_size=size, kwargs=kwargs, timeout=PATIENCE
    ) as pool:
        yield pool


def test_a_registry_lives_on_one_connection_of_a_hosts_pool(postgres: Server, schema: str) -> None:
    """Whatever the host has set up for its connections."""
    with hosts_pool(postgres, row_factory=dict_row, prepare_threshold=None) as pool:
        with registry(OnPool(pool, schema=schema)) as stemma:
            found(stemma, versions=2)
            assert [link(stemma, n) for n in range(2)] == [0, 1]
            assert stemma.resolve(f"{TARGET}:staging").index == 1
            assert stemma.verify().is_sound
            stemma.rebuild()
        with pool.connection() as connection:  # the pool goes on
            assert connection.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]


def _setting(connection: psycopg.Connection[Any]) -> dict[str, str]:
    names = ("search_path", "transaction_isolation", "plan_cache_mode", "lock_timeout", "role")
    return {name: connection.execute(f"SHOW {name}").fetchone()[0] for name in names}  # type: ignore[index]


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_connection_goes_back_as_it_came(postgres: Server, schema: str, autocommit: bool) -> None:
    with hosts_pool(postgres, autocommit=autocommit) as pool:
        with pool.connection() as connection:
            connection.execute("SET search_path = pg_catalog")
            before, kept = _setting(connection), connection
        with registry(OnPool(pool, schema=schema)) as stemma:
            found(stemma, versions=1)
            with pytest.raises(LookupError):
                link(stemma, 7)
            link(stemma, 0)
            stemma.rebuild()
        with pool.connection() as connection:
            assert connection is kept
            assert connection.autocommit is autocommit
            assert _setting(connection) == before
            assert connection.execute("SELECT count(*) FROM pg_cursors").fetchone() == (0,)


def test_nothing_outside_the_schema_is_touched(postgres: Server, schema: str) -> None:
    query = (
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE n.nspname NOT IN (%s, 'pg_toast')"
    )
    with postgres.connect() as raw:
        before = raw.execute(query, (schema,)).fetchall()
        with hosts_pool(postgres) as pool, registry(OnPool(pool, schema=schema)) as stemma:
            found(stemma, versions=1)
            link(stemma, 0)
            stemma.rebuild()
        assert raw.execute(query, (schema,)).fetchall() == before


def test_watching_takes_no_connection_from_the_pool(postgres: Server, schema: str) -> None:
    with hosts_pool(postgres) as pool:
        database = PostgresDatabase(HostsConnections(pool), schema=schema)
        events = PostgresEventStore(database, ids=TimeOrderedIds())
        with closing(events), closing(events.watch()), closing(events.watch()):
            assert events.head() == 0
            assert pool.get_stats()["pool_available"] == 1


def test_a_pool_whose_connections_are_all_in_use_is_told(postgres: Server, schema: str) -> None:
    with hosts_pool(postgres) as pool, registry(OnPool(pool, schema=schema)) as stemma:
        pool.timeout = 0.2
        with pool.connection(), pytest.raises(StoreUnavailable, match=r"0\.20 sec"):
            stemma.organizations()
        assert stemma.organizations() == []


def test_a_pool_of_another_encoding_is_refused(postgres: Server, schema: str) -> None:
    with (
        hosts_pool(postgres, client_encoding="latin1") as pool,
        pytest.raises(StoreUnavailable, match="client_encoding UTF8"),
    ):
        registry(OnPool(pool, schema=schema))


def test_a_commit_is_durable_even_where_a_role_has_turned_that_off(
    postgres: Server, schema: str
) -> None:
    url = postgres.url(schema, options="-c synchronous_commit=off")
    with closing(database_of(url)) as database:
        notes_in(database)
        show = "SELECT current_setting('synchronous_commit')"
        assert database.fetch(show) == [("off",)]
        with database.writing() as turn:
            assert turn.fetch(show) == [("on",)]
        assert database.fetch(show) == [("off",)]


# --- blocks -----------------------------------------------------------------------------------


def test_a_block_that_reads_sees_one_moment(database: PostgresDatabase) -> None:
    note(database, "a")
    with database.reading():
        assert notes(database) == ["a"]
        with ThreadPoolExecutor(1) as pool:
            pool.submit(note, database, "b").result(PATIENCE)
        with database.reading():
            assert notes(database) == ["a"]
    assert notes(database) == ["a", "b"]


def test_a_failed_part_of_a_turn_is_undone_alone(database: PostgresDatabase) -> None:
    def fail(how: Callable[[], object]) -> None:
        with database.writing() as turn, turn.part():
            note(database, "lost")
            how()

    with database.writing() as turn:
        note(database, "kept")
        with pytest.raises(ZeroDivisionError):
            fail(lambda: 1 / 0)
        with pytest.raises(psycopg.errors.DivisionByZero):
            fail(lambda: turn.send("SELECT 1 / 0"))
        note(database, "kept too")
    assert notes(database) == ["kept", "kept too"]


def test_what_a_statement_did_wrong_undoes_the_turn(database: PostgresDatabase) -> None:
    def fail(*, swallow: bool) -> None:
        with database.writing() as turn:
            note(database, "lost")
            turn.send("SELECT 1 / 0")
            if swallow:
                with pytest.raises(psycopg.Error):
                    turn.sync()

    for swallow in (False, True):
        with pytest.raises(StoreUnavailable, match=r"division by zero|undone"):
            fail(swallow=swallow)
        note(database, f"{swallow}")
    assert notes(database) == ["False", "True"]


# --- forks ------------------------------------------------------------------------------------

_FORK = """
import os, sys
from contextlib import closing
import stemmata
from stemmata_domain.errors import StoreUnavailable

stemma = stemmata.open(sys.argv[1], content="memory://", actor="ada")
stemma.organize("Acme Inc", entity="acme", teams=["vision"])
events = stemma._events

def in_child(act):
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException as error:
            print("child", type(error).__name__, error, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

watch = events.watch()
print(in_child(lambda: stemma.organize("Beta", teams=["b"])), flush=True)
print([each.name for each in stemma.organizations()], flush=True)

def write_in_parents_turn():
    try:
        stemma.organizations()
    except StoreUnavailable as error:
        assert "forked" in str(error), error
    else:
        raise AssertionError

with events.writing():
    print(in_child(write_in_parents_turn), flush=True)
    assert events.head() > 0
print(stemma.organize("Gamma", teams=["g"]).is_new, flush=True)
watch.close()
stemma.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_a_fork_begins_anew_and_leaves_the_parents_connections_alone(postgres_url: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FORK, postgres_url],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n")[:4] == ["0", "['Acme Inc', 'Beta']", "0", "True"]


# --- lost connections -------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of the test's own, durable, which may be stopped."""
    server = Server()
    yield server
    server.remove()


def test_a_connection_that_was_lost_meanwhile_is_replaced(server: Server) -> None:
    with ExitStack() as stack:
        pool = stack.enter_context(hosts_pool(server, size=3))
        stemmas = [
            stack.enter_context(registry(place))
            for place in (server.url("own"), OnPool(pool, schema="hosts"))
        ]
        for stemma in stemmas:
            found(stemma, versions=9)
        for n in range(3):
            for stemma in stemmas:
                assert terminate(server) > 0
                assert link(stemma, 3 * n) == 3 * n
                terminate(server)
                assert stemma.resolve(TARGET).index == 3 * n
                assert link(stemma, 3 * n + 1) == 3 * n + 1
            server.stop()
            server.start()
            for stemma in stemmas:
                assert link(stemma, 3 * n + 2) == 3 * n + 2


def test_a_server_that_is_stopped_is_told_and_found_again(server: Server) -> None:
    with registry(server.url("stemmata")) as stemma:
        found(stemma, versions=2)
        link(stemma, 0)
        server.stop()
        with pytest.raises(StoreUnavailable, match="No such file"):
            link(stemma, 1)
        with pytest.raises(StoreUnavailable, match="No such file"):
            stemma.resolve(TARGET)
        server.start()
        assert stemma.resolve(TARGET).index == 0
        assert link(stemma, 1) == 1
        assert stemma.verify().is_sound


def test_a_turn_whose_connection_is_lost_leaves_nothing(
    postgres: Server, database: PostgresDatabase
) -> None:
    def lose(when: str) -> None:
        with database.writing() as turn:
            if when == "first":
                end(turn)
            note(database, "lost")
            if when == "then":
                turn.sync()
                end(turn)

    def end(turn: Any) -> None:
        pid = turn.fetch("SELECT pg_backend_pid()")[0][0]
        with postgres.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))

    for when in ("first", "then"):
        with pytest.raises(StoreUnavailable) as raised:
            lose(when)
        assert "not known" not in str(raised.value)
        assert notes(database) == []
    note(database, "kept")
    assert notes(database) == ["kept"]


class Proxy:
    """Stands between us and the server, and cuts the line as a commit goes by."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.cuts = False
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                ours, _ = self._listener.accept()
            except OSError:
                return
            theirs = socket.socket(socket.AF_UNIX)
            theirs.connect(str(self._server.folder / ".s.PGSQL.5432"))
            for pair in ((ours, theirs, True), (theirs, ours, False)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, upwards: bool) -> None:
        writes, seen = False, b""
        try:
            while data := source.recv(1 << 16):
                # What is looked for may come in two pieces.
                seen = seen[-32:] + data
                writes |= b"IN EXCLUSIVE MODE" in seen
                commits = b"\0COMMIT\0" in seen
                cuts = upwards and self.cuts and writes and commits
                if cuts:
                    # Before the server is sent it, whose answer could be heard otherwise.
                    self.cuts = False
                    source.shutdown(socket.SHUT_RDWR)
                target.sendall(data)
                if cuts:
                    # What the server has been sent it carries out, though nobody hears of it.
                    target.shutdown(socket.SHUT_WR)
                    return
                if commits:
                    writes, seen = False, b""
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        finally:
            source.close()

    def close(self) -> None:
        self._listener.close()


def test_a_commit_that_went_unanswered_is_told_as_such(postgres: Server, schema: str) -> None:
    """It was carried out here; the command under its key finds that out."""
    folder = Path(tempfile.mkdtemp(prefix="proxy-", dir="/tmp"))
    url = postgres.url(schema).replace(str(postgres.folder), str(folder))
    try:
        with closing(Proxy(postgres, folder)) as proxy, registry(url) as stemma:
            found(stemma, versions=3)
            link(stemma, 0)
            link(stemma, 1)
            aliases = ["staging"]
            proxy.cuts = True
            with pytest.raises(StoreUnavailable, match="not known whether it was carried out"):
                stemma.link(f"{SOURCE}:v2", TARGET, aliases=aliases, key="once")
            assert not proxy.cuts
            again = stemma.link(f"{SOURCE}:v2", TARGET, aliases=aliases, key="once")
            assert again.index == 2
            assert len(stemma.versions(TARGET)) == 3
            assert stemma.verify().is_sound
    finally:
        shutil.rmtree(folder)


def end_connections_now_and_then(server: Server, url: str, *, links: int) -> tuple[int, int]:
    """Link while connections are ended; return how often it was not done, and how often not known."""
    failed = unknown = 0
    done = threading.Event()

    def meddle() -> None:
        while not done.wait(0.02):
            terminate(server)

    with registry(url) as stemma:
        found(stemma, versions=links)
        meddler = threading.Thread(target=meddle)
        meddler.start()
        try:
            for n in range(links):
                while True:
                    try:
                        assert (
                            stemma.link(
                                f"{SOURCE}:v{n}", TARGET, aliases=["staging"], key=f"{n}"
                            ).index
                            == n
                        )
                        break
                    except StoreUnavailable as error:
                        failed += 1
                        unknown += "not known" in str(error)
        finally:
            done.set()
            meddler.join(PATIENCE)
        assert [version.index for version in stemma.versions(TARGET)] == list(range(links))
        assert stemma.verify().is_sound
    return failed, unknown


def test_connections_that_are_ended_at_any_moment_lose_nothing(
    postgres: Server, postgres_url: str
) -> None:
    failed, _ = end_connections_now_and_then(postgres, postgres_url, links=60)
    assert failed > 0


@pytest.mark.torture
def test_connections_that_are_ended_at_thousands_of_moments_lose_nothing(
    postgres: Server, postgres_url: str
) -> None:
    failed, _ = end_connections_now_and_then(postgres, postgres_url, links=3_000)
    assert failed > 0


# --- what the server refuses ------------------------------------------------------------------


def test_a_database_that_is_read_only_is_told(postgres: Server, schema: str) -> None:
    with registry(postgres.url(schema)) as stemma:
        found(stemma, versions=2)
        link(stemma, 0)
    read_only = postgres.url(schema, options="-c default_transaction_read_only=on")
    with registry(read_only) as stemma:
        position = stemma.position()
        with pytest.raises(StoreUnavailable, match="read-only transaction"):
            link(stemma, 1)
        assert stemma.position() == position
        assert stemma.resolve(TARGET).index == 0
    with registry(postgres.url(schema)) as stemma:
        assert link(stemma, 1) == 1


def test_a_role_that_may_only_read_is_told(postgres: Server, schema: str, clerk: str) -> None:
    with registry(postgres.url(schema)) as stemma:
        found(stemma, versions=2)
        link(stemma, 0)
        with postgres.connect() as raw:
            raw.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO clerk')
            raw.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO clerk')
        with registry(postgres.url(schema, user=clerk)) as reader:
            assert reader.resolve(TARGET).index == 0
            with pytest.raises(StoreUnavailable, match="permission denied for table turn"):
                link(reader, 1)
            assert reader.resolve(TARGET).index == 0
        assert link(stemma, 1) == 1


@contextmanager
def small_disk(server: Server) -> Iterator[Callable[[], object]]:
    """Let new tables stand on a disk of four megabytes; give what makes room."""
    folder = server.folder / "small"
    folder.mkdir()
    nobody = pwd.getpwnam("nobody")
    options = f"size=4m,mode=700,uid={nobody.pw_uid},gid={nobody.pw_gid}"
    mount = ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        with server.connect() as admin:
            admin.execute(f"CREATE TABLESPACE small LOCATION '{folder}'")
            admin.execute("ALTER DATABASE postgres SET default_tablespace = small")
        more = ["mount", "-o", "remount,size=64m", str(folder)]
        yield lambda: subprocess.run(more, check=True, capture_output=True)
    finally:
        server.stop()
        subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@contextmanager
def small_files(server: Server) -> Iterator[Callable[[], object]]:
    """Let no file of the server grow beyond what a segment of its log takes; give what lifts that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    server.stop()
    resource.setrlimit(resource.RLIMIT_FSIZE, (16 << 20, hard))
    server.start()
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def lift() -> None:
        server.stop()
        server.start()

    yield lift


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder]
        if (
            os.geteuid() != 0
            or shutil.which("mount") is None
            or subprocess.call(mount, stderr=subprocess.DEVNULL)
        ):
            return False
        subprocess.run(["umount", folder], check=True)
        return True


_FULL = r"No space left|File too large"
FULL = [small_files, *([small_disk] if _may_mount() else [])]


@pytest.mark.parametrize("full", FULL)
def test_a_command_that_finds_the_disk_full_leaves_nothing(server: Server, full: Any) -> None:
    def log(stemma: Stemma, number: int) -> int:
        noise = {"noise": secrets.token_hex(150_000)}  # which does not compress well
        return stemma.log(
            SOURCE,
            type="model",
            manifest=f"{number:064x}",
            digest=f"{number:032x}",
            size=1,
            file_count=1,
            metadata=noise,
        ).index

    def fill(stemma: Stemma) -> None:
        for number in range(1_000):
            log(stemma, number)

    with full(server) as make_room, registry(server.url("stemmata")) as stemma:
        found(stemma, versions=0)
        with pytest.raises(StoreUnavailable, match=_FULL):
            fill(stemma)
        logged = len(stemma.versions(SOURCE))
        position = stemma.position()
        with pytest.raises(StoreUnavailable, match=_FULL):
            log(stemma, logged)
        assert stemma.position() == position
        assert [version.index for version in stemma.versions(SOURCE)] == list(range(logged))
        make_room()
        assert log(stemma, logged) == logged
        assert stemma.verify().is_sound
