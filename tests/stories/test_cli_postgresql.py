"""The command line on a registry in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.stories.command_line import answers, refused, succeeds

DIGITS = "wandb-registry-model/Digits"


@pytest.fixture
def elsewhere(workplace: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder whose settings name a schema that is not there."""
    monkeypatch.setenv("STEMMATA_URL", postgres_url)
    monkeypatch.setenv("STEMMATA_ENTITY", "vision")
    (workplace / "model.bin").write_text("model")
    return workplace


def schemas(server: Server, schema: str) -> int:
    with server.connect() as raw:
        found = raw.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchall()
    return len(found)


@pytest.mark.usefixtures("elsewhere")
def test_a_question_makes_no_registry(postgres: Server, schema: str) -> None:
    for command in (("ls",), ("doctor",), ("whoami",)):
        said = refused(*command)
        assert "there is no registry here" in str(said)
    assert schemas(postgres, schema) == 0


@pytest.mark.usefixtures("elsewhere")
def test_a_registry_is_founded_used_and_looked_after(postgres: Server, schema: str) -> None:
    succeeds("init", "Acme", "--team", "vision")
    assert schemas(postgres, schema) == 1
    succeeds(
        *("log", "model.bin", "--name", "digits", "--type", "model", "--project", "mnist"),
        *("--link", DIGITS, "--link-alias", "production"),
    )
    assert answers("show", f"{DIGITS}:production")["full_name"] == f"{DIGITS}:v0"
    assert answers("verify")["is_sound"] is True
    succeeds("rebuild")
    found = answers("doctor")
    assert found["is_well"] is True
    assert found["log"]["store"].startswith("PostgreSQL ")
    assert schema in found["log"]["place"]
    assert (found["log"]["schema"], found["log"]["size"] > 0) == (1, True)
    assert found["views_in"]["place"] == found["log"]["place"]


def test_a_password_is_never_shown(elsewhere: Path) -> None:
    for url in ("postgresql://u:secret@127.0.0.1:1/db", "postgresql://u:secret@h/db?nonsense=1"):
        said = refused("--url", url, "ls")
        assert "secret" not in str(said)
