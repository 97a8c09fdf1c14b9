"""The entries of a draft: by path, without a limit on their number."""

import resource
import sqlite3
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stemmata_adapters.spool import EntrySpool
from stemmata_domain.entries import Entry
from stemmata_domain.errors import (
    EntryTaken,
    InvalidEntryPath,
    StemmataError,
    StoreUnavailable,
    UnknownEntry,
)
from stemmata_domain.manifest import ManifestDigest

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
WORLD = "fXkwN6B2AYZXSwKC8vQ15w=="


def entry(path: str, digest: str = HELLO, size: int = 5) -> Entry:
    return Entry(path=path, digest=digest, size=size, blob="a" * 64)


def spool_of(*paths: str) -> EntrySpool:
    spool = EntrySpool(artifact="cats:v3")
    spool.add_all(entry(path) for path in paths)
    return spool


def paths_of(spool: EntrySpool) -> list[str]:
    return [found.path for found in spool]


# --- adding ---------------------------------------------------------------------------------


def test_what_was_added_comes_back_as_it_was() -> None:
    spool = EntrySpool()
    file = entry("a/b.txt")
    reference = Entry(
        path="s3/model.pt",
        digest="etag",
        size=7,
        ref="s3://bucket/model.pt",
        extra={"etag": '"etag"', "versionID": "3", "huge": 2**63 - 1, "nested": {"ü": [None, 1.5]}},
    )
    spool.add(file)
    spool.add(reference)
    assert list(spool) == [file, reference]
    assert spool.get("a/b.txt") == file
    assert spool.get("s3/model.pt") == reference


def test_the_same_content_at_the_same_path_is_replaced_silently() -> None:
    """Semantics §1: same path added twice, same digest: accepted, the entry is replaced."""
    spool = spool_of("a.txt")
    spool.add(Entry(path="a.txt", digest=HELLO, size=6, ref="file:///elsewhere/a.txt"))
    assert [(found.size, found.ref) for found in spool] == [(6, "file:///elsewhere/a.txt")]
    assert (len(spool), spool.size) == (1, 6)


def test_other_content_at_the_same_path_is_refused() -> None:
    """Semantics §1: same path added twice, other digest: "Cannot add the same path twice: 'p'"."""
    spool = spool_of("a.txt")
    with pytest.raises(EntryTaken, match=r"^Cannot add the same path twice: 'a\.txt'$") as refused:
        spool.add(entry("a.txt", WORLD))
    assert isinstance(refused.value, ValueError)
    assert spool.get("a.txt").digest == HELLO


def test_other_content_at_the_same_path_is_taken_when_overwriting() -> None:
    """Semantics §1: … unless overwrite=True."""
    spool = spool_of("a.txt")
    spool.add(entry("a.txt", WORLD, size=100), overwrite=True)
    assert spool.get("a.txt").digest == WORLD
    assert (len(spool), spool.size) == (1, 100)


def test_the_same_path_twice_in_one_go_follows_the_same_rules() -> None:
    spool = EntrySpool()
    spool.add_all([entry("a"), entry("a")])
    assert len(spool) == 1
    with pytest.raises(EntryTaken):
        spool.add_all([entry("b"), entry("b", WORLD)])
    spool.add_all([entry("b"), entry("b", WORLD)], overwrite=True)
    assert spool.get("b").digest == WORLD


def test_of_many_entries_none_is_added_when_one_is_refused() -> None:
    spool = spool_of("taken.txt")
    many = [entry(f"new/{number}") for number in range(3000)]
    with pytest.raises(EntryTaken):
        spool.add_all([*many, entry("taken.txt", WORLD), *many])
    assert paths_of(spool) == ["taken.txt"]
    assert (len(spool), spool.size) == (1, 5)
    spool.add(entry("new"))  # nor does the folder count as one that holds something
    assert paths_of(spool) == ["new", "taken.txt"]


