"""Copying a registry, from one place to another and once more."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import stemmata
from stemmata.moving.copying import Copied, copy
from stemmata.moving.exporting import export_log
from stemmata.moving.importing import import_log
from stemmata.moving.telling import TellsProgress
from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_domain.errors import InvalidSetting, OtherLog, StoreUnavailable
from tests.postgres import Server
from tests.stories.command_line import answers, called, refused, succeeds
from tests.stories.moving import Meddling, blobs, content_of, log_files, rows, url_of, with_files
from tests.stress.agreement import check
from tests.stress.sides import postgres_side

# Spoilt by us, so that nobody else may write them any more.
WRITABLE = 0o644


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return with_files(tmp_path / "from" / "registry.db")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "to" / "copy.db"


def copied(source: Path, target: Path, **more: Any) -> Copied:
    return copy(url_of(source), url_of(target), **more)


def spoil(store: Path, sha256: str, *, data: bytes | None = None) -> None:
    """Change the bytes of a blob and not their number, or give it others."""
    file = store / "sha256" / sha256[:2] / sha256[2:]
    file.chmod(WRITABLE)
    whole = file.read_bytes()
    file.write_bytes(bytes([whole[0] ^ 1]) + whole[1:] if data is None else data)


# --- what a copy is -------------------------------------------------------------------------


def test_a_copy_is_the_same_registry(source: Path, target: Path) -> None:
    found = copied(source, target)
    assert rows(target) == rows(source)
    assert blobs(content_of(target)) == blobs(content_of(source))
    assert found.is_complete
    assert found.source == found.target
    assert (found.source.events, found.source.head) == (len(rows(source)), rows(source)[-1][0])
    assert (found.written, found.since) == (len(rows(source)), 0)
    assert found.blobs is not None
    sizes = [len(data) for data in blobs(content_of(source)).values()]
    for side in (found.blobs.source, found.blobs.target):
        assert (side.blobs, side.size) == (len(sizes), sum(sizes))
    assert found.content.named == len(sizes)


def test_the_views_of_a_copy_are_there_and_work_goes_on(source: Path, target: Path) -> None:
    copied(source, target)
    check(target)
    before = rows(target)
    told: list[tuple[int, int]] = []
    with stemmata.open(url_of(target), actor="ada", progress=lambda *n: told.append(n)) as stemma:
        assert told == []
        name = "wandb-registry-model/Digits:staging"
        assert stemma.resolve(name).index == 2
        stemma.edit_aliases(name, add=["production"])
    check(target)
    assert rows(target)[: len(before)] == before


def test_a_copy_of_nothing_is_an_empty_registry(tmp_path: Path, target: Path) -> None:
    path = tmp_path / "empty.db"
    with stemmata.open(url_of(path), actor="ada"):
        pass
    found = copied(path, target)
    assert (found.source.events, found.target.events, found.target.head) == (0, 0, 0)
    assert rows(target) == []
    assert found.is_complete


def test_content_beside_nothing_makes_no_folder(tmp_path: Path, target: Path) -> None:
    source = with_files(tmp_path / "registry.db", versions=0)
    content = content_of(source)
    content.rename(tmp_path / "elsewhere")
    copied(source, target)
    assert not content.exists()


# --- once more ------------------------------------------------------------------------------


def test_what_is_there_is_not_written_again(source: Path, target: Path) -> None:
    first, again = copied(source, target), copied(source, target)
    assert (first.source, again.written) == (again.source, 0)
    assert again.blobs is not None
    assert (again.blobs.written, again.blobs.by_size) == (0, 0)
    assert again.blobs.target == again.blobs.source


def test_what_has_come_since_is_taken_the_next_time(source: Path, target: Path) -> None:
    copied(source, target)
    before = len(rows(target))
    log_files(source, range(3, 6))
    found = copied(source, target)
    assert rows(target) == rows(source)
    assert found.written == len(rows(source)) - before
    assert found.blobs is not None
    assert found.blobs.written == 9
    check(target)


class Writing(TellsProgress):
    """Somebody who goes on writing to the source when events are about to be copied."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self.parts: list[str] = []

    def events(self, what: str) -> None:
        self.parts.append(what)
        if what == "Copying events":
            log_files(self._source, range(10, 12))

    def bytes(self, what: str) -> None:
        self.parts.append(what)


