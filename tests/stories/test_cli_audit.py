"""`stemmata audit`, `timeline`, `diff` and `replay` tell what happened, for people and for programs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

import stemmata
from tests.stories.command_line import PROGRAM, answers, called, refused, succeeds
from tests.stories.test_cli_documents import REFERENCE

DIGITS = "wandb-registry-model/Digits"
ENTRY = {
    *("position", "id", "at", "actor", "kind", "thing", "what", "changes", "run", "key"),
    *("correlation", "event"),
}
PERIOD = {
    *("name", "alias", "version", "version_id", "full_name", "source"),
    *("since", "since_position", "since_by", "until", "until_position", "until_by"),
}
GROUPS = {
    *("organizations", "registries", "collections", "versions", "links"),
    *("aliases", "tags", "runs", "uses", "outputs"),
}
RECORDED = {
    *("position", "stream", "version", "id", "at", "actor", "correlation", "key"),
    *("event", "schema", "payload"),
}


@pytest.fixture
def team(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Production was v0, then v1, then nothing."""
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    for content in ("zero", "one"):
        (acme / "model.bin").write_text(content)
        succeeds(
            *("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist"),
            *("--link", DIGITS, "--link-alias", "production"),
        )
    succeeds("--actor", "ada", "alias", "remove", f"{DIGITS}:v1", "production")
    return acme


def lines(*arguments: str) -> list[dict[str, Any]]:
    """Return the documents that a command prints, one a line."""
    return [json.loads(line) for line in succeeds(*arguments, "--json").out.splitlines()]


# --- audit ---------------------------------------------------------------------------------------


def test_audit_answers_with_an_entry_for_each_event(team: Path) -> None:
    told = answers("audit", "--limit", "1000")
    assert set(told) == {"entries", "cursor"}
    assert told["cursor"] is None
    assert all(set(entry) == ENTRY for entry in told["entries"])
    events = lines("replay")
    assert [(e["position"], e["id"], e["kind"], e["event"]) for e in told["entries"]] == [
        (e["position"], e["id"], e["event"], e["payload"]) for e in events
    ]


def test_audit_tells_who_when_what_and_from_what_to_what(team: Path) -> None:
    last = succeeds("audit", DIGITS, "--newest-first", "--limit", "1").lines[1]
    assert "  ada  took the alias production from v1  " in last
    assert f"{DIGITS}:v1" in last
    assert last.endswith("alias production: v1 -> nothing")
    assert re.search(r"  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  ", last)


def test_audit_is_narrowed_by_each_option(team: Path) -> None:
    def kinds(*options: str) -> list[str]:
        return [entry["kind"] for entry in answers("audit", *options)["entries"]]

    assert kinds("--by", "ada") == ["AliasRemoved"]
    assert kinds(DIGITS, "--kind", "VersionLinked") == ["VersionLinked"] * 2
    assert set(kinds("--kind", "RunStarted", "--kind", "RunFinished")) == {
        "RunStarted",
        "RunFinished",
    }
    [used] = {entry["run"] for entry in answers("audit", "mnist/digits:v1")["entries"]} - {None}
    assert kinds("--run", used)[0] == "RunStarted"
    assert "CommandKeyed" not in kinds("--organization", "Acme Inc")
    assert len(kinds("--after", "2", "--before", "5")) == 2
    assert kinds("--until", "1999-12-31T00:00Z") == []
    assert len(kinds("--since", "1999-12-31T00:00Z", "--as-of", "7")) == 7


def test_the_pages_of_audit_follow_each_other(team: Path) -> None:
    whole = answers("audit", "--limit", "1000", "--newest-first")["entries"]
    found: list[Any] = []
    options: list[str] = []
    while True:
        page = answers("audit", "--newest-first", "--limit", "13", *options)
        found += page["entries"]
        if page["cursor"] is None:
            break
        said = succeeds("audit", "--newest-first", "--limit", "13", *options).lines[-1]
        assert said == f"There is more: --cursor {page['cursor']}"
        options = ["--cursor", page["cursor"]]
    assert found == whole


def test_where_nothing_happened_audit_says_so(team: Path) -> None:
    assert succeeds("audit", "--by", "nobody").lines == ["Nothing of this happened."]


REFUSED = (
    (("audit", "wandb-registry-nowhere"), "'nowhere' not found"),
    (("audit", "--kind", "AliasMoved"), "the kinds of events are"),
    (("audit", "--since", "2026-03-03"), "time zone"),
    (("audit", "--limit", "0"), "from 1 to"),
    (("audit", "--after", "-1"), "from 0"),
    (("audit", "--cursor", "made-up"), "cursor"),
    (("audit", "--run", "vision/mnist/none"), "not found"),
    (("timeline", f"{DIGITS}:never"), "'never'"),
    (("timeline", "nowhere"), "'nowhere' not found"),
    (("diff", "yesterday", "now"), "time with its zone"),
    (("diff", "0", "1000000"), "the log has come to position"),
    (("diff", "0", "now", f"{DIGITS}:v0"), "names a version"),
    (("replay", "--kind", "x"), "the kinds of events are"),
    (("replay", "--after", "-1"), "from 0"),
    (("replay", "--as-of", "yesterday"), "time with its zone"),
)


