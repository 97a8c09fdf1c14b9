"""Importing: beside what we stand on, and beside what peers take."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.bench import Bench
from tests.benchmarks.measuring import in_turns
from tests.benchmarks.results import Beside, Row, at_most, shown

_PEERS = {
    "mlflow": "from mlflow import MlflowClient",
    "ml-metadata": "from ml_metadata.metadata_store import metadata_store",
    "trackio": "import trackio",
}


def importing(bench: Bench) -> Iterator[Row]:
    """Import stemmata, and what has to be imported to open a registry."""

    def run(program: str, python: Path | str = sys.executable) -> None:
        subprocess.run([python, "-c", program], check=True, capture_output=True)

    rounds = max(3, bench.size.rounds // 20)
    ours, floor, loaded, opened, idle, *others = in_turns(
        lambda: run("import stemmata"),
        lambda: run("import pydantic, eventsourcing"),
        lambda: run("import stemmata; stemmata.open"),
        lambda: run(
            "import pydantic, eventsourcing, eventsourcing.persistence; pydantic.BaseModel"
        ),
        lambda: run("pass"),
        *(partial(run, _PEERS[peer.package], peer.python) for peer in bench.peers),
        rounds=rounds,
        warm_up=1,
    )
    yield Row(
        id="import",
        on="–",
        what="`import stemmata`, a whole process",
        ours=ours,
        floor=floor,
        floor_is="import pydantic, eventsourcing",
        goals=(at_most(1.2, ours, floor, of="import pydantic, eventsourcing"),),
        peers=tuple(
            Beside(
                peer=peer.package,
                mode="",
                what=_PEERS[peer.package],
                timing=timing,
                durable=True,
                as_it_comes=True,
            )
            for peer, timing in zip(bench.peers, others, strict=True)
        ),
        note=f"with the front door loaded {shown(loaded.median)} beside {shown(opened.median)}"
        f" for pydantic and eventsourcing in full; an empty interpreter takes {shown(idle.median)}",
    )