def test_a_source_that_is_being_written_is_copied_up_to_its_head_at_the_start(
    source: Path, target: Path
) -> None:
    before = rows(source)
    writing = Writing(source)
    found = copied(source, target, progress=writing)
    assert rows(target) == before
    assert found.since == len(rows(source)) - len(before) > 0
    assert found.is_complete
    assert writing.parts.index("Copying content") < writing.parts.index("Copying events")
    assert copied(source, target).since == 0
    assert rows(target) == rows(source)


def test_progress_is_told_of_every_part(source: Path, target: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}

    class Telling:
        def events(self, what: str) -> Any:
            return lambda *done: told.setdefault(what, []).append(done)

        bytes = events

    copied(source, target, progress=Telling())
    events, size = len(rows(source)), sum(map(len, blobs(content_of(source)).values()))
    assert told["Copying events"][-1] == (events, events)
    assert told["Copying content"][-1] == (size, size)
    assert told["Bringing views up to date"][-1] == (events, events)


def test_a_copy_that_does_not_read_back_as_it_was_written_is_no_copy(
    source: Path, target: Path
) -> None:
    with pytest.raises(StoreUnavailable, match="read back is not what was written"):
        copied(source, target, progress=Meddling(target))


# --- between kinds of stores ----------------------------------------------------------------


def test_a_registry_moves_to_postgresql_and_back(
    source: Path, target: Path, postgres: Server, tmp_path: Path
) -> None:
    there = postgres_side(postgres)
    content = str(tmp_path / "blobs")
    found = copy(url_of(source), there.url, target_content=content)
    assert there.rows() == rows(source)
    assert found.is_complete
    there.check()
    with stemmata.open(there.url, content=content, actor="ada") as stemma:
        assert stemma.resolve("wandb-registry-model/Digits:staging").index == 2
        stemma.edit_aliases("wandb-registry-model/Digits:staging", add=["there"])
    back = copy(there.url, url_of(target), source_content=content)
    assert rows(target) == there.rows()
    assert rows(target)[: len(rows(source))] == rows(source)
    assert back.source.head > found.source.head
    check(target)
    there.remove()


def test_a_log_has_one_file_wherever_it_is_kept(
    source: Path, postgres: Server, tmp_path: Path
) -> None:
    one, other = postgres_side(postgres), postgres_side(postgres)
    files = [tmp_path / name for name in ("sqlite.jsonl", "copied.jsonl", "imported.jsonl")]
    export_log(url_of(source), files[0])
    copied_to = copy(url_of(source), one.url, target_content=str(tmp_path / "blobs"))
    export_log(one.url, files[1])
    assert import_log(files[0], other.url).log == copied_to.target
    export_log(other.url, files[2])
    assert files[0].read_bytes() == files[1].read_bytes() == files[2].read_bytes()
    other.check()
    for each in (one, other):
        each.remove()


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize("place", [1, 7, -1])
def test_a_target_that_differs_is_refused_and_the_first_position_is_named(
    source: Path, target: Path, place: int
) -> None:
    copied(source, target)
    position = rows(source)[place][0]
    with closing(sqlite3.connect(target)) as raw, raw:
        raw.execute(
            "UPDATE event SET state = CAST(replace(state, 'a', 'b') AS BLOB) WHERE position = ?",
            (position,),
        )
    before, held = rows(target), blobs(content_of(target))
    log_files(source, range(3, 5))
    with pytest.raises(OtherLog) as raised:
        copied(source, target)
    assert raised.value.position == position
    assert f"position {position} " in str(raised.value)
    assert url_of(target) in str(raised.value)
    assert rows(target) == before
    assert blobs(content_of(target)) == held


def test_a_target_that_has_more_is_refused(source: Path, target: Path) -> None:
    copied(source, target)
    log_files(target, range(3, 4))
    with pytest.raises(OtherLog) as raised:
        copied(source, target)
    assert raised.value.position == len(rows(source)) + 1


