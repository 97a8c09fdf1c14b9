"""One SQLite file, several threads and processes: who opens it, who waits for whom, and what breaks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from stemmata_adapters.databases.file_lock import FileLock
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.identity import SystemClock, TimeOrderedIds
from stemmata_domain.commands.organize import Organize
from stemmata_domain.errors import StoreTooNew, StoreUnavailable
from stemmata_domain.handling import CommandHandler
from tests.domain.specification import logging

TABLES = ("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)",)
PATIENCE = 30.0


def opened(path: Path, **options: Any) -> SqliteDatabase:
    database = SqliteDatabase(path, **options)
    database.create([TABLES])
    return database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
def database(path: Path) -> Iterator[SqliteDatabase]:
    with closing(opened(path)) as database:
        yield database


def note(database: SqliteDatabase, text: str) -> None:
    with database.writing() as writer:
        writer.execute("INSERT INTO note (text) VALUES (?)", (text,))


def notes(database: SqliteDatabase) -> list[str]:
    return [row[0] for row in database.connection().execute("SELECT text FROM note ORDER BY id")]


def in_a_process_of_its_own(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a program that may fork, which a process with threads must not."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


# --- opening --------------------------------------------------------------------------------


def open_and_note(path: Path, barrier: Any, name: str) -> None:
    barrier.wait()
    with closing(opened(path)) as database:
        note(database, name)


def test_processes_that_open_a_fresh_file_at_once_all_succeed(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    rounds, together = 4, 4
    barrier = spawn.Barrier(together)
    processes = [
        spawn.Process(target=open_many_and_note, args=(tmp_path, barrier, str(n), rounds))
        for n in range(together)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(PATIENCE)
    assert [process.exitcode for process in processes] == [0] * together
    for n in range(rounds):
        with closing(opened(tmp_path / f"{n}.db")) as database:
            assert sorted(notes(database)) == [str(n) for n in range(together)]


def open_many_and_note(folder: Path, barrier: Any, name: str, rounds: int) -> None:
    for n in range(rounds):
        open_and_note(folder / f"{n}.db", barrier, name)


def test_threads_that_open_a_fresh_file_at_once_all_succeed(path: Path) -> None:
    barrier = threading.Barrier(6)
    shared = SqliteDatabase(path)

    def make(n: int) -> None:
        barrier.wait()
        if n % 2:
            open_and_note(path, barrier, "own")
        else:
            shared.create([TABLES])
            barrier.wait()
            note(shared, "shared")

    with closing(shared), ThreadPoolExecutor(6) as pool:
        list(pool.map(make, range(6)))
        assert sorted(notes(shared)) == ["own"] * 3 + ["shared"] * 3


def test_opening_again_finds_what_is_there(path: Path) -> None:
    for n in range(3):
        with closing(opened(path)) as database:
            assert len(notes(database)) == n
            note(database, "x")


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "a" / "b" / "c.db")) as database:
        note(database, "x")


def test_an_empty_file_is_taken(path: Path) -> None:
    path.touch()
    with closing(opened(path)) as database:
        note(database, "x")


def test_a_relative_path_means_the_folder_in_which_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with closing(opened(Path("here.db"))) as database:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(notes, database).result() == []
        note(database, "x")
    assert (tmp_path / "here.db").is_file()


def table(raw: sqlite3.Connection) -> None:
    raw.execute("CREATE TABLE theirs (x)")


def table_and_version(raw: sqlite3.Connection) -> None:
    raw.execute("CREATE TABLE theirs (x)")
    raw.execute("PRAGMA user_version=1")


def high_version(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA user_version=99")


def application(raw: sqlite3.Connection) -> None:
    raw.execute("PRAGMA application_id=7")


@pytest.mark.parametrize("make", [table, table_and_version, high_version, application])
def test_a_database_of_another_program_is_refused_and_left_as_it_is(
    path: Path, make: Callable[[sqlite3.Connection], None]
) -> None:
    with closing(sqlite3.connect(path)) as raw:
        make(raw)
        raw.commit()
    before = path.read_bytes()
    with closing(SqliteDatabase(path)) as database:
        with pytest.raises(StoreUnavailable, match="another program") as raised:
            database.create([TABLES])
        assert raised.value.store == str(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path) -> None:
    path.write_text("dear diary, " * 100)
    with closing(SqliteDatabase(path)) as database:
        for use in (lambda: database.create([TABLES]), database.connection):
            with pytest.raises(StoreUnavailable) as raised:
                use()
            assert "not a database" in raised.value.why
    assert path.read_text() == "dear diary, " * 100


def test_a_file_of_a_newer_release_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(opened(path)) as database, database.writing() as writer:
        writer.execute("PRAGMA user_version=3")
    before = path.read_bytes()
    for read_only in (False, True):
        with closing(SqliteDatabase(path, read_only=read_only)) as database:
            with pytest.raises(StoreTooNew, match="newer release") as raised:
                database.create([TABLES, LATER])
            assert (raised.value.schema, raised.value.supported) == (3, 2)
    assert path.read_bytes() == before


def test_who_opens_a_file_while_another_makes_it_sees_one_moment_of_it(path: Path) -> None:
    """What a file is stands in several places of it, which were read one after the other."""
    path.touch()
    making: list[threading.Thread] = []

    def make() -> None:
        with closing(opened(path)) as database:
            note(database, "theirs")

    def meanwhile(statement: str) -> None:
        if "user_version" in statement and not making:
            making.append(threading.Thread(target=make))
            making[0].start()
            making[0].join(0.5)

    with closing(SqliteDatabase(path)) as database:
        database.connection().set_trace_callback(meanwhile)
        database.create([TABLES])
        making[0].join(PATIENCE)
        assert notes(database) == ["theirs"]
        assert database.connection().execute("PRAGMA journal_mode").fetchone() == ("wal",)


# --- lifting an older file ------------------------------------------------------------------

LATER = ("ALTER TABLE note ADD COLUMN author TEXT", "UPDATE note SET author = 'unknown'")
LATEST = ("CREATE TABLE author (name TEXT PRIMARY KEY)", "INSERT INTO author VALUES ('unknown')")


def lifted(path: Path, **options: Any) -> SqliteDatabase:
    database = SqliteDatabase(path, **options)
    database.create([TABLES, LATER, LATEST])
    return database


def authors(database: SqliteDatabase) -> list[tuple[str, ...]]:
    statement = "SELECT text, author FROM note JOIN author ON author = name ORDER BY id"
    return database.connection().execute(statement).fetchall()


@pytest.mark.parametrize("steps", [[TABLES], [TABLES, LATER], [TABLES, LATER, LATEST]], ids=len)
def test_an_older_file_is_lifted_by_the_steps_that_it_lacks(
    path: Path, steps: list[tuple[str, ...]]
) -> None:
    with closing(SqliteDatabase(path)) as database:
        database.create(steps)
        if len(steps) == 1:
            note(database, "x")
    for _ in range(2):
        with closing(lifted(path)) as database:
            assert database.schema() == 3
            assert authors(database) == ([("x", "unknown")] if len(steps) == 1 else [])


def test_a_new_file_takes_all_steps(path: Path) -> None:
    with closing(lifted(path)) as database:
        assert (database.schema(), authors(database)) == (3, [])


def test_steps_that_fail_leave_an_older_file_as_it_was(path: Path) -> None:
    with closing(opened(path)) as database:
        note(database, "x")
    with closing(SqliteDatabase(path)) as database, pytest.raises(StoreUnavailable, match="syntax"):
        database.create([TABLES, LATER, ("CREATE NONSENSE",)])
    with closing(opened(path)) as database:
        assert (database.schema(), notes(database)) == (1, ["x"])
    with closing(lifted(path)) as database:
        assert authors(database) == [("x", "unknown")]


def test_who_may_not_write_takes_an_older_file_as_it_is(path: Path) -> None:
    with closing(opened(path)) as database:
        note(database, "x")
    before = path.read_bytes()
    with closing(lifted(path, read_only=True)) as database:
        assert (database.schema(), notes(database)) == (1, ["x"])
    assert path.read_bytes() == before


def test_threads_lift_an_older_file_at_once(path: Path) -> None:
    with closing(opened(path)) as database:
        note(database, "x")
    barrier = threading.Barrier(4)

    def lift() -> list[tuple[str, ...]]:
        barrier.wait()
        with closing(lifted(path)) as database:
            return authors(database)

    with ThreadPoolExecutor(4) as pool:
        lifting = [pool.submit(lift) for _ in range(4)]
        assert [each.result(PATIENCE) for each in lifting] == [[("x", "unknown")]] * 4


def test_a_process_of_an_older_release_goes_on_while_its_file_is_lifted(path: Path) -> None:
    with closing(opened(path)) as older:
        note(older, "before")
        with closing(lifted(path)):
            note(older, "after")
            assert notes(older) == ["before", "after"]


def test_views_are_at_home_in_a_logs_file_and_in_their_own(path: Path, tmp_path: Path) -> None:
    with closing(opened(path)) as log, closing(SqliteDatabase(path)) as views:
        views.create((), kind=Kind.VIEWS)
        assert log.schema() == 1
    own = tmp_path / "views.db"
    for _ in range(2):
        with closing(SqliteDatabase(own)) as views:
            views.create((), kind=Kind.VIEWS)
            assert views.connection().execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with (
        closing(SqliteDatabase(own)) as database,
        pytest.raises(StoreUnavailable, match="it holds views and no log"),
    ):
        database.create([TABLES])


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    database = SqliteDatabase(tmp_path / "file" / "notes.db")
    with pytest.raises(StoreUnavailable, match="cannot be created"):
        database.create([TABLES])


def test_a_lock_file_that_cannot_be_opened_is_told(path: Path) -> None:
    path.with_name("notes.db-lock").mkdir()
    refused = pytest.raises(StoreUnavailable, match=r"notes\.db-lock: cannot be opened")
    with closing(SqliteDatabase(path)) as database, refused:
        database.create([TABLES])


def test_tables_that_cannot_be_made_leave_a_file_that_can_be_opened_later(path: Path) -> None:
    with closing(SqliteDatabase(path)) as database, pytest.raises(StoreUnavailable, match="syntax"):
        database.create([(*TABLES, "CREATE NONSENSE")])
    with closing(opened(path)) as database:
        assert notes(database) == []


def test_commits_are_durable(database: SqliteDatabase) -> None:
    """Write-ahead log and `synchronous=FULL`, on whichever connection."""
    with database.writing() as writer:
        pass
    for connection in database.connection(), writer:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_what_need_not_last_does_not_wait_for_the_disk_and_what_follows_does(
    database: SqliteDatabase,
) -> None:
    def synchronous(writer: sqlite3.Connection) -> int:
        found: int = writer.execute("PRAGMA synchronous").fetchone()[0]
        return found

    normal, full = 1, 2
    with database.writing(lasting=False) as writer:
        writer.execute("INSERT INTO note (text) VALUES ('quick')")
        with database.writing() as inner:
            assert synchronous(inner) == normal
    with database.writing() as writer:
        assert synchronous(writer) == full
        with database.writing(lasting=False) as inner:
            assert synchronous(inner) == full
    with pytest.raises(KeyError), database.writing(lasting=False):
        raise KeyError
    with database.writing() as writer:
        assert synchronous(writer) == full
    assert notes(database) == ["quick"]


# --- reading only ---------------------------------------------------------------------------


def test_what_was_opened_for_reading_is_not_written(database: SqliteDatabase, path: Path) -> None:
    note(database, "x")
    with closing(opened(path, read_only=True)) as reader:
        assert notes(reader) == ["x"]
        with pytest.raises(StoreUnavailable, match="readonly") as raised:
            note(reader, "y")
        assert isinstance(raised.value.__cause__, sqlite3.Error)
        note(database, "z")
        assert notes(reader) == ["x", "z"]


def test_opening_for_reading_waits_for_no_writer(database: SqliteDatabase, path: Path) -> None:
    with database.writing(), closing(opened(path, read_only=True)) as reader:
        assert notes(reader) == []


def test_what_is_not_there_cannot_be_opened_for_reading(path: Path) -> None:
    database = SqliteDatabase(path, read_only=True)
    with closing(database), pytest.raises(StoreUnavailable, match="unable to open"):
        database.create([TABLES])
    assert not path.exists()
    path.touch()
    database = SqliteDatabase(path, read_only=True)
    with closing(database), pytest.raises(StoreUnavailable, match="nothing was written"):
        database.create([TABLES])


AS_NOBODY = """
import os, sys
from pathlib import Path
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_domain.errors import StoreUnavailable
database = SqliteDatabase(Path(sys.argv[1]))
database.path.as_uri()  # loads what nobody may not be allowed to load
if os.geteuid() == 0:
    os.seteuid(65534)
