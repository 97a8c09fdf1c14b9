"""Peers as seen from here: a process to give orders to, and what is known of each peer beforehand."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.results import PeerFound
from tests.benchmarks.workers import ROOT, Worker

ENVIRONMENTS = ROOT / ".venv-bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to set a peer up.

    Attributes:
        word: What its process is told.
        said: What the results say of it.
        durable: Whether a command that returned survives a loss of power.
        as_it_comes: Whether nothing was set for it.
    """

    word: str
    said: str
    durable: bool
    as_it_comes: bool = False


MLFLOW_ON_POSTGRESQL = Mode(
    word="postgresql", said="PostgreSQL, fsync=on", durable=True, as_it_comes=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """What is known of a peer.

    Attributes:
        package: As the registry of packages has it, and as its environment is called.
        link: Its nearest calls, and those below.
        lacks: What it does not do at all.
    """

    package: str
    module: str
    modes: tuple[Mode, ...]
    link: str
    resolve: str
    listed: str
    lacks: tuple[str, ...]
    place: Callable[[Path], str]

    def found(self) -> PeerFound:
        """Tell whether it is installed, in which version, or why not."""
        why = ENVIRONMENTS / self.package / "absent"
        if not self.python.exists():
            said = why.read_text().strip() if why.exists() else "its environment was not made"
            return PeerFound(name=self.package, version=None, why_absent=said, lacks=self.lacks)
        program = f"from importlib.metadata import version; print(version({self.distribution!r}))"
        ran = subprocess.run(
            [self.python, "-c", program], capture_output=True, text=True, check=False
        )
        if ran.returncode:
            said = ran.stderr.strip().splitlines()[-1]
            return PeerFound(name=self.package, version=None, why_absent=said, lacks=self.lacks)
        return PeerFound(name=self.package, version=ran.stdout.strip(), lacks=self.lacks)

    def modes_on(self, postgresql: str | None) -> tuple[Mode, ...]:
        """Return its modes on files, or on a PostgreSQL server, if an address is given."""
        if postgresql is None:
            return self.modes
        return (MLFLOW_ON_POSTGRESQL,) if self.package == "mlflow" else ()

    @property
    def distribution(self) -> str:
        """What is installed of it: of MLflow, the part without its server."""
        return "mlflow-skinny" if self.package == "mlflow" else self.package

    @property
    def python(self) -> Path:
        """Return the interpreter of its environment."""
        return ENVIRONMENTS / self.package / "bin" / "python"


_TRAIL = "no log of what happened and no answers as of a moment"

PEERS = (
    Peer(
        package="mlflow",
        module="of_mlflow",
        modes=(
            Mode(
                word="default",
                said="as it comes: rollback journal, FULL",
                durable=True,
                as_it_comes=True,
            ),
            Mode(word="wal", said="WAL, FULL", durable=True),
        ),
        link="create_model_version, set_registered_model_alias",
        resolve="get_model_version_by_alias",
        listed="search_model_versions",
        lacks=(
            _TRAIL,
            "a version and its alias in one transaction",
            "links of one version into several collections",
            "lineage from version to version",
        ),
        place=lambda folder: f"sqlite:///{folder / 'mlflow.db'}",
    ),
    Peer(
        package="ml-metadata",
        module="of_ml_metadata",
        modes=(
            Mode(
                word="default",
                said="as it comes: rollback journal, FULL",
                durable=True,
                as_it_comes=True,
            ),
            Mode(word="wal", said="WAL, FULL", durable=True),
        ),
        link="put_lineage_subgraph, put_contexts (aliases emulated)",
        resolve="get_context_by_type_and_name, get_artifacts_by_id (emulated)",
        listed="get_contexts_by_type, get_artifacts_by_context (emulated)",
        lacks=(
            _TRAIL,
            "versions, numbers and aliases (emulated here, numbers not at all)",
            "lineage beyond 100 hops",
        ),
        place=lambda folder: str(folder / "mlmd.db"),
    ),
    Peer(
        package="trackio",
        module="of_trackio",
        modes=(
            Mode(word="default", said="as it comes: WAL, NORMAL", durable=False, as_it_comes=True),
            Mode(word="full", said="WAL, FULL", durable=True),
        ),
        link="Artifact.link",
        resolve="Run.use_artifact (records the use as well)",
        listed="Registry.collection",
        lacks=(
            "answers as of a moment (its registry does keep a list of events)",
            "lineage through its public Python API, and beyond 1000 nodes",
        ),
        place=str,
    ),
)


class Process(Worker):
    """A peer at work."""

    def __init__(self, peer: Peer, mode: Mode, folder: Path, *, place: str | None = None) -> None:
        """Start it, and wait until it is ready.

        Args:
            place: Where its store is, if not in the folder.

        Raises:
            WorkerFailed: It does not start.
        """
        self.peer, self.mode = peer, mode
        folder.mkdir(parents=True, exist_ok=True)
        module = f"tests.benchmarks.peers.{peer.module}"
        arguments = (place or peer.place(folder), mode.word)
        super().__init__(peer.python, module, arguments, log=folder / f"{peer.module}.log")


@contextmanager
def at_work(
    folder: Path, peers: Sequence[Peer], *, postgresql: str | None = None
) -> Iterator[list[Process]]:
    """Have each peer at work in each of its modes, or those that can be on a PostgreSQL server.

    Args:
        postgresql: The URI of a database, which only MLflow can use.
    """
    with ExitStack() as stack:
        found: list[Process] = []
        for peer in peers:
            for mode in peer.modes_on(postgresql):
                own = folder / f"{peer.package}-{mode.word}"
                process = Process(peer, mode, own, place=postgresql)
                stack.callback(process.close)
                process.do("found")
                found.append(process)
        yield found
