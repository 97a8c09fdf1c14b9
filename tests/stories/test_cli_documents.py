"""What `--json` prints: one document, with keys that scripts rely on.

A key that goes, or changes its meaning, breaks somebody's script: docs/reference/cli.md lists them, and
the changelog tells of them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.stories.command_line import answers, succeeds

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"

VERSION = {
    *(
        "full_name",
        "qualified_name",
        "version",
        "type",
        "aliases",
        "tags",
        "description",
        "metadata",
    ),
    *("digest", "digest_algorithm", "size", "file_count", "is_link", "source", "created_at"),
    *("created_by", "run", "linked_at", "linked_by"),
}
COLLECTION = {
    *(
        "full_name",
        "qualified_name",
        "name",
        "type",
        "is_link",
        "description",
        "tags",
        "created_at",
    ),
    *("created_by", "versions"),
}
REGISTRY = {
    *("full_name", "qualified_name", "name", "organization", "organization_entity", "visibility"),
    *("accepted_types", "description", "is_core", "created_at", "created_by", "collections"),
}
CODE = {"target_path", "snippet"}
ORGANIZATION = {"name", "entity", "teams", "people", "registries"}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with one artifact, linked once."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (acme / "model.bin").write_bytes(b"weights")
    succeeds("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist")
    succeeds("link", "mnist/digits", "wandb-registry-model/Digits")
    return acme


def test_logging_and_linking_answer_with_the_version(team: Path) -> None:
    logged = answers("log", "model.bin", "--name", "mnist/digits", "--type", "model")
    assert set(logged) == VERSION | {"is_new", "link"}
    assert (logged["is_new"], logged["link"]) == (False, None)
    linked = answers("link", "mnist/digits", "wandb-registry-model/Digits")
    assert set(linked) == VERSION | {"is_new"}
    assert linked["is_new"] is False
    both = answers(
        *("log", "model.bin", "--name", "mnist/digits", "--type", "model"),
        *("--link", "wandb-registry-model/Others"),
    )
    assert both["link"]["is_new"] is True
    assert both["link"]["full_name"] == "wandb-registry-model/Others:v0"


def test_using_downloading_and_unlinking_answer_with_what_they_did(team: Path) -> None:
    name = "wandb-registry-model/Digits:v0"
    used = answers("use", name)
    assert set(used) == VERSION | {"used_by"}
    assert used["used_by"].startswith("vision/uncategorized/")
    got = answers("get", name, "--use")
    assert set(got) == VERSION | {"root", "downloaded", "downloaded_size", "used_by"}
    assert got["root"] == str(team / "artifacts" / "digits:v0")
    assert (got["downloaded"], got["downloaded_size"]) == (1, 7)
    assert answers("get", name)["used_by"] is None
    assert answers("unlink", name) == {"full_name": name, "source": "vision/mnist/digits:v0"}


def test_a_version_is_shown_with_its_surroundings(team: Path) -> None:
    answers("use", "wandb-registry-model/Digits")
    shown = answers("show", "wandb-registry-model/Digits")
    assert set(shown) == VERSION | {"links", "used_by", "files", "files_unreadable", "snippet"}
    assert set(shown["links"][0]) == {"full_name", "linked_at", "linked_by"}
    assert set(shown["used_by"][0]) == {"run", "job_type", "through", "used_at", "used_by"}
    assert set(shown["files"][0]) == {"path", "size", "digest", "ref"}
    source = answers("show", "mnist/digits")
    assert (source["is_link"], source["linked_at"], source["linked_by"]) == (False, None, None)


def test_every_listing_has_its_shape(team: Path) -> None:
    (everything,) = answers("ls")["organizations"]
    assert set(everything) == ORGANIZATION | {"projects", "personal_projects"}
    assert set(everything["registries"][0]) == REGISTRY
    assert set(everything["projects"][0]) == {"name", "artifacts"}
    assert set(answers("ls", "vision")) == {"entity", "projects"}
    assert set(answers("ls", "mnist")) == {"entity", "project", "artifacts", "collections"}
    registry = answers("ls", "wandb-registry-model")
    assert set(registry) == REGISTRY | CODE
    assert set(registry["collections"][0]) == COLLECTION | {"aliases"}
    collection = answers("ls", "wandb-registry-model/Digits")
    assert set(collection) == COLLECTION
    assert set(collection["versions"][0]) == VERSION


def test_what_is_created_is_answered_as_it_would_be_listed(team: Path) -> None:
    registry = answers("registry", "create", "Trials", "--description", "for a while")
    assert registry == answers("ls", "wandb-registry-Trials")
    assert (registry["accepted_types"], registry["description"]) == (None, "for a while")
    made = answers(
        *("collection", "create", "wandb-registry-Trials/A", "--type", "model"),
        *("--tag", "one", "--tag", "two", "--description", "first"),
    )
    assert made == answers("ls", "wandb-registry-Trials/A")
    assert (made["tags"], made["description"]) == (["one", "two"], "first")
    deleted = answers("collection", "delete", "wandb-registry-Trials/A")
    assert deleted == {"full_name": "wandb-registry-Trials/A", "unlinked": []}


def test_aliases_answer_with_the_version_and_where_they_were(team: Path) -> None:
    added = answers("alias", "add", "mnist/digits", "best")
    assert set(added) == VERSION | {"before"}
    assert added["before"] == {"best": None}
    assert answers("alias", "remove", "mnist/digits", "best")["before"] == {"best": "v0"}


def test_history_answers_with_every_event(team: Path) -> None:
    past = answers("history", "mnist/digits")
    assert set(past) == {"name", "events"}
    keys = {"at", "actor", "what", "run", "event", "position", "id", "correlation"}
    assert all(set(event) == keys for event in past["events"])


def test_usage_answers_with_figures(team: Path) -> None:
    succeeds("use", "wandb-registry-model/Digits")
    figures = {"uses", "runs", "people", "first", "last"}
    for name in ("wandb-registry-model/Digits:v0", "wandb-registry-model", "mnist/digits"):
        used = answers("usage", name)
        assert set(used) == {"kind", "name", "through", "total", "users", "parts"}
        assert set(used["through"]) == set(used["total"]) == figures
        assert all(set(part) == {"name", "is_gone", "through", "total"} for part in used["parts"])
    (user,) = answers("usage", "wandb-registry-model/Digits:v0")["users"]
    assert set(user) == {"who", "through", "is_gone", "uses", "runs", "first", "last"}
    succeeds("log", "model.bin", "--name", "other", "--type", "model", "--project", "mnist")
    unused = answers("usage", "--unused")
    assert set(unused) == {"scope", "size", "versions"}
    keys = {"full_name", "type", "aliases", "size", "file_count", "created_at", "created_by"}
    assert set(unused["versions"][0]) == keys


def test_whoami_and_init_answer_with_their_facts(team: Path) -> None:
    me = answers("--actor", "ada", "whoami")
    assert set(me) == {
        *("actor", "is_known", "default_entity", "default_entity_from", "entities"),
        *("organizations", "url"),
    }
    entity = {"entity", "kind", "organization", "can_be_linked", "reason"}
    assert all(set(each) == entity for each in me["entities"])
    founded = answers("init", "Other")
    assert set(founded) == {
        *("organization", "is_new", "new_teams", "new_people", "environment", "snippet"),
    }
    assert set(founded["organization"]) == ORGANIZATION


def test_moments_are_told_in_utc_to_the_microsecond(team: Path) -> None:
    shown = answers("show", "wandb-registry-model/Digits")
    events = answers("history", "wandb-registry-model/Digits")["events"]
    for moment in (shown["created_at"], shown["linked_at"], *(event["at"] for event in events)):
        assert MOMENT.fullmatch(moment)
        age = datetime.now(UTC) - datetime.fromisoformat(moment)
        assert timedelta(0) < age < timedelta(minutes=10)


def test_every_key_stands_in_the_reference() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", text))
    usage = {"through", "total", "users", "parts", "uses", "runs", "people", "first", "last", "who"}
    assert (VERSION | COLLECTION | REGISTRY | CODE | ORGANIZATION | usage) - told == set()
