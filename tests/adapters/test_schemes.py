"""Which adapter a URL means: ours by their names, those of other packages by their entry points."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stemmata
from stemmata_adapters.event_stores.memory import MemoryEventStore
from stemmata_adapters.identity import TimeOrderedIds
from stemmata_adapters.schemes import (
    keeps_content,
    keeps_views,
    open_content_store,
    open_event_store,
    open_view_store,
)
from stemmata_domain.errors import AdapterBroken, InvalidSetting, StoreUnavailable

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lay a package on the path as an installer would: a module, and what it registers."""
    installed: list[str] = []

    def install(package: str, code: str, **registered: str) -> None:
        installed.append(package)
        folder = tmp_path / package
        made = folder / f"{package}-1.0.dist-info"
        made.mkdir(parents=True)
        (folder / f"{package}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        (made / "METADATA").write_text(metadata, encoding="utf-8")
        groups = (f"[stemmata.{group}]\n{line}\n" for group, line in registered.items())
        (made / "entry_points.txt").write_text("\n".join(groups), encoding="utf-8")
        monkeypatch.syspath_prepend(folder)

    yield install
    for package in installed:
        sys.modules.pop(package, None)


STORES = """
    from stemmata_adapters.content_stores.memory import MemoryContentStore
    from stemmata_adapters.event_stores.memory import MemoryEventStore
    from stemmata_adapters.view_stores.memory import MemoryViewStore

    asked = []

    def events(url, *, ids):
        asked.append(url)
        return MemoryEventStore(ids=ids)

    def views(url, *, beside):
        asked.append(url)
        return MemoryViewStore()

    def content(url):
        asked.append(url)
        return MemoryContentStore()
"""


def opened(url: str) -> object:
    return open_event_store(url, ids=TimeOrderedIds())


def listed(refused: InvalidSetting) -> set[str]:
    """The schemes that a refusal says there are."""
    _, _, schemes = refused.rule.partition("there are ")
    return set(schemes.split(", "))


def test_a_package_brings_a_scheme_for_each_port(install: Install) -> None:
    install(
        "acme_stores",
        STORES,
        event_stores="acme = acme_stores:events",
        view_stores="acme = acme_stores:views",
        content_stores="acme = acme_stores:content",
    )
    with stemmata.open("ACME://host/place", actor="ada") as stemma:
        stemma.organize("Acme", teams=["vision"])
        assert [each.name for each in stemma.organizations()] == ["Acme"]
    asked: list[str] = sys.modules["acme_stores"].asked
    assert asked == ["ACME://host/place"] * 3


def test_without_a_view_store_of_its_scheme_views_are_in_memory_and_content_is_asked_for(
    install: Install, tmp_path: Path
) -> None:
    install("log_only", STORES, event_stores="logonly = log_only:events")
    assert not keeps_views("logonly://x")
    assert not keeps_content("logonly://x")
    with pytest.raises(InvalidSetting, match=r"logonly:// has no place for it; say where content"):
        stemmata.open("logonly://x")
    assert "log_only" not in sys.modules
    with stemmata.open("logonly://x", content=tmp_path / "blobs", actor="ada") as stemma:
        stemma.organize("Acme")
        assert [each.name for each in stemma.organizations()] == ["Acme"]


def test_a_scheme_that_nobody_has_is_refused_with_those_that_there_are(install: Install) -> None:
    install("acme_stores", STORES, event_stores="acme = acme_stores:events")
    with pytest.raises(InvalidSetting) as refused:
        opened("redis://x")
    assert refused.value.value == "redis://x"
    assert listed(refused.value) >= {"acme://", "memory://", "postgresql://", "sqlite://"}
    with pytest.raises(InvalidSetting) as refused:
        open_view_store("acme://x", beside=MemoryEventStore(ids=TimeOrderedIds()))
    assert listed(refused.value) >= {"memory://", "postgresql://", "sqlite://"}
    assert "acme://" not in listed(refused.value)
    with pytest.raises(InvalidSetting) as refused:
        open_content_store("acme://x")
    assert listed(refused.value) >= {"file://", "memory://"}
    assert "sqlite://" not in listed(refused.value)


@pytest.mark.parametrize("url", ["", "registry.db", "://x", "redis:/x"])
def test_what_has_no_scheme_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match="no adapter that is installed has this scheme"):
        opened(url)