def test_another_registry_is_refused(source: Path, tmp_path: Path) -> None:
    other = with_files(tmp_path / "other.db", versions=1)
    before = rows(other)
    with pytest.raises(OtherLog) as raised:
        copied(source, other)
    assert raised.value.position == 1
    assert rows(other) == before


def test_a_source_that_is_not_there_is_not_made(tmp_path: Path, target: Path) -> None:
    missing = tmp_path / "missing.db"
    with pytest.raises(StoreUnavailable, match="no registry here"):
        copied(missing, target)
    assert not missing.exists()
    assert not target.exists()


def test_content_that_is_not_there_is_not_made(source: Path, target: Path, tmp_path: Path) -> None:
    for place in (str(tmp_path / "typo"), (tmp_path / "typo").as_uri()):
        with pytest.raises(StoreUnavailable, match="no content here"):
            copied(source, target, source_content=place)
    assert not (tmp_path / "typo").exists()


def test_what_would_not_last_is_no_target(source: Path, target: Path) -> None:
    with pytest.raises(InvalidSetting, match="gone with this process"):
        copy(url_of(source), "memory://")
    with pytest.raises(InvalidSetting, match="gone with this process"):
        copied(source, target, target_content="memory://")
    with pytest.raises(InvalidSetting, match="where the log is copied from"):
        copied(source, source)


@pytest.mark.skipif(os.name == "nt", reason="folders of Windows have no such modes")
def test_a_target_that_may_not_be_written_is_told(source: Path, tmp_path: Path) -> None:
    # A user who may write everywhere is not stopped by modes, but by what is not a folder.
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match="cannot be created"):
        copied(source, tmp_path / "file" / "copy.db")


# --- content --------------------------------------------------------------------------------


def test_content_that_the_target_has_wrong_is_written_again(source: Path, target: Path) -> None:
    copied(source, target)
    shas = sorted(blobs(content_of(source)))
    spoil(content_of(target), shas[0])
    spoil(content_of(target), shas[1], data=b"short")
    found = copied(source, target)
    assert blobs(content_of(target)) == blobs(content_of(source))
    assert found.blobs is not None
    assert found.blobs.written == 2


def test_who_compares_sizes_only_is_told_so(source: Path, target: Path) -> None:
    copied(source, target)
    shas = sorted(blobs(content_of(source)))
    spoil(content_of(target), shas[0])
    spoil(content_of(target), shas[1], data=b"short")
    found = copied(source, target, by_size=True)
    assert found.blobs is not None
    assert (found.blobs.written, found.blobs.by_size) == (1, len(shas) - 1)
    wrong = blobs(content_of(target))[shas[0]]
    assert wrong != blobs(content_of(source))[shas[0]]


def test_content_that_is_damaged_in_the_source_is_told_and_not_copied(
    source: Path, target: Path
) -> None:
    sha256 = min(blobs(content_of(source)))
    spoil(content_of(source), sha256)
    found = copied(source, target)
    assert not found.is_complete
    assert found.blobs is not None
    assert (found.blobs.damaged, found.blobs.damaged_count) == ((sha256,), 1)
    assert sha256 not in blobs(content_of(target))
    assert rows(target) == rows(source)


def test_content_that_the_log_names_and_nobody_has_is_told(source: Path, target: Path) -> None:
    store = content_of(source)
    with closing(DiskContentStore(store)) as opened, stemmata.open(url_of(source)) as stemma:
        version = stemma.resolve("vision/mnist/digits:v1")
        manifest = version.manifest
        listed = [sha for sha in blobs(store) if sha[:5].encode() in opened.read_bytes(manifest)]
    gone = {listed[0]}
    for sha256 in gone:
        (store / "sha256" / sha256[:2] / sha256[2:]).unlink()
    found = copied(source, target)
    assert not found.is_complete
    assert (set(found.content.missing), found.content.missing_count) == (gone, 1)
    assert rows(target) == rows(source)
    (store / "sha256" / manifest[:2] / manifest[2:]).unlink()
    again = copied(source, target)  # the target keeps what it has
    assert again.content.missing_count == 1


