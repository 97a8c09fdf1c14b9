"""What holds for every test: nobody's own settings leak in, and a slow machine is no failure."""

import itertools
import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.postgres import Server, remove_shared_server, shared_server

settings.register_profile("shared-machine", deadline=None, print_blob=True)
settings.load_profile("shared-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Forget the settings of the person who runs the tests."""
    for name in [name for name in os.environ if name.startswith(("STEMMATA_", "PG"))]:
        del os.environ[name]


def pytest_sessionfinish() -> None:
    """Leave no server behind."""
    remove_shared_server()


@pytest.fixture(scope="session")
def postgres() -> Server:
    """A PostgreSQL server that nobody stops; it is fast, and a crash is no test for it."""
    return shared_server()


_schemas = (f"schema {n}" for n in itertools.count())


@pytest.fixture
def schema(postgres: Server) -> Iterator[str]:
    """The name of a schema that is not there, and gone after the test."""
    name = next(_schemas)
    yield name
    with postgres.connect() as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture
def postgres_url(postgres: Server, schema: str) -> str:
    """The URL of a registry in PostgreSQL that is not there yet."""
    return postgres.url(schema)
