"""`--as-of`: the commands that read answer as the registry was then."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.stories.command_line import answers, refused, succeeds

DIGITS = "wandb-registry-model/Digits"


class Story(NamedTuple):
    """A collection in which `production` moved, and the moments after each version was linked."""

    folder: Path
    moments: list[str]


@pytest.fixture
def story(acme: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    moments = []
    for content in ("zero", "one"):
        (acme / "model.bin").write_text(content)
        succeeds(
            *("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist"),
            *("--link", DIGITS, "--link-alias", "production"),
        )
        moments.append(answers("history", DIGITS)["events"][-1]["at"])
    return Story(acme, moments)


def test_a_version_is_shown_as_it_was(story: Story) -> None:
    for number, moment in enumerate(story.moments):
        shown = answers("show", f"{DIGITS}:production", "--as-of", moment)
        assert shown["version"] == f"v{number}"
        assert shown["aliases"] == ["latest", "production"]
    assert answers("show", f"{DIGITS}:v0")["aliases"] == []


def test_a_list_has_what_there_was(story: Story) -> None:
    first, last = story.moments
    assert [v["version"] for v in answers("ls", DIGITS, "--as-of", first)["versions"]] == ["v0"]
    assert answers("ls", DIGITS, "--as-of", last) == answers("ls", DIGITS)
    assert answers("ls", "--as-of", "1999-12-31T23:59Z") == {"organizations": []}
    (organization,) = answers("ls", "--as-of", "9")["organizations"]
    assert organization["projects"] == []


def test_a_history_ends_at_the_moment(story: Story) -> None:
    events = answers("history", DIGITS)["events"]
    for wanted in events:
        then = answers("history", DIGITS, "--as-of", str(wanted["position"]))["events"]
        assert then == [each for each in events if each["position"] <= wanted["position"]]


def test_the_files_of_then_are_downloaded(story: Story) -> None:
    first, _ = story.moments
    succeeds("get", f"{DIGITS}:production", "--as-of", first, "--root", "then")
    assert (story.folder / "then" / "model.bin").read_text() == "zero"


def test_a_use_of_what_was_is_recorded_now(story: Story) -> None:
    first, _ = story.moments
    got = answers("get", f"{DIGITS}:production", "--as-of", first, "--root", "then", "--use")
    assert [use["run"] for use in answers("show", f"{DIGITS}:v0")["used_by"]] == [got["used_by"]]


@pytest.mark.parametrize(
    "command",
    [("ls",), ("show", DIGITS), ("history", DIGITS), ("get", DIGITS), ("usage", DIGITS)],
)
@pytest.mark.parametrize(
    ("moment", "rule"),
    [
        ("2026-03-03", "time zone"),
        ("soon", "give a time with its zone"),
        ("1000000", "the log has come to position"),
    ],
)
def test_a_moment_that_cannot_be_meant_is_refused(
    story: Story, command: tuple[str, ...], moment: str, rule: str
) -> None:
    assert rule in refused(*command, "--as-of", moment)