def test_a_manifest_that_is_missing_is_told(source: Path, target: Path) -> None:
    with stemmata.open(url_of(source)) as stemma:
        manifest = stemma.resolve("vision/mnist/digits:v1").manifest
    (content_of(source) / "sha256" / manifest[:2] / manifest[2:]).unlink()
    found = copied(source, target)
    assert (found.content.missing, found.content.missing_count) == ((manifest,), 1)


def test_content_that_both_share_stays_where_it_is(source: Path, target: Path) -> None:
    shared = str(content_of(source))
    found = copied(source, target, source_content=shared, target_content=shared)
    assert found.blobs is None
    assert found.is_complete
    assert found.content.named == len(blobs(content_of(source)))
    assert not content_of(target).exists()


def test_what_the_target_has_besides_stays(source: Path, target: Path) -> None:
    with closing(DiskContentStore.open(content_of(target))) as store:
        other = store.put_bytes(b"somebody else's")
    found = copied(source, target)
    assert blobs(content_of(target)) == {
        **blobs(content_of(source)),
        other.sha256: b"somebody else's",
    }
    assert found.is_complete


# --- on the command line --------------------------------------------------------------------


def test_the_command_shows_the_proof(source: Path, target: Path) -> None:
    said = succeeds("copy", url_of(source), url_of(target)).out
    with closing(sqlite3.connect(source)) as raw:
        events = raw.execute("SELECT count(*) FROM event").fetchone()[0]
    figures = [line.split()[1:] for line in said.splitlines() if " sha256 " in line]
    assert len(figures) == 2
    assert figures[0] == figures[1]
    assert said.count(f"{events} events, head {events}, sha256 ") == 2
    held = blobs(content_of(source))
    size = sum(map(len, held.values()))
    assert said.count(f"{len(held)} blobs, {size} bytes") == 2


def test_the_command_answers_in_json(source: Path, target: Path) -> None:
    found = answers("copy", url_of(source), url_of(target))
    assert found["log"]["source"] == found["log"]["target"]
    assert found["content"]["source"] == found["content"]["target"]
    assert found["complete"] is True
    assert found["named"]["missing"] == 0


def test_missing_content_has_an_exit_code_of_its_own(source: Path, target: Path) -> None:
    sha256 = min(blobs(content_of(source)))
    (content_of(source) / "sha256" / sha256[:2] / sha256[2:]).unlink()
    ended = called("copy", url_of(source), url_of(target))
    assert (ended.code, ended.err) == (3, "")
    assert sha256 in ended.out
    assert rows(target) == rows(source)


def test_a_refusal_is_one_line(source: Path, target: Path) -> None:
    with_files(target, versions=1)
    said = refused("copy", url_of(source), url_of(target))
    assert "holds another log: at position 1" in said
    to, from_ = ("--to-content", str(target)), ("--from-content", str(source.parent))
    there = "nosuch://there"
    assert "has this scheme" in refused("copy", url_of(source), there, *to)
    assert "has this scheme" in refused("copy", there, url_of(source), *from_)
    assert f"does not follow from {there}" in refused("copy", url_of(source), there)
    assert f"does not follow from {there}" in refused("copy", there, url_of(source))
    for place in ("file://[", "ftp://x", "~nobody-of-this-name/x", "\0"):
        refused("copy", url_of(source), url_of(target), "--from-content", place)
        refused("copy", url_of(source), url_of(target), "--to-content", place)


def test_a_password_is_never_shown(source: Path, tmp_path: Path) -> None:
    secret = "postgresql://ada:s3cret@localhost:1/acme"
    for arguments in ((url_of(source), secret), (secret, url_of(tmp_path / "copy.db"))):
        places = ("--from-content", str(tmp_path), "--to-content", str(tmp_path))
        assert "s3cret" not in refused("copy", *arguments, *places)
        assert "s3cret" not in refused("copy", *arguments)
    assert "s3cret" not in refused("copy", secret, secret)
    assert "s3cret" not in refused("--url", secret, "export", str(tmp_path / "log"))
