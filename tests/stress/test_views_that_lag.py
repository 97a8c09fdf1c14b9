"""Views that are behind the log, because somebody appended who keeps none of them."""

from __future__ import annotations

from pathlib import Path
from threading import Thread

import pytest

from stemmata_domain.errors import StillLinked
from tests.stress.agreement import check
from tests.stress.places import SOURCE, TARGET, link_without_views, open_at, with_versions


def test_a_handle_sees_what_it_wrote_although_views_were_behind(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 200)
    with open_at(path) as stemma:
        link_without_views(path, 5)
        linked = stemma.link(f"{SOURCE}:v7", TARGET, aliases=["mine"])
        assert stemma.resolve(f"{TARGET}:mine").id == linked.version
        assert len(stemma.versions(f"{TARGET} 0")) == 5
    check(path)


def test_a_version_is_not_deleted_whose_link_no_view_shows_yet(tmp_path: Path) -> None:
    """Semantics §D: deleting a source version that is linked is refused with the list of links."""
    path = with_versions(tmp_path / "registry.db", 200)
    with open_at(path) as stemma:
        link_without_views(path, 5)
        with pytest.raises(StillLinked) as refused:
            stemma.delete(f"{SOURCE}:v3")
        assert refused.value.links == (f"{TARGET} 0:v3",)
        stemma.delete(f"{SOURCE}:v3", force=True)
        assert [version.index for version in stemma.versions(f"{TARGET} 0")] == [0, 1, 2, 4]
    check(path)


def test_views_that_are_caught_up_while_others_write_miss_nothing(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 200)
    with open_at(path) as stemma:
        link_without_views(path, 1_500)
        catching_up = Thread(target=lambda: open_at(path).close())
        catching_up.start()
        for i in range(60):
            linked = stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=["mine"])
            assert stemma.resolve(f"{TARGET}:mine").id == linked.version
        catching_up.join()
    check(path)