try:
    SqliteEventStore(database, ids=TimeOrderedIds())
    with database.writing():
        pass
except StoreUnavailable as error:
    print("unavailable:", error)
database.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_file_that_may_not_be_written_is_told(what: str) -> None:
    # Not under tmp_path, whose parents only this very user may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "log.db"
        SqliteEventStore(SqliteDatabase(path), ids=TimeOrderedIds()).close()
        for each in folder.iterdir():
            each.chmod(0o444 if what == "file" else 0o666)
        folder.chmod(0o755 if what == "folder" else 0o777)
        if what == "folder":
            (folder / "log.db-lock").unlink()
        if os.geteuid() != 0:
            folder.chmod(0o555 if what == "folder" else 0o777)
        ran = in_a_process_of_its_own(AS_NOBODY, path)
        folder.chmod(0o777)
    assert ran.stderr == ""
    assert ran.stdout.startswith("unavailable:")
    assert str(path) in ran.stdout


# --- forks ----------------------------------------------------------------------------------

FORKING = """
import os, sys, threading, time
from pathlib import Path
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
from stemmata_domain.errors import StoreUnavailable
path = Path(sys.argv[1])
database = SqliteDatabase(path)
TABLES = ("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)",)
database.create([TABLES])
def note(text, database=database):
    with database.writing() as writer:
        writer.execute("INSERT INTO note (text) VALUES (?)", (text,))
def count():
    return database.connection().execute("SELECT count(*) FROM note").fetchone()[0]
def forked(work):
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    return child
def ended(child):
    assert os.waitpid(child, 0)[1] == 0
def refused(work):
    try:
        work()
    except StoreUnavailable as error:
        assert "in use when this process was forked" in str(error), str(error)
    else:
        raise AssertionError("not refused")
note("parent")
assert count() == 1
"""

