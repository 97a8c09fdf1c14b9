"""`stemmata init` says what it made and what to do next; `stemmata whoami` says who may do what."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.stories.command_line import answers, refused, succeeds

FOUND = (
    "init",
    "Acme Inc",
    "--team",
    "vision",
    "--team",
    "speech",
    "--user",
    "ada",
    "--user",
    "bob",
)


@pytest.fixture
def bare(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where nothing is set but who acts: the registry goes where it goes by default."""
    for name in ("STEMMATA_URL", "STEMMATA_CONTENT"):
        monkeypatch.delenv(name)
    return workplace


# --- init ----------------------------------------------------------------------------------------


def test_an_organization_starts_with_teams_people_and_the_core_registries(workplace: Path) -> None:
    """Semantics §5: every organization has the registries model and dataset from the start."""
    founded = answers(*FOUND)
    assert founded["is_new"] is True
    assert founded["organization"] == {
        "name": "Acme Inc",
        "entity": "acme-inc",
        "teams": ["speech", "vision"],
        "people": ["ada", "bob"],
        "registries": ["wandb-registry-dataset", "wandb-registry-model"],
    }


def test_the_first_person_is_the_admin_who_may_extend_the_organization(workplace: Path) -> None:
    assert "ada (admin), bob" in succeeds(*FOUND).out
    assert "'bob' may not act" in refused("--actor", "bob", "init", "acme-inc", "--team", "nlp")
    extended = answers("--actor", "ada", "init", "acme-inc", "--team", "nlp", "--user", "eve")
    assert extended["is_new"] is False
    assert (extended["new_teams"], extended["new_people"]) == (["nlp"], ["eve"])


def test_founding_again_changes_nothing_and_says_so(workplace: Path) -> None:
    succeeds(*FOUND)
    assert succeeds(*FOUND).lines[0] == "Acme Inc was there already."


def test_what_init_says_to_export_works_in_every_folder(bare: Path, tmp_path: Path) -> None:
    founded = succeeds(*FOUND).out
    exports = [line for line in founded.splitlines() if line.startswith("export ")]
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    program = shlex.quote(sys.executable)
    script = "\n".join((*exports, f"exec {program} -m stemmata whoami --json"))
    answered = subprocess.run(
        ["sh", "-ec", script], cwd=elsewhere, capture_output=True, text=True, check=True
    )
    assert '"actor": "ada"' in answered.stdout
    assert '"default_entity": "vision"' in answered.stdout
    assert (bare / ".stemmata" / "registry.db").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_folder_with_a_space_is_quoted_for_the_shell(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bare / "my registries"
    folder.mkdir()
    monkeypatch.chdir(folder)
    founded = answers(*FOUND)
    assert "my%20registries" in founded["environment"]["STEMMATA_URL"]
    monkeypatch.chdir(bare)
    monkeypatch.setenv("STEMMATA_URL", founded["environment"]["STEMMATA_URL"])
    assert answers("ls")["organizations"][0]["name"] == "Acme Inc"


def test_content_that_was_put_elsewhere_is_exported_too(bare: Path) -> None:
    founded = answers("--content", "blobs", *FOUND)
    assert founded["environment"] == {
        "STEMMATA_URL": f"sqlite:///{bare / '.stemmata' / 'registry.db'}",
        "STEMMATA_CONTENT": str(bare / "blobs"),
        "STEMMATA_ACTOR": "ada",
        "STEMMATA_ENTITY": "vision",
    }


def test_without_a_team_init_says_that_one_is_needed(workplace: Path) -> None:
    lines = succeeds("init", "Lone Org").lines
    assert "stemmata init 'Lone Org' --team '<team>'" in lines


# --- whoami --------------------------------------------------------------------------------------


def test_a_person_sees_their_teams_and_that_their_own_entity_cannot_be_linked(
    workplace: Path,
) -> None:
    """Semantics §4: what a personal entity has logged cannot be linked."""
    succeeds(*FOUND)
    me = answers("--actor", "bob", "whoami")
    assert me["is_known"] is True
    assert (me["default_entity"], me["default_entity_from"]) == ("bob", "personal entity")
    assert [(each["entity"], each["can_be_linked"]) for each in me["entities"]] == [
        ("speech", True),
        ("vision", True),
        ("bob", False),
    ]
    assert me["entities"][2]["reason"] == "what a personal entity has logged cannot be linked"
    assert me["organizations"] == [{"name": "Acme Inc", "entity": "acme-inc"}]


def test_a_person_sees_only_the_teams_that_they_belong_to(workplace: Path) -> None:
    succeeds(*FOUND)
    succeeds("--actor", "ada", "init", "acme-inc", "--team", "nlp", "--user", "eve")
    mine = [each["entity"] for each in answers("--actor", "eve", "whoami")["entities"]]
    admins = [each["entity"] for each in answers("--actor", "ada", "whoami")["entities"]]
    assert mine == ["nlp", "eve"]
    assert admins == ["nlp", "speech", "vision", "ada"]


def test_whoever_is_no_person_of_the_registry_acts_for_its_host(workplace: Path) -> None:
    succeeds(*FOUND)
    host = answers("whoami")
    assert (host["actor"], host["is_known"], host["default_entity"]) == ("ci", False, None)
    assert "acts for its host" in succeeds("whoami").out


def test_whoami_tells_where_the_default_entity_comes_from(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    succeeds("init", "Acme Inc", "--team", "vision")
    assert answers("whoami")["default_entity_from"] == "only team"
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    assert answers("whoami")["default_entity_from"] == "STEMMATA_ENTITY"
    said = answers("--entity", "acme-inc", "whoami")
    assert (said["default_entity"], said["default_entity_from"]) == ("acme-inc", "--entity")
    assert "an organization" in succeeds("--entity", "acme-inc", "whoami").out
    assert "nothing here has this name" in succeeds("--entity", "vsion", "whoami").out


def test_whoami_names_the_team_to_export_where_the_default_cannot_be_linked_from(
    workplace: Path,
) -> None:
    succeeds(*FOUND)
    assert "export STEMMATA_ENTITY=speech" in succeeds("--actor", "bob", "whoami").lines
    assert "export" not in succeeds("--actor", "bob", "--entity", "vision", "whoami").out


def test_a_person_is_in_several_organizations(workplace: Path) -> None:
    succeeds("init", "One", "--team", "first", "--user", "ada")
    succeeds("init", "Two", "--team", "second", "--user", "ada")
    me = answers("--actor", "ada", "whoami")
    assert [each["name"] for each in me["organizations"]] == ["One", "Two"]
    assert [each["organization"] for each in me["entities"]] == ["One", "Two", None]
