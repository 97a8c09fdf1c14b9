"""`stemmata ls`, `show` and `history` tell what there is, whole, with code that works as it stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stemmata.cli.snippets import COLLECTION, FILE, NAME, PROJECT
from tests.stories.command_line import answers, refused, succeeds

GOLDEN = "acme/wandb-registry-Golden Datasets"
HOSTILE = """a"b'c\\d {e} $f `g` <h>"""


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with one artifact of two versions, in which the team vision acts."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    for content in ("one", "two and more"):
        (acme / "data.csv").write_text(content)
        succeeds(
            *("log", "data.csv", "--name", "digits", "--type", "dataset", "--project", "mnist"),
            *("--tag", "clean", "--metadata", '{"rows": 1797, "by": "ada"}'),
        )
    succeeds("registry", "create", "Golden Datasets", "--type", "dataset")
    return acme


def python(code: str) -> None:
    """Run code as a newcomer does who pastes it into a file."""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# --- places --------------------------------------------------------------------------------------


def test_without_a_place_everything_is_listed(team: Path) -> None:
    (listed,) = answers("ls")["organizations"]
    assert [(each["full_name"], each["accepted_types"]) for each in listed["registries"]] == [
        ("wandb-registry-Golden Datasets", ["dataset"]),
        ("wandb-registry-dataset", ["dataset"]),
        ("wandb-registry-model", ["model"]),
    ]
    assert listed["projects"] == [{"name": "vision/mnist", "artifacts": ["vision/mnist/digits"]}]
    assert "vision/mnist  digits" in succeeds("ls").lines


@pytest.mark.parametrize("place", ["acme", "Acme Inc"])
def test_an_organization_is_a_place_by_both_of_its_names(team: Path, place: str) -> None:
    """Semantics §2: display name and entity name are equally good."""
    assert [each["entity"] for each in answers("ls", place)["organizations"]] == ["acme"]


@pytest.mark.parametrize(
    "place",
    [
        "wandb-registry-Golden Datasets",
        GOLDEN,
        "Acme Inc/wandb-registry-Golden Datasets",
    ],
)
def test_a_registry_is_a_place_with_and_without_its_organization(team: Path, place: str) -> None:
    assert answers("ls", place)["qualified_name"] == GOLDEN


@pytest.mark.parametrize("place", ["mnist", "vision/mnist"])
def test_a_project_is_a_place(team: Path, place: str) -> None:
    listed = answers("ls", place)
    assert (listed["entity"], listed["project"]) == ("vision", "mnist")
    (artifact,) = listed["artifacts"]
    assert (artifact["versions"], artifact["aliases"]) == (2, {"latest": "v1"})


@pytest.mark.parametrize("place", ["mnist/digits", "vision/mnist/digits"])
def test_an_artifact_is_a_place_and_lists_its_versions(team: Path, place: str) -> None:
    listed = answers("ls", place)
    assert [each["version"] for each in listed["versions"]] == ["v0", "v1"]
    assert [each["size"] for each in listed["versions"]] == [3, 12]


def test_a_team_and_a_person_are_places(team: Path) -> None:
    assert answers("ls", "vision")["projects"][0]["name"] == "vision/mnist"
    assert answers("ls", "ada")["projects"] == []
    assert succeeds("ls", "ada").lines == ["ada has logged nothing yet."]


def test_two_organizations_are_kept_apart(team: Path) -> None:
    """Semantics §2: a registry named with its organization is that one's, whoever asks."""
    succeeds("init", "Other", "--team", "others")
    assert [each["name"] for each in answers("ls")["organizations"]] == ["Acme Inc", "Other"]
    assert answers("ls", "Other/wandb-registry-model")["organization"] == "Other"
    assert answers("ls", "wandb-registry-model")["organization"] == "Acme Inc"


def test_a_version_is_no_place(team: Path) -> None:
    assert "'stemmata show' shows one" in refused("ls", "vision/mnist/digits:v0")


def test_an_empty_registry_file_says_how_to_begin(workplace: Path) -> None:
    assert answers("--url", "memory://", "ls") == {"organizations": []}
    lines = succeeds("--url", "memory://", "ls").lines
    assert lines[-1].startswith("stemmata init ")


# --- code to copy --------------------------------------------------------------------------------


def test_a_registry_ends_with_code_that_links_into_it(team: Path) -> None:
    listed = answers("ls", GOLDEN)
    assert listed["target_path"] == f"{GOLDEN}/{COLLECTION}"
    assert f'target_path = "{GOLDEN}/{COLLECTION}"' in listed["snippet"]
    blanks = {COLLECTION: "raw images", NAME: "digits", PROJECT: "mnist", FILE: "data.csv"}
    code = listed["snippet"]
    for blank, value in blanks.items():
        code = code.replace(blank, value)
    python(code)
    assert answers("show", f"{GOLDEN}/raw images")["source"] == "vision/mnist/digits:v1"


def test_an_empty_collection_ends_with_code_that_has_its_name_and_type(team: Path) -> None:
    """What the seed calls autogenerated code: the target path with its organization, spaces and all."""
    succeeds("collection", "create", f"{GOLDEN}/raw_images", "--type", "dataset")
    listed = answers("ls", f"{GOLDEN}/raw_images")
    assert listed["target_path"] == f"{GOLDEN}/raw_images"
    assert f'target_path = "{GOLDEN}/raw_images"' in listed["snippet"]
    assert 'wandb.init(entity="vision"' in listed["snippet"]
    assert 'type="dataset"' in listed["snippet"]
    succeeds("link", "mnist/digits", f"{GOLDEN}/raw_images")
    assert "snippet" not in answers("ls", f"{GOLDEN}/raw_images")


