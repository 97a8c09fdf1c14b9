"""The table of abilities says what the types say."""

from pathlib import Path

import pytest

from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.event_stores.postgresql import PostgresEventStore
from stemmata_adapters.event_stores.sqlite import SqliteEventStore
from stemmata_adapters.view_stores.memory import MemoryViewStore
from stemmata_adapters.view_stores.postgresql import PostgresViewStore
from stemmata_adapters.view_stores.sqlite import SqliteViewStore
from stemmata_domain import ports
from stemmata_projections import view_store

EVENTS = (MemoryEventStore, SqliteEventStore, PostgresEventStore)
VIEWS = (MemoryViewStore, SqliteViewStore, PostgresViewStore)
ABILITIES: dict[str, tuple[type, tuple[type, ...]]] = {
    name: (value, stores)
    for module, stores in ((ports, EVENTS), (view_store, VIEWS))
    for name, value in vars(module).items()
    if getattr(value, "_is_runtime_protocol", False) and value.__module__ == module.__name__
}


@pytest.fixture
def rows(project: Path) -> dict[str, list[str]]:
    page = (project / "docs/reference/abilities.md").read_text(encoding="utf-8")
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in table}


def test_the_table_has_every_ability(rows: dict[str, list[str]]) -> None:
    assert rows.keys() == ABILITIES.keys()


@pytest.mark.parametrize("name", ABILITIES)
def test_the_table_tells_who_has_an_ability(name: str, rows: dict[str, list[str]]) -> None:
    ability, stores = ABILITIES[name]
    told = [cell.partition(",")[0] for cell in rows[name][2:5]]
    assert told == ["yes" if issubclass(store, ability) else "no" for store in stores]
    methods = [method.strip("`") for method in rows[name][1].split(", ")]
    assert methods == [each for each in vars(ability) if each[0] != "_"]
