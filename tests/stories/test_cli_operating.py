"""`doctor`, `verify` and `rebuild`: looking after a registry at the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.stories.command_line import answers, called, refused, run, succeeds

DIGITS = "wandb-registry-model/Digits"
VIEWS = ["version_index", "lineage", "audit", "search"]


@pytest.fixture
def registry(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A registry with a linked version; returns its file."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (acme / "model.bin").write_text("model")
    succeeds(
        *("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist"),
        *("--link", DIGITS, "--link-alias", "production"),
    )
    return acme / "registry.db"


def raw(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def damage_alias(path: Path) -> int:
    """Make the event unreadable by which the link got its alias, and return its position."""
    with closing(sqlite3.connect(path)) as connection, connection:
        found = (
            "SELECT position FROM event"
            " WHERE topic = 'AliasAdded' AND CAST(state AS TEXT) LIKE '%production%'"
        )
        (position,) = connection.execute(found).fetchone()
        connection.execute("UPDATE event SET topic = 'Later' WHERE position = ?", (position,))
    return int(position)


def test_a_registry_that_is_well_says_where_it_is_and_how_far_it_has_come(registry: Path) -> None:
    found = answers("doctor")
    head = found["head"]
    assert found["is_well"] is True
    assert (found["log"]["file"], found["log"]["schema"]) == (str(registry), 2)
    assert found["views_in"]["file"] == str(registry)
    assert found["content"] == {"store": "folder", "file": str(registry.parent / "blobs")}
    assert [(v["name"], v["position"], v["behind"]) for v in found["views"]] == [
        (name, head, 0) for name in VIEWS
    ]
    assert found["parked"] == found["unfinished"] == found["findings"] == []
    said = succeeds("doctor").out
    assert f"position {head}" in said
    assert "Nothing is wrong." in said
    assert str(registry) in said


def test_what_is_parked_is_told_with_its_cause_and_tried_again(registry: Path) -> None:
    position = damage_alias(registry)
    made = answers("rebuild")
    assert made["views"] == VIEWS
    assert {each["position"] for each in made["parked"]} == {position}
    ended = called("doctor", "--json")
    found = json.loads(ended.out)
    assert (ended.code, ended.err, found["is_well"]) == (1, "", False)
    assert [(each["view"], each["topic"]) for each in found["parked"]] == [
        (name, "Later") for name in sorted(VIEWS)
    ]
    assert all("unknown" in each["cause"] for each in found["parked"])
    assert [each["parked"] for each in found["views"]] == [1, 1, 1, 1]
    assert "doctor --retry" in found["findings"][0]["remedy"]
    text = called("doctor")
    assert text.code == 1
    assert "could not take 1 event" in text.out
    # It is no use as long as nothing has changed, and everything else goes on.
    again = called("doctor", "--retry")
    assert (again.code, "nothing could be taken" in again.out) == (1, True)
    assert refused("show", f"{DIGITS}:production")
    assert answers("show", f"{DIGITS}:v0")["version"] == "v0"
    raw(registry, f"UPDATE event SET topic = 'AliasAdded' WHERE position = {position}")
    retried = answers("doctor", "--retry")
    assert (retried["is_well"], retried["retried"]) == (True, VIEWS)
    assert answers("show", f"{DIGITS}:production")["version"] == "v0"
    assert answers("doctor", "--retry")["retried"] == []


def test_views_that_are_damaged_are_found_and_made_anew(registry: Path) -> None:
    sound = answers("verify")
    assert (sound["is_sound"], sound["log"]["faults"]) == (True, 0)
    assert sound["rows"] == sum(table["rows"] for table in sound["tables"])
    raw(registry, "UPDATE view_alias SET number = 7 WHERE alias = 'production'")
    raw(registry, "UPDATE view_version SET size = x'00'")
    ended = called("verify", "--json")
    found = json.loads(ended.out)
    assert (ended.code, ended.err, found["is_sound"]) == (1, "", False)
    differing = {table["table"]: table for table in found["tables"] if table["differences"]}
    assert differing.keys() == {"alias", "version"}
    (difference,) = differing["alias"]["first"]
    assert difference["kind"] == "different"
    assert difference["key"][1] == "production"
    assert (difference["expected"]["row"][2], difference["found"]["row"][2]) == (0, 7)
    text = called("verify")
    assert text.code == 1
    assert "production" in text.out
    assert "stemmata rebuild" in text.out
    assert answers("rebuild", "version_index")["views"] == ["version_index"]
    assert "the views are what it makes of them" in succeeds("verify").out


def test_a_log_that_is_damaged_is_told_apart_from_its_views(registry: Path) -> None:
    damage_alias(registry)
    ended = called("verify")
    assert ended.code == 1
    assert "The log is not whole" in ended.out
    assert "restore it from a backup" in ended.out


def test_a_view_that_there_is_not_is_refused_with_those_that_there_are(registry: Path) -> None:
    said = refused("rebuild", "names")
    assert "'names'" in said
    assert "version_index, lineage, audit, search" in said


def test_help_says_what_the_exit_code_means() -> None:
    for command in ("doctor", "verify"):
        ended = run(command, "--help")
        assert ended.code == 0
        assert "Exits with 1" in ended.out
        assert "Examples:" in ended.out
