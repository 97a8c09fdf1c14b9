"""Commands that are repeated under their idempotency key, as after an answer that was lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stemmata.stemma import Stemma
from tests.stress.agreement import check
from tests.stress.places import SOURCE, TARGET, digest, manifest, open_at, with_versions

COMMANDS: dict[str, Callable[[Stemma], object]] = {
    "organize": lambda s: s.organize("Globex", teams=["globex-team"], key="k"),
    "create_registry": lambda s: s.create_registry("Golden", key="k"),
    "accept_type": lambda s: s.accept_type("model", "other", key="k"),
    "create_collection": lambda s: s.create_collection(
        "wandb-registry-model/Empty", type="model", key="k"
    ),
    "delete_collection": lambda s: s.delete_collection(TARGET, key="k"),
    "log": lambda s: s.log(
        SOURCE,
        type="model",
        manifest=manifest(9),
        digest=digest(9),
        size=1,
        file_count=1,
        metadata={"f1": 0.5, "of": [1, None]},
        aliases=["best"],
        key="k",
    ),
    "link": lambda s: s.link(f"{SOURCE}:v2", TARGET, aliases="production", key="k"),
    "unlink": lambda s: s.unlink(f"{TARGET}:v1", key="k"),
    "edit_aliases": lambda s: s.edit_aliases(f"{TARGET}:v0", add=["a"], remove=["latest"], key="k"),
    "edit": lambda s: s.edit(f"{SOURCE}:v0", metadata={"f1": 1}, add_tags="new", key="k"),
    "delete": lambda s: s.delete(f"{SOURCE}:v1", force=True, key="k"),
    "delete unlinked": lambda s: s.delete(f"{SOURCE}:v2", key="k"),
    "start_run": lambda s: s.start_run(project="mnist", run="other", key="k"),
    "start_run without an id": lambda s: s.start_run(project="mnist", key="k"),
    "use": lambda s: s.use(TARGET, run="vision/mnist/first", key="k"),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_repeated_command_gives_its_first_result_and_changes_nothing(
    tmp_path: Path, command: Callable[[Stemma], object]
) -> None:
    path = with_versions(tmp_path / "registry.db", 3)
    with open_at(path) as stemma:
        stemma.start_run(project="mnist", run="first")
        for version in range(2):
            stemma.link(f"{SOURCE}:v{version}", TARGET)
        first = command(stemma)
        after = stemma.position()
        assert command(stemma) == first
        with open_at(path) as another:
            assert command(another) == first
        assert stemma.position() == after
    check(path)


def test_a_lone_name_is_one_name(tmp_path: Path) -> None:
    """`aliases="production"` is no list of ten aliases."""
    path = with_versions(tmp_path / "registry.db", 1)
    with open_at(path) as stemma:
        stemma.link(f"{SOURCE}:v0", TARGET, aliases="production")
        stemma.edit(f"{SOURCE}:v0", add_tags="good")
        stemma.edit_aliases(f"{SOURCE}:v0", add="best", remove="latest")
        linked = stemma.resolve(f"{TARGET}:production")
        assert linked.aliases == ("latest", "production")
        assert linked.tags == ("good",)
        assert stemma.resolve(f"{SOURCE}:best").aliases == ("best",)
