"""A registry whose log is in UmaDB and whose views are in DuckDB, used as any other."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import pytest

import stemmata
from stemmata.reading.reader import Reader
from stemmata_domain.errors import Refused, StoreUnavailable

SERVER = (sys.executable, "-c", "from umadb.umadb_server_cli import main; main()")
TARGET = "wandb-registry-model/Digits"


def listening() -> int:
    with closing(socket.socket()) as asking:
        asking.bind(("127.0.0.1", 0))
        port: int = asking.getsockname()[1]
        return port


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    address = f"127.0.0.1:{listening()}"
    arguments = ("--listen", address, "--db-path", str(tmp_path / "uma.db"))
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([*SERVER, *arguments], stdout=quiet, stderr=quiet)
    try:
        yield address
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(10)
        server.kill()
        server.wait()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEMMATA_URL", f"umadb://{address}")
    monkeypatch.setenv("STEMMATA_VIEWS", "duckdb:///views.db")
    monkeypatch.setenv("STEMMATA_CONTENT", "blobs")
    monkeypatch.setenv("STEMMATA_ACTOR", "ada")
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    until = time.monotonic() + 60
    while True:
        try:
            with stemmata.open() as stemma:
                stemma.organize("Acme", teams=["vision"], people=["ada"])
            return tmp_path
        except StoreUnavailable:
            assert time.monotonic() < until, "the server does not begin to listen"
            time.sleep(0.02)


def log(stemma: stemmata.Stemma, digest: str, artifact: str = "digits") -> str:
    manifest = stemma.content.put_bytes(b"{}").sha256
    stemma.log(
        f"vision/mnist/{artifact}",
        type="model",
        manifest=manifest,
        digest=digest,
        size=2,
        file_count=0,
    )
    index = stemma.resolve(f"vision/mnist/{artifact}:latest").index
    return f"vision/mnist/{artifact}:v{index}"


@pytest.mark.usefixtures("workplace")
def test_a_life_of_a_version_from_log_to_deletion() -> None:
    with stemmata.open() as stemma:
        trained = stemma.start_run(project="mnist", run="train-1").path
        first = log(stemma, "first")
        stemma.use(first, run=trained)
        moment = stemma.position()
        assert stemma.link(first, TARGET, aliases=["staging"]).index == 0
        assert stemma.resolve(f"{TARGET}:staging").source_index == 0
        assert stemma.link(log(stemma, "second"), TARGET, aliases=["staging"]).index == 1
        assert stemma.resolve(f"{TARGET}:staging").index == 1
        stemma.edit(first, metadata={"accuracy": 0.9}, add_tags=["best"])
        assert list(stemma.search("best"))
    # Opened anew it has its views still; a second handle of the process has them at once.
    with stemmata.open() as stemma, stemmata.open() as other:
        assert stemma.resolve(f"{TARGET}:v0").metadata == {"accuracy": 0.9}
        assert stemma.as_of(moment).collections("wandb-registry-model") == []
        assert [entry.kind for entry in stemma.audit(actor="ada")]
        other.delete(first, force=True)
        assert [each.index for each in stemma.versions(TARGET)] == [1]
        assert stemma.organize("Acme", teams=["nlp"], key="k") == stemma.organize(
            "Acme", teams=["nlp"], key="k"
        )


@pytest.mark.usefixtures("workplace")
def test_without_a_place_for_content_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEMMATA_CONTENT")
    with pytest.raises(ValueError, match="umadb:// has no place for it; say where content is kept"):
        stemmata.open()


def act(stemma: stemmata.Stemma, chance: random.Random, numbers: Iterator[int]) -> None:
    """Do something that may well be refused."""
    version = f"vision/mnist/a{chance.randint(0, 2)}:v{chance.randint(0, 3)}"
    target = f"wandb-registry-model/C{chance.randint(0, 2)}"
    what = chance.randint(0, 4)
    if what == 0:
        log(stemma, f"{next(numbers)}", f"a{chance.randint(0, 2)}")
    elif what == 1:
        stemma.link(version, target, aliases=[chance.choice(["staging", "production"])])
    elif what == 2:
        stemma.edit_aliases(f"{target}:latest", add=[chance.choice(["staging", "production"])])
    elif what == 3:
        stemma.edit(version, description=f"{next(numbers)}")
    else:
        stemma.delete(version, force=chance.random() < 0.5)


def answers(stemma: Reader) -> list[object]:
    """What a registry says of itself."""
    collections = stemma.collections("wandb-registry-model")
    return [
        collections,
        [stemma.versions(f"wandb-registry-model/{each.name}") for each in collections],
        [stemma.versions(each.full_name) for each in stemma.artifacts()],
        list(stemma.audit()),
    ]


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("seed", range(2))
def test_it_answers_as_views_in_memory_do_after_any_history_of_threads_at_once(seed: int) -> None:
    with stemmata.open() as stemma, stemmata.open() as other:
        numbers, founded = count(), stemma.position()

        def live(name: str, handle: stemmata.Stemma) -> int:
            chance, refused = random.Random(f"{seed} {name}"), 0
            for _ in range(60):
                try:
                    act(handle, chance, numbers)
                except Refused:
                    refused += 1
            return refused

        with ThreadPoolExecutor(2) as pool:
            lives = [pool.submit(live, name, each) for name, each in (("a", stemma), ("b", other))]
            assert sum(each.result(120) for each in lives) < 120
        with stemmata.open(views="memory://") as plain:
            assert answers(stemma) == answers(other) == answers(plain)
            head = stemma.position()
            assert head > founded + 60
            for at in (founded, (founded + head) // 2, head - 1):
                assert answers(stemma.as_of(at)) == answers(plain.as_of(at))
