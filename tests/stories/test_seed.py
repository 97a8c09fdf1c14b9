"""The walk-through that the product started from: its snippet as it stands, but for what `<>` enclose."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import stemmata

SNIPPET = """
import wandb

# Run を初期化します
run = wandb.init(
  entity = "<team_entity>",
  project = "<project_name>"
)

# Artifact オブジェクトを作成します
# type パラメータは、
# Artifact オブジェクトのタイプとコレクション タイプの両方を指定します
artifact = wandb.Artifact(name = "<name>", type = "<type>")

# ファイルを Artifact オブジェクトに追加します。
# ローカル マシンのファイルへの パス を指定します。
artifact.add_file(local_path = "<local_path_to_artifact>")

# Artifact をリンクするコレクションとレジストリを指定します
REGISTRY_NAME = "<registry_name>"
COLLECTION_NAME = "<collection_name>"
target_path=f"wandb-registry-{REGISTRY_NAME}/{COLLECTION_NAME}"

# Artifact を コレクションにリンクします
run.link_artifact(artifact = artifact, target_path = target_path)
"""

FILLED = {
    "import wandb": "import stemmata as wandb",
    "<team_entity>": "vision",
    "<project_name>": "mnist",
    "<name>": "digits",
    "<type>": "model",
    "<local_path_to_artifact>": "model.bin",
    "<registry_name>": "Golden Models",
    "<collection_name>": "Digits",
}


def filled(**others: str) -> str:
    program = SNIPPET
    for blank, value in {
        **FILLED,
        **{f"<{name}>": value for name, value in others.items()},
    }.items():
        program = program.replace(blank, value)
    assert "<" not in program
    return program


def run(program: str, *, succeeds: bool = True) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ran.returncode == 0) is succeeds, ran.stderr
    return ran.stdout if succeeds else ran.stderr


@pytest.fixture
def place(acme: Path) -> Path:
    Path("model.bin").write_bytes(b"weights")
    with stemmata.open() as stemma:
        stemma.create_registry("Golden Models", accepted_types=["model"])
    return acme


FIND = """
import sys, stemmata
version = stemmata.Api().artifact(sys.argv[1])
print(version.full_name, version.source_qualified_name, ",".join(version.aliases))
"""


def found(name: str) -> str:
    """Return what a new process, without an entity of its own, finds under *name*."""
    ran = subprocess.run(
        [sys.executable, "-c", FIND, name], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize(
    "name",
    [
        "wandb-registry-Golden Models/Digits:v0",
        "wandb-registry-Golden Models/Digits:latest",
        "wandb-registry-Golden Models/Digits",
        "acme/wandb-registry-Golden Models/Digits:v0",
        "Acme Inc/wandb-registry-Golden Models/Digits:latest",
    ],
)
def test_the_snippet_links_what_another_process_finds(place: Path, name: str) -> None:
    run(filled())
    assert found(name) == "wandb-registry-Golden Models/Digits:v0 vision/mnist/digits:v0 latest"


def test_the_snippet_run_again_makes_no_new_version(place: Path) -> None:
    run(filled())
    run(filled())
    with stemmata.open(entity="vision") as stemma:
        assert [v.version for v in stemma.versions("wandb-registry-Golden Models/Digits")] == ["v0"]
        assert [v.version for v in stemma.versions("vision/mnist/digits")] == ["v0"]


def test_changed_content_makes_the_next_version(place: Path) -> None:
    run(filled())
    Path("model.bin").write_bytes(b"better weights")
    run(filled())
    name = "wandb-registry-Golden Models/Digits"
    assert found(f"{name}:latest") == f"{name}:v1 vision/mnist/digits:v1 latest"
    assert found(f"{name}:v0") == f"{name}:v0 vision/mnist/digits:v0"


def test_both_runs_that_logged_a_version_have_it_as_output_and_are_finished(place: Path) -> None:
    run(filled())
    run(filled())
    with stemmata.open(entity="vision") as stemma:
        version = stemma.resolve("wandb-registry-Golden Models/Digits:v0")
        producers = stemma.graph.producers_of(version.id)
        assert [each.run.state for each in producers] == ["finished", "finished"]
        assert version.run == producers[0].run.path


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"team_entity": "ada"}, "personal entity 'ada' cannot be linked"),
        ({"registry_name": "Nowhere"}, "Registry 'Nowhere' not found in organization 'Acme Inc'"),
        ({"type": "dataset"}, "does not accept artifacts of type 'dataset'"),
        ({"team_entity": "nobody"}, "Entity 'nobody' not found"),
        ({"local_path_to_artifact": "missing.bin"}, "missing.bin"),
    ],
)
def test_what_cannot_be_linked_is_refused_and_leaves_no_link(
    place: Path, others: dict[str, str], told: str
) -> None:
    assert told in run(filled(**others), succeeds=False)
    with stemmata.open(entity="vision") as stemma:
        assert stemma.collections("wandb-registry-Golden Models") == []


def test_the_target_path_of_the_app_is_understood_with_its_organization(place: Path) -> None:
    """The path that the app shows is ORG/wandb-registry-NAME/COLLECTION, spaces and all."""
    linked = 'target_path="Acme Inc/wandb-registry-Golden Models/raw_images"'
    program = filled().replace(
        'target_path=f"wandb-registry-{REGISTRY_NAME}/{COLLECTION_NAME}"', linked
    )
    assert linked in program
    run(program)
    assert found("acme/wandb-registry-Golden Models/raw_images:v0").startswith(
        "wandb-registry-Golden Models/raw_images:v0"
    )