TWO_GENERATIONS = """
def grandchild():
    assert count() == 2
    note("grandchild")
def child():
    assert count() == 1
    note("child")
    ended(forked(grandchild))
    assert count() == 3
ended(forked(child))
assert count() == 3
note("parent again")
assert count() == 4
assert database.connection().execute("PRAGMA integrity_check").fetchone() == ("ok",)
"""

WHEN_THE_PARENT_CLOSES = """
go, gone = os.pipe(), os.pipe()
def child():
    note("child")
    os.write(gone[1], b"!")
    os.read(go[0], 1)
    note("child again")
    assert count() == 3
process = forked(child)
os.read(gone[0], 1)
database.close()
os.write(go[1], b"!")
ended(process)
database = SqliteDatabase(path)
assert count() == 3
"""

AFTER_CLOSING = """
def child():
    try:
        count()
    except StoreUnavailable as error:
        assert "closed" in str(error)
    else:
        raise AssertionError("a closed database was opened again")
    database.close()
database.close()
ended(forked(child))
"""

BESIDE_ONE_ANOTHER = """
children = [forked(lambda: [note("child") for _ in range(20)]) for _ in range(4)]
for _ in range(20):
    note("parent")
for child in children:
    ended(child)
assert count() == 101
"""

IN_A_TRANSACTION = """
def child():
    refused(count)
    refused(lambda: note("child"))
    refused(lambda: SqliteDatabase(path).create([TABLES]))
with database.writing() as writer:
    writer.execute("INSERT INTO note (text) VALUES ('second')")
    ended(forked(child))
assert count() == 2
"""