def test_two_packages_that_bring_one_scheme_are_both_named_and_neither_is_chosen(
    install: Install,
) -> None:
    install("acme_one", STORES, event_stores="acme = acme_one:events")
    install("acme_two", STORES, event_stores="Acme = acme_two:events")
    with pytest.raises(InvalidSetting, match="'acme_one' and 'acme_two' each bring") as refused:
        opened("acme://x")
    assert "uninstall all but one" in refused.value.rule
    assert not {"acme_one", "acme_two"} & set(sys.modules)


def test_nobody_takes_over_a_scheme_of_ours(install: Install) -> None:
    install(
        "thief",
        "raise RuntimeError('stolen')",
        event_stores="memory = thief:events",
        content_stores="memory = thief:content",
    )
    assert isinstance(opened("memory://"), MemoryEventStore)
    open_content_store("memory://").close()
    assert "thief" not in sys.modules


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import a_driver_that_is_not_there", "No module named 'a_driver_that_is_not_there'"),
        ("raise RuntimeError('wrong release')", "RuntimeError: wrong release"),
        ("def (", "SyntaxError"),
        ("", "has no attribute 'events'"),
        ("events = 'soon'", "broken:events cannot be called"),
        ("def events(url): ...", "unexpected keyword argument 'ids'"),
        ("def events(url, *, ids): raise OSError('no route')", "OSError: no route"),
        ("def events(url, *, ids): ...", "it has no append, read_stream, read_all, head, close"),
        (
            "def events(url, *, ids):\n    from io import BytesIO\n    return BytesIO()",
            "it has no append, read_stream, read_all, head. ",
        ),
    ],
)
def test_a_package_whose_adapter_cannot_be_used_is_named_with_what_to_do(
    install: Install, code: str, why: str
) -> None:
    install("broken", code, event_stores="acme = broken:events")
    with pytest.raises(AdapterBroken) as raised:
        opened("acme://x")
    assert why in str(raised.value)
    assert (raised.value.scheme, raised.value.package) == ("acme", "broken")
    assert "Install another release of the package" in str(raised.value)


def test_what_a_store_says_itself_is_left_as_it_is(install: Install) -> None:
    code = """
        from stemmata_domain.errors import StoreUnavailable

        def events(url, *, ids):
            raise StoreUnavailable(store=url, why="nobody listens")
    """
    install("honest", code, event_stores="acme = honest:events")
    with pytest.raises(StoreUnavailable, match="acme://x: nobody listens"):
        opened("acme://x")


def test_what_is_installed_is_looked_through_for_schemes_of_others_only(tmp_path: Path) -> None:
    asking = f"""
        import importlib.metadata, sys

        import stemmata
        assert not [name for name in sys.modules if name.startswith("stemmata_adapters")], "import"
        before = importlib.metadata.MetadataPathFinder.find_distributions
        looked = []
        def find_distributions(*context):
            looked.append(context)
            return before(*context)
        importlib.metadata.MetadataPathFinder.find_distributions = find_distributions
        stemmata.open({f"sqlite:///{tmp_path / 'a.db'}"!r}, actor="ada").close()
        stemmata.open("memory://", actor="ada").close()
        assert not looked, looked
        try:
            stemmata.open("redis://x", content="memory://", actor="ada")
        except ValueError:
            assert looked
    """
    program = [sys.executable, "-c", textwrap.dedent(asking)]
    ran = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (0, "")