def test_code_stands_at_the_margin_line_by_line_as_in_the_document(team: Path) -> None:
    assert answers("ls", GOLDEN)["snippet"] in succeeds("ls", GOLDEN).out


def test_code_is_right_whatever_a_name_holds(team: Path) -> None:
    target = f"{GOLDEN}/{HOSTILE}"
    succeeds("link", "mnist/digits:v0", target)
    shown = answers("show", f"{target}:v0")
    python(shown["snippet"].replace(PROJECT, "mnist"))
    (use,) = answers("show", f"{target}:v0")["used_by"]
    assert use["through"] == f"wandb-registry-Golden Datasets/{HOSTILE}:v0"
    command = succeeds("use", f"{target}:v0").lines[-1]
    subprocess.run(
        ["sh", "-ec", f'stemmata() {{ "{sys.executable}" -m stemmata "$@"; }}\n{command}'],
        check=True,
        capture_output=True,
    )


# --- one version ---------------------------------------------------------------------------------


def test_a_version_is_shown_with_all_that_is_known_of_it(team: Path) -> None:
    succeeds("link", "mnist/digits:v0", f"{GOLDEN}/raw", "--alias", "blessed")
    succeeds("use", f"{GOLDEN}/raw:blessed", "--project", "training")
    shown = answers("show", f"{GOLDEN}/raw:blessed")
    assert shown["full_name"] == "wandb-registry-Golden Datasets/raw:v0"
    assert shown["qualified_name"] == f"{GOLDEN}/raw:v0"
    assert shown["source"] == "vision/mnist/digits:v0"
    assert shown["aliases"] == ["blessed", "latest"]
    assert shown["tags"] == ["clean"]
    assert shown["metadata"] == {"rows": 1797, "by": "ada"}
    assert (shown["file_count"], shown["size"]) == (1, 3)
    assert [(each["path"], each["size"]) for each in shown["files"]] == [("data.csv", 3)]
    assert [each["full_name"] for each in shown["links"]] == [shown["full_name"]]
    (use,) = shown["used_by"]
    assert use["run"].startswith("vision/training/")
    assert use["through"] == shown["full_name"]
    lines = succeeds("show", f"{GOLDEN}/raw:blessed").lines
    assert "Metadata        rows: 1797" in lines


def test_of_many_files_the_first_twenty_are_shown_and_the_rest_is_counted(team: Path) -> None:
    folder = team / "many"
    folder.mkdir()
    for n in range(25):
        (folder / f"{n:02}.txt").write_text(str(n))
    succeeds("log", "many", "--name", "many", "--type", "dataset")
    shown = answers("show", "many")
    assert [each["path"] for each in shown["files"]] == [f"{n:02}.txt" for n in range(20)]
    assert shown["file_count"] == 25
    assert "and 5 more" in succeeds("show", "many").lines


def test_a_version_whose_content_is_gone_is_still_shown(team: Path) -> None:
    shown = answers("--content", "memory://", "show", "mnist/digits:v0")
    assert shown["files"] is None
    assert "No content is stored" in shown["files_unreadable"]
    assert shown["metadata"] == {"rows": 1797, "by": "ada"}


def test_a_use_through_a_collection_that_was_deleted_is_still_a_use(team: Path) -> None:
    succeeds("link", "mnist/digits:v0", f"{GOLDEN}/raw")
    succeeds("use", f"{GOLDEN}/raw")
    deleted = answers("collection", "delete", f"{GOLDEN}/raw")
    assert deleted["unlinked"] == ["wandb-registry-Golden Datasets/raw:v0"]
    (use,) = answers("show", "mnist/digits:v0")["used_by"]
    assert use["through"] is None
    assert "a collection that is gone" in succeeds("show", "mnist/digits:v0").out


# --- history -------------------------------------------------------------------------------------


def test_history_tells_when_who_what_and_through_which_run(team: Path) -> None:
    succeeds("--actor", "ada", "alias", "add", "mnist/digits:v0", "best")
    events = answers("history", "mnist/digits")["events"]
    assert [event["position"] for event in events] == sorted(e["position"] for e in events)
    assert (events[-1]["actor"], events[-1]["what"]) == ("ada", "gave v0 the alias best")
    logged = next(event for event in events if event["event"] == "ArtifactLogged")
    assert logged["run"] == answers("show", "mnist/digits:v0")["run"]
    last = succeeds("history", "mnist/digits").lines[-1]
    assert last.split("  ")[1:] == ["ada", "gave v0 the alias best"]
    assert last.split("  ")[0].endswith("Z")


# --- aliases -------------------------------------------------------------------------------------


def test_an_alias_moves_and_the_command_says_from_where(team: Path) -> None:
    """Semantics §7: an alias names one version of a collection; given to another one, it moves."""
    succeeds("alias", "add", "mnist/digits:v0", "best", "first")
    moved = answers("alias", "add", "mnist/digits:v1", "best")
    assert (moved["before"], moved["aliases"]) == ({"best": "v0"}, ["best", "latest"])
    assert "best: v1 -> v0" in succeeds("alias", "add", "mnist/digits:v0", "best").lines


def test_removing_an_alias_leaves_what_the_version_does_not_have(team: Path) -> None:
    succeeds("alias", "add", "mnist/digits:v0", "best")
    removed = succeeds("alias", "remove", "mnist/digits:v0", "best", "latest", "nosuch").lines
    assert removed[1:] == [
        "best: taken from v0",
        "latest: was not there",
        "nosuch: was not there",
        "Aliases: none",
    ]
    assert answers("show", "mnist/digits:latest")["version"] == "v1"