OUT_OF_A_TRANSACTION = """
child = None
try:
    with database.writing() as writer:
        writer.execute("INSERT INTO note (text) VALUES ('second')")
        child = os.fork()
except StoreUnavailable as error:
    assert child == 0 and "in use when this process was forked" in str(error)
    os._exit(0)
assert child != 0
ended(child)
assert count() == 2
"""

WITH_A_THREAD = """
go = threading.Event()
def thread():
    count()
    go.wait()
reading = threading.Thread(target=thread)
reading.start()
while len(database._readers) < 2:
    time.sleep(0.01)
elsewhere = SqliteDatabase(path.with_name("elsewhere.db"))
def child():
    refused(count)
    refused(lambda: note("child", SqliteDatabase(path)))
    elsewhere.create([TABLES])
    note("child", elsewhere)
ended(forked(child))
go.set()
reading.join()
note("parent again")
assert count() == 2
ended(forked(lambda: note("child")))
assert count() == 3
"""

WITH_A_WRITING_THREAD = """
entered, go = threading.Event(), threading.Event()
def thread():
    with database.writing() as writer:
        entered.set()
        go.wait()
        writer.execute("INSERT INTO note (text) VALUES ('thread')")
writing = threading.Thread(target=thread)
writing.start()
entered.wait()
ended(forked(lambda: refused(count)))
go.set()
writing.join()
assert count() == 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize(
    "then",
    [
        pytest.param(TWO_GENERATIONS, id="two generations"),
        pytest.param(WHEN_THE_PARENT_CLOSES, id="when the parent closes"),
        pytest.param(BESIDE_ONE_ANOTHER, id="beside one another"),
        pytest.param(AFTER_CLOSING, id="after closing"),
    ],
)
def test_a_fork_opens_the_file_anew(path: Path, then: str) -> None:
    ran = in_a_process_of_its_own(FORKING + then, path)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
@pytest.mark.parametrize(
    "then",
    [
        pytest.param(IN_A_TRANSACTION, id="in a transaction"),
        pytest.param(OUT_OF_A_TRANSACTION, id="out of a transaction"),
        pytest.param(WITH_A_THREAD, id="with a thread"),
        pytest.param(WITH_A_WRITING_THREAD, id="with a writing thread"),
    ],
)
def test_a_fork_is_refused_a_file_that_was_in_use(path: Path, then: str) -> None:
    """SQLite cannot carry a file across a fork; what the fork writes would be lost."""
    ran = in_a_process_of_its_own(FORKING + then, path)
    assert (ran.returncode, ran.stderr) == (0, "")


KILLED_WITH_A_FORK = """
import signal
with database.writing() as writer:
    writer.execute("INSERT INTO note (text) VALUES ('never')")
    child = os.fork()
    if child == 0:
        time.sleep(600)
    print(child, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_fork_does_not_keep_the_lock_of_a_parent_that_was_killed(path: Path) -> None:
    program = [sys.executable, "-c", FORKING + KILLED_WITH_A_FORK, str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        killed = parent.wait(PATIENCE)
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(opened, path)
            done, _ = wait([opening], 5)
            os.kill(child, signal.SIGKILL)
            with closing(opening.result()) as database:
                assert (killed, len(done)) == (-signal.SIGKILL, 1)
                note(database, "mine")
                assert notes(database) == ["parent", "mine"]


# --- killed ---------------------------------------------------------------------------------

HOLDING = """
import sys, time
from pathlib import Path
from stemmata_adapters.databases.sqlite import Kind, SqliteDatabase
database = SqliteDatabase(Path(sys.argv[1]))
with database.writing() as writer:
    writer.execute("INSERT INTO note (text) VALUES ('never')")
    print("in", flush=True)
    time.sleep(600)
"""


def test_the_right_to_write_ends_with_the_process_that_has_it(
    database: SqliteDatabase, path: Path
) -> None:
    program = [sys.executable, "-c", HOLDING, str(path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "in\n"
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(note, database, "mine")
            waited = not wait([waiting], 0.1).done
            seen = notes(database)
            holder.kill()
            waiting.result(5)
    assert (waited, seen) == (True, [])
    assert notes(database) == ["mine"]


# --- closing --------------------------------------------------------------------------------


def test_after_closing_each_use_says_so(database: SqliteDatabase) -> None:
    note(database, "x")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(notes, database).result()
        database.close()
        uses: list[Callable[[], object]] = [
            database.connection,
            database.change_counter,
            lambda: note(database, "y"),
            lambda: database.create([TABLES]),
        ]
        for use in uses:
            with pytest.raises(StoreUnavailable, match="closed; open it again"):
                use()
            with pytest.raises(StoreUnavailable, match="closed; open it again"):
                pool.submit(use).result()
    database.close()


def test_closing_leaves_no_file_open(path: Path) -> None:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("only Linux tells which files are open")

    def held() -> list[str]:
        links = [each for each in descriptors.iterdir() if each.is_symlink()]
        return [str(each.readlink()) for each in links if str(path) in str(each.readlink())]

    database = opened(path)
    note(database, "x")
    assert held()
    database.close()
    assert held() == []
    with pytest.raises(StoreUnavailable):
        note(database, "y")
    assert held() == []


def test_who_writes_keeps_out_programs_that_do_not_queue(
    database: SqliteDatabase, path: Path
) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as raw:
        with database.writing():
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                raw.execute("INSERT INTO note (text) VALUES ('raw')")
            assert notes(database) == []
        raw.execute("INSERT INTO note (text) VALUES ('raw')")
        raw.commit()
    assert notes(database) == ["raw"]


def test_a_program_that_does_not_queue_is_waited_for(database: SqliteDatabase, path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        with closing(sqlite3.connect(path)) as raw:
            raw.execute("INSERT INTO note (text) VALUES ('raw')")
            waiting = pool.submit(note, database, "ours")
            time.sleep(0.1)
            assert not waiting.done()
            raw.commit()
        waiting.result(PATIENCE)
    assert notes(database) == ["raw", "ours"]


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_writers_queue_at_the_lock_file(database: SqliteDatabase) -> None:
    lock = FileLock(database.path.with_name("notes.db-lock"))
    with closing(lock), ThreadPoolExecutor(1) as pool:
        with lock:
            with lock:
                waiting = pool.submit(note, database, "x")
                time.sleep(0.05)
            time.sleep(0.05)
            assert not waiting.done()
            assert notes(database) == []
        waiting.result(PATIENCE)
    assert notes(database) == ["x"]


def test_closing_waits_for_who_writes(database: SqliteDatabase, path: Path) -> None:
    entered, go = threading.Event(), threading.Event()

    def write() -> None:
        with database.writing() as writer:
            writer.execute("INSERT INTO note (text) VALUES ('x')")
            entered.set()
            go.wait(PATIENCE)

    with ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write)
        entered.wait(PATIENCE)
        ending = pool.submit(database.close)
        time.sleep(0.05)
        assert not ending.done()
        go.set()
        writing.result(PATIENCE)
        ending.result(PATIENCE)
    with closing(opened(path)) as again:
        assert notes(again) == ["x"]


# --- threads --------------------------------------------------------------------------------


def test_readers_see_only_what_is_committed(database: SqliteDatabase) -> None:
    with database.writing() as writer:
        writer.execute("INSERT INTO note VALUES (1, '0'), (2, '0')")
    stop = threading.Event()
    seen: list[tuple[str, ...]] = []

    def read() -> None:
        while not stop.is_set():
            seen.append(tuple(notes(database)))

    with ThreadPoolExecutor(3) as pool:
        reading = [pool.submit(read) for _ in range(3)]
        for n in range(1, 60):
            with database.writing() as writer:
                writer.execute("UPDATE note SET text = ? WHERE id = 1", (n,))
                assert notes(database) == [str(n), str(n - 1)]
                writer.execute("UPDATE note SET text = ? WHERE id = 2", (n,))
        stop.set()
        for each in reading:
            each.result(PATIENCE)
    assert all(len(pair) == 2 and pair[0] == pair[1] for pair in seen)
    assert len(set(seen)) > 1


def test_nobody_waits_in_order_to_read(database: SqliteDatabase) -> None:
    """A thread that reads for the first time does not queue behind a writer."""
    with database.writing(), ThreadPoolExecutor(1) as pool:
        assert pool.submit(notes, database).result(PATIENCE) == []


def test_threads_that_ended_leave_their_connection_to_the_next(database: SqliteDatabase) -> None:
    for _ in range(50):
        thread = threading.Thread(target=notes, args=(database,))
        thread.start()
        thread.join()
    assert len(database._readers) <= 3


def test_each_thread_reads_on_a_connection_of_its_own(database: SqliteDatabase) -> None:
    barrier = threading.Barrier(4)

    def mine() -> int:
        barrier.wait()
        connection = database.connection()
        barrier.wait()
        assert database.connection() is connection
        return id(connection)

    with ThreadPoolExecutor(4) as pool:
        assert len({each.result() for each in [pool.submit(mine) for _ in range(4)]}) == 4


def test_the_change_counter_tells_of_commits(database: SqliteDatabase, path: Path) -> None:
    before = database.change_counter()
    assert database.change_counter() == before
    note(database, "ours")
    after = database.change_counter()
    assert after != before
    with closing(opened(path)) as other:
        note(other, "theirs")
    assert database.change_counter() != after


# --- failing --------------------------------------------------------------------------------


def test_a_block_inside_a_block_joins_it(database: SqliteDatabase) -> None:
    def fail() -> None:
        with database.writing():
            note(database, "x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert notes(database) == []
    with database.writing():
        note(database, "x")
        note(database, "y")
    assert notes(database) == ["x", "y"]


def test_an_error_of_the_database_is_told_with_its_cause(
    database: SqliteDatabase, path: Path
) -> None:
    with pytest.raises(StoreUnavailable) as raised, database.writing() as writer:
        writer.execute("SELECT * FROM nowhere")
    assert (raised.value.store, raised.value.why) == (str(path), "no such table: nowhere")
    assert isinstance(raised.value.__cause__, sqlite3.Error)


def test_a_commit_that_fails_leaves_nothing(database: SqliteDatabase) -> None:
    with database.writing() as writer:
        writer.execute(
            "CREATE TABLE child (note INTEGER REFERENCES note DEFERRABLE INITIALLY DEFERRED)"
        )
    writer.execute("PRAGMA foreign_keys=ON")

    def write() -> None:
        with database.writing():
            note(database, "x")
            writer.execute("INSERT INTO child VALUES (99)")

    with pytest.raises(StoreUnavailable, match="FOREIGN KEY"):
        write()
    assert notes(database) == []
    note(database, "y")
    assert notes(database) == ["y"]


def test_a_connection_that_broke_is_replaced(database: SqliteDatabase) -> None:
    def write() -> None:
        with database.writing() as writer:
            note(database, "x")
            writer.close()

    with pytest.raises(StoreUnavailable):
        write()
    assert notes(database) == []
    note(database, "y")
    assert notes(database) == ["y"]


def test_a_full_disk_leaves_nothing_and_the_next_command_works(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "log.db")
    with closing(SqliteEventStore(database, ids=TimeOrderedIds())) as store:
        handler = CommandHandler(store, clock=SystemClock(), ids=TimeOrderedIds())
        handler.handle(Organize(name="acme", teams=("vision",)), actor="host")
        handler.handle(logging("A"), actor="host")
        before = store.read_all()
        with database.writing() as writer:
            pages = writer.execute("PRAGMA page_count").fetchone()[0]
            writer.execute(f"PRAGMA max_page_count={pages}")
        long = "x" * 100_000
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="full"):
                handler.handle(logging("B", description=long), actor="host")
            assert store.read_all() == before
        with database.writing() as writer:
            writer.execute(f"PRAGMA max_page_count={pages + 1000}")
        logged = handler.handle(logging("B", description=long), actor="host")
        assert (logged.index, logged.is_new) == (1, True)
        assert len(store.read_all()) == len(before) + 2


CLOSED_UNDER_READERS = """
import sys, threading
from pathlib import Path
from stemmata_adapters.databases.sqlite import SqliteDatabase
from stemmata_domain.errors import StoreUnavailable
TABLES = ("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)",)
told = []
for _ in range(30):
    database = SqliteDatabase(Path(sys.argv[1]))
    database.create([TABLES])
    begun = threading.Barrier(4)
    def read():
        database.connection().execute("SELECT * FROM note").fetchall()
        begun.wait()
        try:
            while True:
                database.connection().execute("SELECT * FROM note").fetchall()
        except StoreUnavailable as error:
            told.append("closed" in str(error))
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads: thread.start()
    begun.wait()
    database.close()
    for thread in threads: thread.join()
    links = [each for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    held = [each for each in links if sys.argv[1] in str(each.readlink())]
    assert not held
assert told == [True] * 90
"""


def test_threads_that_read_while_it_is_closed_are_told_and_nothing_breaks(
    database: SqliteDatabase, path: Path
) -> None:
    with database.writing() as writer:
        writer.executemany("INSERT INTO note (text) VALUES (?)", [("x" * 100,)] * 2_000)
    ran = in_a_process_of_its_own(CLOSED_UNDER_READERS, path)
    assert (ran.returncode, ran.stderr) == (0, "")