# --- files and folders ----------------------------------------------------------------------


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    ("first", "second"),
    [("a", "a/b"), ("a/b", "a"), ("a/b/c/d", "a/b"), ("a/b", "a/b/c/d"), ("ü/é", "ü")],
)
def test_a_file_where_another_needs_a_folder_is_refused(
    first: str, second: str, together: bool
) -> None:
    spool = EntrySpool() if together else spool_of(first)
    added = [entry(first), entry(second)] if together else [entry(second)]
    with pytest.raises(InvalidEntryPath, match="a file and a folder at once"):
        spool.add_all(added)
    assert paths_of(spool) == ([] if together else [first])


def test_names_that_only_begin_alike_are_no_folders_of_each_other() -> None:
    paths = ["a", "a-b", "a.txt", "a0", "ab/c", "a b/c"]
    assert paths_of(spool_of(*paths)) == sorted(paths)


def test_a_folder_that_was_emptied_may_become_a_file_and_back() -> None:
    spool = spool_of("a/b")
    spool.remove("a/b")
    spool.add(entry("a"))
    with pytest.raises(InvalidEntryPath):
        spool.add(entry("a/b"))
    spool.remove("a")
    spool.add(entry("a/b"))
    assert paths_of(spool) == ["a/b"]


# --- removing and looking -------------------------------------------------------------------


@pytest.mark.parametrize("asked", ["dir", "dir/", "./dir", "dir//"])
def test_removing_a_folder_removes_all_under_it_and_no_sibling(asked: str) -> None:
    """Semantics §3: remove(dir) removes everything under dir/, not dir2; a slash behind is fine."""
    spool = spool_of("dir/a", "dir/sub/b", "dir2/c", "dir-", "dir0", "di")
    spool.remove(asked)
    assert paths_of(spool) == ["di", "dir-", "dir0", "dir2/c"]
    assert (len(spool), spool.size) == (4, 20)


@pytest.mark.parametrize("asked", ["dir/a", "dir/a/", "./dir//a"])
def test_removing_a_file_removes_just_it(asked: str) -> None:
    spool = spool_of("dir/a", "dir/ab")
    spool.remove(asked)
    assert paths_of(spool) == ["dir/ab"]


@pytest.mark.parametrize(
    "asked", ["dir2", "dir/b", "di", "", ".", "/", "..", "/dir", "a\nb", "C:\\x"]
)
def test_removing_or_asking_for_what_is_missing_names_it(asked: str) -> None:
    """Semantics §3: missing → FileNotFoundError. Semantics §11: unknown entry → KeyError."""
    spool = spool_of("dir/a")
    for missing in (spool.remove, spool.get, spool.under):
        if missing == spool.under and asked in {"dir2", "dir/b", "di"}:
            continue
        with pytest.raises(UnknownEntry) as refused:
            missing(asked)
        assert isinstance(refused.value, FileNotFoundError)
        assert isinstance(refused.value, KeyError)
        assert repr(asked) in str(refused.value)
        assert "'cats:v3'" in str(refused.value)
    assert paths_of(spool) == ["dir/a"]


def test_a_folder_is_no_entry() -> None:
    spool = spool_of("dir/a")
    with pytest.raises(UnknownEntry):
        spool.get("dir")
    assert "dir" not in spool
    assert "dir/a" in spool


def test_entries_under_a_folder_come_with_their_whole_paths() -> None:
    spool = spool_of("dir/b", "dir/a/x", "dir2/c")
    assert [found.path for found in spool.under("dir/")] == ["dir/a/x", "dir/b"]
    assert list(spool.under("none")) == []


@given(
    st.sets(
        st.text(
            st.characters(exclude_characters="/\\:\0\n.", exclude_categories=["Cs"]), min_size=1
        )
    )
)
def test_entries_come_in_the_order_in_which_python_sorts_text(names: set[str]) -> None:
    """Semantics §12: sorted by path, by code points."""
    spool = spool_of(*names)
    assert paths_of(spool) == sorted(names)


def test_code_points_beyond_the_basic_plane_sort_behind_it() -> None:
    # UTF-16 would sort them the other way round.
    assert paths_of(spool_of("\U0001f600", "\uff5e", "z", "Z")) == [
        "Z",
        "z",
        "\uff5e",
        "\U0001f600",
    ]


