"""Writes `registry.sql` with the release that is on the path; see README.md."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import stemmata
from tests.postgres import Server

# The same history as that of the sample in SQLite.
history = runpy.run_path(str(Path(__file__).parents[2] / "samples" / "0.1.0" / "making.py"))


def main(folder: Path) -> None:
    """Write the schema as SQL."""
    server = Server("fsync=off")
    try:
        url, clock, ids = server.url("registry"), history["Clock"](), history["Ids"]()
        with stemmata.open(url, content="memory://", actor="host", clock=clock, ids=ids) as stemma:
            history["work"](stemma, clock=clock, ids=ids)
            stemma.subscribe(name="billing", after=7).close()
        dumped = subprocess.run(
            [
                *(server._binaries / "pg_dump", "--dbname", server.conninfo, "--schema=registry"),
                *("--inserts", "--rows-per-insert=100", "--no-owner", "--no-privileges"),
            ],
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**os.environ, "LC_ALL": "C"},
        ).stdout
    finally:
        server.remove()
    # What only psql understands, and what depends on the server's release.
    kept = [line for line in dumped.split("\n") if not line.startswith(("\\", "--", "SET "))]
    (folder / "registry.sql").write_text("\n".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
