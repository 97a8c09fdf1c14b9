"""Whatever a manifest says, and whatever stands in the folder: nothing is written outside of it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from stemmata.draft import Draft
from stemmata.files import VersionFiles
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_domain.errors import (
    InvalidEntryPath,
    StemmataError,
    StoreUnavailable,
    UnsafePath,
)

PAYLOAD = b"planted"
OTHER = b"altered"


@dataclass
class Field:
    """A root between things that must stay as they are."""

    place: Path

    def __post_init__(self) -> None:
        self.root = self.place / "above" / "root"
        self.root.mkdir(parents=True)
        for spared in (
            "above/beside.txt",
            "victim/secret.txt",
            "victim/folder/deep.txt",
            "root2/f",
        ):
            path = self.place / spared
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"spared")
        self.before = self.outside()

    def outside(self) -> dict[str, tuple[int, bytes]]:
        found = {}
        for folder, folders, names in os.walk(self.place):
            if Path(folder) == self.root.parent:
                folders[:] = [name for name in folders if name != "root"]
            for path in (Path(folder, name) for name in (*names, *folders)):
                # A link is the same whether or not it still leads to a folder.
                if path.is_symlink():
                    found[str(path)] = (path.lstat().st_ino, os.fsencode(path.readlink()))
                elif path.is_dir():
                    found[str(path)] = (0, b"")
                else:
                    found[str(path)] = (path.lstat().st_ino, path.read_bytes())
        return found

    def version(self, contents: Mapping[str, object]) -> VersionFiles:
        content = MemoryContentStore()
        blob, other = content.put_bytes(PAYLOAD), content.put_bytes(OTHER)
        kinds = {
            "file": {"digest": blob.md5, "size": blob.size, "blob": blob.sha256},
            "other": {"digest": other.md5, "size": other.size, "blob": other.sha256},
            "ref": {"digest": blob.md5, "size": blob.size, "ref": f"file://{self.source}"},
        }
        manifest = {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "contents": {path: kinds.get(str(kind), kind) for path, kind in contents.items()},
        }
        return VersionFiles(
            content,
            manifest=content.put_bytes(json.dumps(manifest).encode()).sha256,
            name="evil:v0",
            cache_dir=self.place / "cache",
        )

    @property
    def source(self) -> Path:
        return self.place / "victim" / "source.bin"

    def put_source(self) -> None:
        self.source.write_bytes(PAYLOAD)
        self.before = self.outside()

    def is_spared(self) -> bool:
        return self.outside() == self.before


@pytest.fixture
def field(tmp_path: Path) -> Field:
    return Field(tmp_path / "field")


# --- paths ----------------------------------------------------------------------------------

LEAVING = [
    "../beside.txt",
    "../root2/f",
    "..",
    "a/../../beside.txt",
    "./../beside.txt",
    "a/b/../../../beside.txt",
    "/victim/secret.txt",
    "//victim/secret.txt",
    "//server/share/f",
    "\\\\server\\share\\f",
    "\\\\?\\C:\\f",
    "\\f",
    "C:\\f",
    "C:f",
    "c:/f",
    "Z:",
    "..\\beside.txt",
    "a\\..\\..\\beside.txt",
    "a/..\\..\\beside.txt",
    "",
    ".",
    "./",
    "/",
    "a//b",
    "a/",
    "./a",
    "a/./b",
    "nul\0",
    "line\nfeed",
    "\ud800",
    "x" * 5000,
]


@pytest.mark.parametrize("kind", ["file", "ref"])
@pytest.mark.parametrize("path", LEAVING, ids=ascii)
def test_a_path_that_leaves_is_refused_before_anything_is_written(
    field: Field, path: str, kind: str
) -> None:
    """Semantics §1: relative and inside, whatever the manifest says; here, when it is downloaded."""
    field.put_source()
    files = field.version({"aaa": "file", path: kind, "zzz": "file"})
    for bring in (files.download, files.checkout, files.verify):
        with pytest.raises(StemmataError):
            bring(field.root)
    with pytest.raises(InvalidEntryPath):
        files.download(field.root, path_prefix="zzz")
    assert field.is_spared()
    assert list(field.root.iterdir()) == []


def test_an_absolute_path_into_the_folder_itself_is_refused(field: Field) -> None:
    with pytest.raises(InvalidEntryPath):
        field.version({f"{field.root}/f": "file"}).download(field.root)
    assert list(field.root.iterdir()) == []


@pytest.mark.parametrize(
    "paths", [["a", "a/b"], ["a", "a-b", "a.txt", "a/b"], ["a/b/c", "a/b/c/d/e"]]
)
def test_a_file_that_another_needs_as_a_folder_is_refused(field: Field, paths: list[str]) -> None:
    files = field.version(dict.fromkeys(paths, "file"))
    with pytest.raises(InvalidEntryPath, match="a file and a folder at once"):
        files.download(field.root)
    assert list(field.root.iterdir()) == []


def test_names_that_only_begin_alike_are_no_conflict(field: Field) -> None:
    paths = ["a", "a-b", "a-b-", "a.txt", "a0/b", "aa/b"]
    field.version(dict.fromkeys(paths, "file")).download(field.root)
    assert sorted(
        p.relative_to(field.root).as_posix() for p in field.root.rglob("*") if p.is_file()
    ) == (sorted(paths))


# --- links ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["file", "ref"])
@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("victim", "a/secret.txt"),
        ("victim", "a/new.txt"),
        ("victim", "a/folder/deep.txt"),
        ("victim/folder", "a/new/folders/f"),
        ("above", "a/beside.txt"),
        ("above", "a/root/f"),
        ("root2", "a/f"),
        ("nowhere", "a/f"),
        ("", "a/victim/secret.txt"),
    ],
)
def test_a_linked_folder_that_leads_out_is_refused(
    field: Field, target: str, path: str, absolute: bool, kind: str
) -> None:
    field.put_source()
    out = field.place / target
    (field.root / "a").symlink_to(out if absolute else os.path.relpath(out, field.root))
    files = field.version({path: kind})
    with pytest.raises(UnsafePath, match="it would leave") as refused:
        files.download(field.root)
    assert isinstance(refused.value, ValueError)
    assert field.is_spared()


def test_a_link_to_a_link_that_leads_out_is_refused(field: Field) -> None:
    (field.root / "first").symlink_to("second")
    (field.root / "second").symlink_to(field.place / "victim")
    with pytest.raises(UnsafePath):
        field.version({"first/secret.txt": "file"}).download(field.root)
    (field.root / "in").mkdir()
    (field.root / "in" / "up").symlink_to("../../../victim")
    with pytest.raises(UnsafePath):
        field.version({"in/up/secret.txt": "file"}).download(field.root)
    assert field.is_spared()


def test_a_folder_with_a_name_that_begins_like_the_roots_is_outside(field: Field) -> None:
    (field.root.parent / "root-2").mkdir()
    (field.root / "a").symlink_to(field.root.parent / "root-2")
    field.before = field.outside()
    with pytest.raises(UnsafePath):
        field.version({"a/f": "file"}).download(field.root)
    assert field.is_spared()


@pytest.mark.parametrize("kind", ["file", "ref"])
@pytest.mark.parametrize(
    "target", ["victim/secret.txt", "victim", "victim/new", "above/beside.txt"]
)
def test_a_linked_file_is_replaced_and_never_followed(field: Field, target: str, kind: str) -> None:
    field.put_source()
    (field.root / "f").symlink_to(field.place / target)
    field.version({"f": kind}).download(field.root)
    assert field.is_spared()
    assert not (field.root / "f").is_symlink()
    assert (field.root / "f").read_bytes() == PAYLOAD


def test_a_link_to_the_right_content_is_replaced_too(field: Field) -> None:
    field.put_source()
    (field.root / "f").symlink_to(field.source)
    field.version({"f": "file"}).download(field.root)
    assert not (field.root / "f").is_symlink()


def test_a_hard_link_is_cut_and_not_written_through(field: Field) -> None:
    (field.root / "f").hardlink_to(field.place / "victim" / "secret.txt")
    field.version({"f": "file"}).download(field.root)
    assert field.is_spared()
    assert (field.root / "f").read_bytes() == PAYLOAD


def test_a_linked_folder_that_stays_inside_is_used(field: Field) -> None:
    (field.root / "real").mkdir()
    (field.root / "alias").symlink_to("real")
    field.version({"alias/f": "file"}).download(field.root)
    assert (field.root / "real" / "f").read_bytes() == PAYLOAD


def test_a_file_that_replaces_the_link_by_which_it_was_reached_is_refused(field: Field) -> None:
    (field.root / "a").symlink_to(field.root)
    with pytest.raises(UnsafePath, match="something else has the same place"):
        field.version({"a/a": "file"}).download(field.root)
    assert field.is_spared()


def test_a_file_that_takes_away_the_link_of_another_is_refused(field: Field) -> None:
    (field.root / "c").mkdir()
    (field.root / "z").symlink_to("c")
    (field.root / "b").symlink_to("z")
    with pytest.raises(UnsafePath):
        field.version({"b/f": "file", "z": "other"}).download(field.root)
    assert field.is_spared()


@pytest.mark.parametrize("kind", ["file", "ref", "other"])
def test_two_files_in_one_place_by_a_link_are_refused(field: Field, kind: str) -> None:
    field.put_source()
    (field.root / "real").mkdir()
    (field.root / "alias").symlink_to("real")
    files = field.version({"alias/f": kind, "real/f": "other"})
    with pytest.raises(UnsafePath, match="'real/f'"):
        files.download(field.root)
    # One of them fits.
    assert files.download(field.root, path_prefix="alias") == field.root


def test_a_reference_that_is_left_out_is_not_missed_behind_a_link(field: Field) -> None:
    (field.root / "real").mkdir()
    (field.root / "alias").symlink_to("real")
    files = field.version({"alias/f": "file", "alias/g": "ref"})
    assert files.download(field.root, allow_missing_references=True) == field.root
    assert sorted(path.name for path in (field.root / "real").iterdir()) == ["f"]


def test_a_link_in_a_circle_is_told(field: Field) -> None:
    (field.root / "a").symlink_to("a")
    with pytest.raises((UnsafePath, StoreUnavailable)):
        field.version({"a/f": "file"}).download(field.root)
    assert field.is_spared()


def test_the_root_itself_may_be_a_link(field: Field) -> None:
    link = field.place / "link"
    link.symlink_to(field.root)
    field.before = {key: value for key, value in field.before.items() if key != str(link)}
    files = field.version({"a/f": "file"})
    assert files.download(link) == link
    assert (field.root / "a" / "f").read_bytes() == PAYLOAD
    assert link.is_symlink()
    assert files.verify(link) == 0


def test_links_planted_while_files_are_brought_do_not_lead_out_of_a_known_folder(
    field: Field,
) -> None:
    # A reference may be a folder's worth of work for somebody who waits for a moment to plant a
    # link: folders that are not known yet are looked at when they are needed, not before.
    field.put_source()
    files = field.version(
        {**{f"a{number}/f": "file" for number in range(600)}, "z/secret.txt": "file"}
    )

    def plant(done: int, total: int) -> None:
        if not (field.root / "z").exists():
            (field.root / "z").symlink_to(field.place / "victim")

    with pytest.raises(UnsafePath):
        files.download(field.root, progress=plant)
    assert field.is_spared()


def test_checkout_and_verify_do_not_enter_links(field: Field) -> None:
    (field.root / "out").symlink_to(field.place / "victim")
    (field.root / "up").symlink_to("..")
    files = field.version({"f": "file"})
    files.download(field.root)
    with pytest.raises(ValueError, match=r"Found file '.*/out' which is not a member"):
        files.verify(field.root)
    files.checkout(field.root)
    assert field.is_spared()
    assert [path.name for path in field.root.iterdir()] == ["f"]


# --- anything -------------------------------------------------------------------------------

PARTS = st.sampled_from(
    [
        "a",
        "b",
        "a-b",
        "..",
        ".",
        "",
        "link",
        "loop",
        "f",
        "\\",
        "C:",
        "c:x",
        "~",
        "root",
        "é",
        "a\\..\\b",
    ]
) | st.text(max_size=4)
PATHS = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
FINE_PATHS = st.lists(st.sampled_from(["a", "b", "link", "f"]), min_size=1, max_size=4).map(
    "/".join
)
FINE_FIELDS = st.sampled_from(["file", "other", "ref"])
FIELDS = FINE_FIELDS | st.fixed_dictionaries(
    {},
    optional={
        "digest": st.text(max_size=3) | st.none() | st.integers(),
        "size": st.integers() | st.text(max_size=2) | st.floats(),
        "blob": st.text("0123456789abcdef/.", max_size=64),
        "ref": st.sampled_from(["file:///etc/passwd", "file://../x", "other:x", "", "C:\\x"]),
        "extra": st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3)),
    },
)
LINKS = st.dictionaries(
    st.sampled_from(["a", "b", "link", "f", "a/b", "loop"]),
    st.sampled_from(
        ["victim", "victim/secret.txt", "above", "above/root", "nowhere", "above/root/a"]
    ),
    max_size=3,
)


@settings(max_examples=400)
@given(
    st.dictionaries(FINE_PATHS, FINE_FIELDS, min_size=1, max_size=3)
    | st.dictionaries(PATHS, FIELDS, max_size=5),
    LINKS,
    st.none() | FINE_PATHS,
    st.booleans(),
)
@example({"a/a": "file"}, {"a": "above/root"}, None, False)
@example({"a": "file"}, {"a": "victim", "a/b": "above/root/a"}, None, False)
def test_nothing_is_ever_written_outside_of_the_folder(
    contents: dict[str, object], links: dict[str, str], prefix: str | None, checkout: bool
) -> None:
    with TemporaryDirectory() as place:
        field = Field(Path(place) / "field")
        field.put_source()
        for name, target in links.items():
            try:
                (field.root / name).parent.mkdir(exist_ok=True)
                (field.root / name).symlink_to(field.place / target)
            except OSError:  # another link stands in the way, or would lead out of the root
                continue
        field.before = field.outside()
        files = field.version(contents)
        try:
            if checkout:
                files.checkout(field.root)
            else:
                files.download(field.root, path_prefix=prefix)
        except StemmataError as refused:
            event(type(refused).__name__)
        else:
            event("brought" if contents else "nothing to bring")
            for path, kind in contents.items():
                if path.startswith((prefix or "") if not checkout else ""):
                    assert not (field.root / path).is_symlink()
                    brought = OTHER if kind == "other" else PAYLOAD
                    assert (field.root / path).read_bytes() == brought
        assert field.is_spared()


@settings(max_examples=300)
@given(st.dictionaries(PATHS, st.binary(max_size=5), max_size=5))
def test_what_a_draft_takes_comes_back_as_it_was(files: dict[str, bytes]) -> None:
    with TemporaryDirectory() as place:
        content = MemoryContentStore()
        draft = Draft(content)
        taken: dict[str, bytes] = {}
        for path, data in files.items():
            try:
                with draft.new_file(path, "xb") as file:
                    file.write(data)
            except StemmataError:
                continue
            taken[path] = data
        version = VersionFiles(
            content, manifest=draft.seal().manifest, name="x:v0", cache_dir=Path(place)
        )
        draft.close()
        root = Path(place) / "root"
        version.checkout(root)
        assert version.verify(root) == 0
        assert sorted(p.read_bytes() for p in root.rglob("*") if p.is_file()) == sorted(
            taken.values()
        )
        for path, data in taken.items():
            assert (root / path).read_bytes() == data