class SpoolMachine(RuleBasedStateMachine):
    """A spool does what a dict does, with the rules on folders on top."""

    PATHS = st.lists(st.sampled_from(["a", "b", "a-", "a0"]), min_size=1, max_size=3).map("/".join)

    def __init__(self) -> None:
        super().__init__()
        self.spool = EntrySpool()
        self.model: dict[str, Entry] = {}

    @rule(
        added=st.lists(st.builds(entry, PATHS, st.sampled_from([HELLO, WORLD]), st.integers(0, 9))),
        overwrite=st.booleans(),
    )
    def add(self, added: list[Entry], overwrite: bool) -> None:
        model = dict(self.model)
        try:
            for each in added:
                if any(
                    path.startswith(f"{each.path}/") or each.path.startswith(f"{path}/")
                    for path in model
                ):
                    raise InvalidEntryPath(path=each.path)
                if not overwrite and model.get(each.path, each).digest != each.digest:
                    raise EntryTaken(path=each.path)
                model[each.path] = each
        except (EntryTaken, InvalidEntryPath):
            with pytest.raises((EntryTaken, InvalidEntryPath)):
                self.spool.add_all(added, overwrite=overwrite)
        else:
            self.spool.add_all(added, overwrite=overwrite)
            self.model = model

    @rule(path=PATHS)
    def remove(self, path: str) -> None:
        left = {
            name: found
            for name, found in self.model.items()
            if name != path and not name.startswith(f"{path}/")
        }
        if len(left) == len(self.model):
            with pytest.raises(UnknownEntry):
                self.spool.remove(path)
        else:
            self.spool.remove(path)
            self.model = left

    @invariant()
    def agrees(self) -> None:
        assert list(self.spool) == [self.model[path] for path in sorted(self.model)]
        assert len(self.spool) == len(self.model)
        assert self.spool.size == sum(found.size for found in self.model.values())

    def teardown(self) -> None:
        self.spool.close()


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = settings(max_examples=40)


# --- number, threads, end -------------------------------------------------------------------


def test_adding_while_reading_loses_nothing_and_doubles_nothing() -> None:
    spool = spool_of(*(f"{number:05}" for number in range(5000)))
    seen = []
    for found in spool:
        seen.append(found.path)
        if found.path == "02000":
            spool.add(entry("00000-before"))
            spool.add(entry("99999-behind"))
            spool.remove("03000")
    expected = [f"{number:05}" for number in range(5000) if number != 3000]
    assert seen == [*expected, "99999-behind"]


def test_threads_may_add_at_once() -> None:
    spool = EntrySpool()
    refusals: list[StemmataError] = []

    def work(worker: int) -> None:
        for number in range(200):
            spool.add(entry(f"shared/{number}"))
            spool.add_all(entry(f"own/{worker}/{number}/{part}") for part in range(3))
        try:
            spool.add(entry("raced", f"digest-{worker}"))
        except EntryTaken as refused:
            refusals.append(refused)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(spool) == len(list(spool)) == 200 + 8 * 600 + 1
    assert len(refusals) == 7


def test_a_closed_spool_says_so() -> None:
    spool = spool_of("a")
    spool.close()
    spool.close()
    with pytest.raises(StoreUnavailable, match="closed") as refused:
        spool.add(entry("b"))
    assert isinstance(refused.value.__cause__, sqlite3.Error)


def test_a_million_entries_take_little_memory() -> None:
    number = 1_000_000

    def many() -> Iterator[Entry]:
        for part in range(number):
            yield entry(f"part-{part // 1000:04}/file-{part:07}.bin")

    spool = EntrySpool()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    spool.add_all(many())
    digest = ManifestDigest()
    for found in spool:
        digest.add(found)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    spool.close()
    assert digest.totals == replace(digest.totals, count=number, size=5 * number)
    assert grown * (1 if sys.platform == "darwin" else 1024) < 64 * 1024 * 1024


def test_many_entries_leave_no_python_objects() -> None:
    spool = EntrySpool()
    tracemalloc.start()
    try:
        spool.add_all(entry(f"part-{part // 100:04}/{part:07}.bin") for part in range(30_000))
        assert sum(1 for _ in spool) == 30_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6 * 1024 * 1024
