"""ML Metadata's store, on a SQLite file: `of_ml_metadata PATH MODE`.

It has artifacts, contexts and events but no versions and no aliases. Both are emulated as its users do:
a version is an artifact attributed to the context of its collection, an alias a context of its own with a
property that names the version.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.serving import serve, times_of

_RUNS_AT_ONCE = 200


class MlMetadata:
    """A store with one collection."""

    def __init__(self, path: str, mode: str) -> None:
        from ml_metadata.metadata_store import metadata_store
        from ml_metadata.proto import metadata_store_pb2 as pb

        self._path, self._pb = path, pb
        if mode == "wal":
            db = sqlite3.connect(path)
            db.execute("PRAGMA journal_mode=WAL")
            db.close()
        config = pb.ConnectionConfig()
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = 3
        self._store = metadata_store.MetadataStore(config)
        self._types()

    def _types(self) -> None:
        pb, store = self._pb, self._store
        text = {"alias_of": pb.STRING}
        self._version = store.put_artifact_type(pb.ArtifactType(name="model"))
        self._collection_type = store.put_context_type(pb.ContextType(name="collection"))
        self._alias_type = store.put_context_type(pb.ContextType(name="alias", properties=text))
        self._run_type = store.put_execution_type(pb.ExecutionType(name="run"))
        self._collection: Any = None
        self._aliases: dict[str, int] = {}

    def found(self) -> None:
        """Make what versions are put into."""
        pb = self._pb
        made = pb.Context(type_id=self._collection_type, name="Digits")
        self._store.put_contexts([made])

    def _collection_context(self) -> Any:
        if self._collection is None:
            self._collection = self._store.get_context_by_type_and_name("collection", "Digits")
        return self._collection

    def link(self, index: int, alias: str) -> str:
        """Put an artifact with its collection in one transaction, and let the alias name it in another."""
        pb = self._pb
        # No name: a number of its own is the one thing that cannot be emulated without races.
        version = pb.Artifact(type_id=self._version, uri=f"s3://bucket/digits/{index}")
        if alias not in self._aliases:
            self._aliases[alias] = self._alias_id(alias)
        (_, (found,), _) = self._store.put_lineage_subgraph(
            executions=[],
            artifacts=[version],
            contexts=[self._collection_context()],
            event_edges=[],
        )
        named = pb.Context(type_id=self._alias_type, name=f"Digits:{alias}")
        named.id = self._aliases[alias]
        named.properties["alias_of"].string_value = str(found)
        self._store.put_contexts([named])
        return str(found)

    def _alias_id(self, alias: str) -> int:
        name = f"Digits:{alias}"
        there = self._store.get_context_by_type_and_name("alias", name)
        if there is None:
            made = self._pb.Context(type_id=self._alias_type, name=name)
            return int(self._store.put_contexts([made])[0])
        return int(there.id)

    def fill(self, number: int) -> None:
        """Make versions, each with an alias of its own."""
        for i in range(number):
            self.link(i, f"alias-{i}")

    def resolve(self, alias: str) -> int:
        """Find the version that an alias names: two calls."""
        context = self._store.get_context_by_type_and_name("alias", f"Digits:{alias}")
        found = int(context.properties["alias_of"].string_value)
        (version,) = self._store.get_artifacts_by_id([found])
        return int(version.id)

    def listed(self) -> int:
        """Read all versions of the collection, and all aliases."""
        aliases: dict[int, list[str]] = {}
        for context in self._store.get_contexts_by_type("alias"):
            of = int(context.properties["alias_of"].string_value)
            aliases.setdefault(of, []).append(context.name)
        versions = self._store.get_artifacts_by_context(self._collection_context().id)
        return len([(each, aliases.get(each.id)) for each in versions])

    def links(self, number: int, first: int) -> dict[str, Any]:
        """Link as fast as it goes, beside others who do the same."""
        return times_of(lambda n: self.link(first + n, "staging"), number)

    def numbers(self) -> list[int]:
        """Return the ids of all versions, which is all there is of numbers."""
        found = self._store.get_artifacts_by_context(self._collection_context().id)
        return sorted(int(each.id) for each in found)

    def fill_lineage(self, runs: str) -> int:
        """Read runs from a file, each a line of JSON with inputs and outputs, and put them all."""
        lines = [json.loads(line) for line in Path(runs).read_text().splitlines()]
        self._ids: dict[str, int] = {}
        for at in range(0, len(lines), _RUNS_AT_ONCE):
            self._put_runs(lines[at : at + _RUNS_AT_ONCE])
        return len(self._ids)

    def _put_runs(self, runs: list[tuple[list[str], list[str]]]) -> None:
        pb = self._pb
        names = list(
            dict.fromkeys(name for inputs, outputs in runs for name in (*inputs, *outputs))
        )
        artifacts = [pb.Artifact(type_id=self._version, uri=name) for name in names]
        for artifact in artifacts:
            if artifact.uri in self._ids:
                artifact.id = self._ids[artifact.uri]
        places = {name: place for place, name in enumerate(names)}
        edges = [
            (run, places[name], pb.Event(type=kind))
            for run, (inputs, outputs) in enumerate(runs)
            for kind, group in ((pb.Event.INPUT, inputs), (pb.Event.OUTPUT, outputs))
            for name in group
        ]
        executions = [pb.Execution(type_id=self._run_type) for _ in runs]
        _, ids, _ = self._store.put_lineage_subgraph(
            executions=executions, artifacts=artifacts, contexts=[], event_edges=edges
        )
        self._ids.update(zip(names, ids, strict=True))

    def lineage(self, start: str, hops: int) -> int:
        """Return how many nodes lie downstream within so many hops."""
        pb = self._pb
        query = pb.LineageSubgraphQueryOptions(
            starting_artifacts=pb.LineageSubgraphQueryOptions.StartingNodes(
                filter_query=f"id = {self._ids[start]}"
            ),
            max_num_hops=hops,
            direction=pb.LineageSubgraphQueryOptions.Direction.DOWNSTREAM,
        )
        found = self._store.get_lineage_subgraph(query, ["artifacts", "executions", "events"])
        return len(found.artifacts) + len(found.executions)

    def durability(self) -> str:
        """Return the mode of the file."""
        db = sqlite3.connect(self._path)
        return f"journal_mode={db.execute('PRAGMA journal_mode').fetchone()[0]}"


if __name__ == "__main__":
    serve(lambda: MlMetadata(sys.argv[1], sys.argv[2]))
