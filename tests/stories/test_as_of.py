"""Asking as of a moment: every answer is that of then, and stays it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata.draft import Draft
from stemmata.reading.reader import Reader
from stemmata.stemma import Stemma
from stemmata_domain.errors import InvalidMoment, UnknownArtifact, UnknownRegistry, UnknownVersion

DIGITS = "wandb-registry-model/Digits"


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory://", "sqlite:///registry.db"])
def stemma(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[Stemma]:
    monkeypatch.chdir(tmp_path)
    with stemmata.open(request.param, actor="ada", entity="vision", clock=clock) as opened:
        opened.organize("Acme", teams=["vision"])
        yield opened


def log(stemma: Stemma, content: str) -> str:
    draft = Draft(stemma.content)
    with draft.new_file("model.bin", "w") as file:
        file.write(content)
    sealed = draft.seal()
    logged = stemma.log(
        "mnist/digits",
        type="model",
        manifest=sealed.manifest,
        digest=sealed.digest,
        size=sealed.size,
        file_count=sealed.file_count,
    )
    return logged.name


@pytest.fixture
def march(stemma: Stemma, clock: Clock) -> Stemma:
    """Production was v0 on 2 March, v1 from 3 March, 12:00, and nothing from 4 March."""
    for day, content in ((2, "zero"), (3, "one")):
        clock.time = datetime(2026, 3, day, 12, tzinfo=UTC)
        stemma.link(log(stemma, content), DIGITS, aliases=["production"])
    clock.time = datetime(2026, 3, 4, 12, tzinfo=UTC)
    stemma.edit_aliases(f"{DIGITS}:v1", remove=["production"])
    return stemma


@pytest.mark.parametrize(
    ("moment", "content"),
    [
        ("2026-03-02T12:00:00Z", "zero"),
        ("2026-03-03T11:59:59.999999Z", "zero"),
        ("2026-03-03T12:00Z", "one"),
        ("2026-03-03T21:00+09:00", "one"),
        ("2026-03-03T20:59+09:00", "zero"),
        (datetime(2026, 3, 4, 11, tzinfo=UTC), "one"),
    ],
)
def test_an_alias_names_what_it_named_then(
    march: Stemma, tmp_path: Path, moment: str | datetime, content: str
) -> None:
    past = march.as_of(moment)
    version = past.resolve(f"{DIGITS}:production")
    assert version.aliases == ("latest", "production")
    with past.files(f"{DIGITS}:production").open("model.bin") as file:
        assert file.read().decode() == content
    folder = past.download(f"{DIGITS}:production", tmp_path / "then")
    assert (folder / "model.bin").read_text() == content


def test_what_came_later_was_not_there(march: Stemma) -> None:
    past = march.as_of("2026-03-02T13:00Z")
    assert [version.index for version in past.versions(DIGITS)] == [0]
    with pytest.raises(UnknownVersion):
        past.resolve(f"{DIGITS}:v1")
    assert len(march.versions(DIGITS)) == 2


def test_before_the_first_event_there_is_an_empty_registry(march: Stemma) -> None:
    for past in (march.as_of("1999-01-01T00:00Z"), march.as_of(0)):
        assert past.position() == 0
        assert [past.organizations(), past.registries(), past.artifacts()] == [[], [], []]
        assert list(past.replay()) == []
        with pytest.raises(UnknownArtifact):
            past.resolve("mnist/digits")
        with pytest.raises((UnknownRegistry, LookupError)):
            past.resolve(f"{DIGITS}:production")


def test_a_handle_on_a_moment_stays_as_it_is(march: Stemma, clock: Clock) -> None:
    now = march.as_of(clock.time + timedelta(days=365))
    assert now.position() == march.position()
    march.link("vision/mnist/digits:v0", DIGITS, aliases=["production"])
    with pytest.raises(UnknownVersion):
        now.resolve(f"{DIGITS}:production")
    assert march.resolve(f"{DIGITS}:production").index == 0


def test_a_position_is_a_moment_too(march: Stemma) -> None:
    assert march.as_of(str(march.position())).versions(DIGITS) == march.versions(DIGITS)
    events = list(march.replay())
    for recorded in events:
        past = march.as_of(recorded.position)
        assert list(past.replay())[-1] == recorded
        assert past.as_of(0).position() == 0


def test_a_moment_of_the_past_knows_nothing_of_what_came_after_it(march: Stemma) -> None:
    past = march.as_of("2026-03-02T13:00Z")
    assert past.as_of("2026-03-05T00:00Z").position() == past.position()
    with pytest.raises(InvalidMoment):
        past.as_of(past.position() + 1)
    assert len(past.history(DIGITS)) < len(march.history(DIGITS))


def test_an_event_that_a_clock_set_back_dated_earlier_changes_no_past(
    march: Stemma, clock: Clock
) -> None:
    past = march.as_of(march.position())
    before = past.as_of("2026-03-02T13:00Z").at
    clock.time = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
    log(march, "two")
    assert past.as_of("2026-03-02T13:00Z").at == before
    assert march.as_of("2026-03-02T13:00Z").at == march.position()


def test_history_ends_at_the_moment(march: Stemma) -> None:
    past = march.as_of("2026-03-03T12:00Z")
    assert past.history(DIGITS) == [
        each for each in march.history(DIGITS) if each.position <= past.position()
    ]


def test_replay_takes_a_stretch_of_the_log(march: Stemma) -> None:
    head = march.position()
    assert [each.position for each in march.replay(after=2, until=5)] == [3, 4, 5]
    assert [each.position for each in march.replay(after=head - 1)] == [head]
    assert list(march.replay(after=head)) == list(march.replay(after=3, until=3)) == []


@pytest.mark.parametrize(
    ("moment", "rule"),
    [
        ("2026-03-03", "time zone"),
        ("2026-03-03T12:00", "time zone"),
        (datetime(2026, 3, 3, 12), "time zone"),  # noqa: DTZ001 -- what the refusal is about
        ("yesterday", "give a time with its zone"),
        ("", "give a time with its zone"),
        ("-1", "give a time with its zone"),
        (-1, "give a time with its zone"),
        (True, "give a time with its zone"),
        (1.5, "give a time with its zone"),
        (None, "give a time with its zone"),
        ("2026-13-03T12:00Z", "give a time with its zone"),
        (10**9, "the log has come to position"),
        ("9" * 30, "the log has come to position"),
    ],
)
def test_a_moment_that_has_to_be_guessed_is_refused(march: Stemma, moment: Any, rule: str) -> None:
    with pytest.raises(InvalidMoment, match=rule):
        march.as_of(moment)


def test_a_handle_on_a_moment_has_no_commands(march: Stemma) -> None:
    past = march.as_of(0)
    assert type(past) is Reader
    commands = ("link", "unlink", "log", "edit", "edit_aliases", "delete", "organize", "use")
    assert not any(hasattr(past, command) for command in commands)