def test_what_cannot_be_told_is_refused(team: Path) -> None:
    for arguments, said in REFUSED:
        assert said in refused(*arguments), arguments


# --- timeline ------------------------------------------------------------------------------------


def test_timeline_answers_with_periods(team: Path) -> None:
    told = answers("timeline", f"{DIGITS}:production")
    assert set(told) == {"name", "periods"}
    assert all(set(period) == PERIOD for period in told["periods"])
    assert [(p["version"], p["since_by"], p["until_by"]) for p in told["periods"]] == [
        ("v0", "ci", "ci"),
        ("v1", "ci", "ada"),
        (None, "ada", None),
    ]


def test_timeline_tells_people_the_same(team: Path) -> None:
    *_, first, second, gap = succeeds("timeline", f"{DIGITS}:production").lines
    assert first.split()[:2] == ["production", "v0"]
    assert first.endswith("vision/mnist/digits:v0")
    assert second.split()[-2:] == ["ada", "vision/mnist/digits:v1"]
    assert gap.split()[:2] == ["production", "nothing"]


def test_timeline_ends_at_a_moment(team: Path) -> None:
    [first, *_] = answers("timeline", f"{DIGITS}:production")["periods"]
    then = str(first["since_position"])
    [period] = answers("timeline", f"{DIGITS}:production", "--as-of", then)["periods"]
    assert period == {**first, "until": None, "until_position": None, "until_by": None}


def test_a_collection_without_versions_has_no_timeline_to_tell(team: Path) -> None:
    succeeds("collection", "create", "wandb-registry-model/Empty", "--type", "model")
    said = succeeds("timeline", "wandb-registry-model/Empty").lines
    assert said[-1] == "It never had an alias."


# --- diff ----------------------------------------------------------------------------------------


def test_diff_answers_with_what_is_different_in_groups(team: Path) -> None:
    told = answers("diff", "0", "now")
    assert set(told) == GROUPS | {"from", "to", "name"}
    things = [thing for group in GROUPS for thing in told[group]]
    assert things
    assert all(set(t) == {"kind", "id", "name", "how", "changes"} for t in things)
    assert [link["name"] for link in told["links"]] == [f"{DIGITS}:v0", f"{DIGITS}:v1"]


def test_diff_tells_people_the_same(team: Path) -> None:
    [_, moved, *_] = answers("timeline", f"{DIGITS}:production")["periods"]
    said = succeeds("diff", str(moved["since_position"] - 1), "now", DIGITS).lines
    assert f"{DIGITS}:production  removed  alias production: v0 -> nothing" in said
    assert succeeds("diff", "3", "3").lines[-1] == "Nothing is different."


# --- replay --------------------------------------------------------------------------------------


def test_replay_prints_a_document_a_line(team: Path) -> None:
    events = lines("replay")
    assert all(set(event) == RECORDED for event in events)
    assert [event["position"] for event in events] == [*range(1, len(events) + 1)]
    assert lines("replay", "--after", "2", "--until", "5") == events[2:5]
    assert lines("replay", "--as-of", "4") == events[:4]
    linked = lines("replay", "--kind", "VersionLinked", "--kind", "VersionUnlinked")
    assert linked == [event for event in events if event["event"] == "VersionLinked"]
    assert called("replay", "--after", "100000").out == ""


def test_replay_tells_people_a_line_for_each_event(team: Path) -> None:
    said = succeeds("replay").lines
    assert len(said) == len(lines("replay"))
    assert said[-1].endswith("  took the alias production from v1")


def test_replay_into_a_pipe_that_closes_ends_as_pipes_do(team: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "replay", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_replay_without_a_registry_prints_nothing(workplace: Path) -> None:
    assert "there is no registry here" in refused("replay")


def test_every_key_stands_in_the_reference() -> None:
    told = set(re.findall(r"`([a-z_]+)`", REFERENCE.read_text(encoding="utf-8")))
    assert (ENTRY | PERIOD | GROUPS | RECORDED) - told == set()


def test_replay_goes_on_with_what_is_appended_meanwhile(team: Path) -> None:
    before = lines("replay")
    program = [*PROGRAM, "replay", "--json", "--follow"]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as following:
        assert following.stdout is not None
        try:
            found = [json.loads(following.stdout.readline()) for _ in before]
            with stemmata.open() as stemma:
                stemma.organize("Later")
            found.append(json.loads(following.stdout.readline()))
        finally:
            following.send_signal(signal.SIGINT)
            assert following.wait(60) == 130
    assert found == lines("replay")[: len(before) + 1]


def test_replay_follows_up_to_a_position_of_whatever_kind(team: Path) -> None:
    every = lines("replay")
    assert lines("replay", "--follow", "--until", "5") == every[:5]
    assert lines("replay", "--follow", "--after", "5", "--until", "5") == []
    kind = str(every[0]["event"])
    assert every[4]["event"] != kind
    assert lines("replay", "--follow", "--until", "5", "--kind", kind) == [
        each for each in every[:5] if each["event"] == kind
    ]
    assert "nothing to come" in refused("replay", "--follow", "--as-of", "4")
    assert "the log has come to position" in refused("replay", "--follow", "--after", "100000")
