"""One file of an artifact: where it stands in there, and what it holds."""

import dataclasses
import pickle
import posixpath
from pathlib import PurePosixPath, PureWindowsPath
from string import ascii_letters

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stemmata_domain.digests import DigestAlgorithm
from stemmata_domain.entries import Entry, entry_path, local_path_parts
from stemmata_domain.errors import InvalidEntryPath, InvalidManifest
from stemmata_domain.metadata import JsonValue

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
BLOB = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

anything = st.text(st.characters(exclude_categories=())) | st.text(
    st.sampled_from("ab./\\:C ~\n\0é\ud800"), max_size=12
)

OUTSIDE = [
    "",
    ".",
    "./",
    "..",
    "../a",
    "a/..",
    "a/../b",
    "a/b/../../../c",
    "/",
    "/a",
    "//srv/share",
    "//srv/share/a",
    "C:",
    "C:\\a",
    "C:/a",
    "C:a",
    "z:a",
    "./C:a",
    ".//C:/a",
    "\\a",
    "\\\\srv\\share",
    "\\\\?\\C:\\a",
    "./\\a",
    "..\\a",
    "a\\..\\b",
    "a/..\\b",
]


class TestPaths:
    """Semantics §1: relative, with forward slashes, and inside, whatever system reads it."""

    @pytest.mark.parametrize(
        ("path", "normal"),
        [
            ("a", "a"),
            ("a/b.txt", "a/b.txt"),
            ("a//b", "a/b"),
            ("./a", "a"),
            ("a/", "a"),
            ("a/./b", "a/b"),
            ("././/a//", "a"),
            (".hidden/..twice/...", ".hidden/..twice/..."),
            ("~/a", "~/a"),
            ("a\\b", "a\\b"),
            ("a b/ c", "a b/ c"),
            ("ab:c", "ab:c"),
            ("1:b", "1:b"),
            ("é:b", "é:b"),
            ("a/C:b", "a/C:b"),
            ("データ/🎉", "データ/🎉"),
            ("Icon\r", "Icon\r"),
        ],
    )
    def test_a_path_has_one_form(self, path: str, normal: str) -> None:
        assert entry_path(path) == normal

    @pytest.mark.parametrize("path", OUTSIDE)
    def test_a_path_that_leads_outside_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidEntryPath, match="Invalid artifact path: ") as refused:
            entry_path(path)
        assert refused.value.path == path

    @pytest.mark.parametrize("path", ["a\0b", "a\nb", "a\udc80"])
    def test_what_cannot_be_kept_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidEntryPath, match="cannot be kept in a path"):
            entry_path(path)

    @pytest.mark.parametrize("path", [None, 7, b"a", PurePosixPath("a")])
    def test_what_is_no_text_is_refused(self, path: str) -> None:
        with pytest.raises(InvalidEntryPath, match="must be text, not "):
            entry_path(path)

    def test_a_path_has_at_most_4096_bytes(self) -> None:
        assert entry_path("x" * 4096) == "x" * 4096
        assert entry_path("é" * 2048) == "é" * 2048
        assert entry_path("./" + "x" * 4096) == "x" * 4096
        for path in ("x" * 4097, "é" * 2048 + "x"):
            with pytest.raises(InvalidEntryPath, match="4096 bytes"):
                entry_path(path)

    @settings(max_examples=2000)
    @given(anything)
    @example("./\\x")
    @example("0:\\")
    def test_any_text_is_a_path_inside_or_is_refused(self, text: str) -> None:
        try:
            path = entry_path(text)
        except InvalidEntryPath:
            return
        assert entry_path(path) == path
        assert posixpath.normpath("/root/" + path) == "/root/" + path
        windows = PureWindowsPath(path)
        # Newer Pythons call anything before a colon a drive, and find a root behind it; Windows has
        # letters only, and no file with a colon is written there.
        assert windows.drive[:1] not in {*ascii_letters, "\\"}
        assert windows.drive or not windows.root
        assert ".." not in windows.parts
        path.encode()


class TestWritingToDisk:
    """Semantics §1: what leaves the folder is refused on the way out too, whoever wrote it down."""

    @pytest.mark.parametrize(
        ("path", "parts"),
        [("a", ("a",)), ("a/b/c.txt", ("a", "b", "c.txt")), (".git/config", (".git", "config"))],
    )
    @pytest.mark.parametrize("windows", [True, False])
    def test_an_entry_is_written_under_its_folders(
        self, path: str, parts: tuple[str, ...], windows: bool
    ) -> None:
        assert local_path_parts(path, windows=windows) == parts

    def test_a_backslash_separates_where_it_does(self) -> None:
        assert local_path_parts("a\\b", windows=False) == ("a\\b",)
        assert local_path_parts("a\\b", windows=True) == ("a", "b")

    @pytest.mark.parametrize("windows", [True, False])
    @pytest.mark.parametrize("path", [*OUTSIDE, "a//b", "./a", "a/", "a\0", "a\n"])
    def test_a_stored_path_is_taken_at_its_word_nowhere(self, path: str, windows: bool) -> None:
        with pytest.raises(InvalidEntryPath):
            local_path_parts(path, windows=windows)

    @pytest.mark.parametrize(
        "path",
        [
            "con",
            "a/NUL",
            "a/nul.txt",
            "COM1.tar.gz",
            "lpt9/a",
            "com².log",
            "aux .txt",
            "CONIN$",
            "file:stream",
            "a/C:b",
            "a.",
            "a ",
            "a/.. /b",
            "a/.../b",
            "a?b",
            "a*",
            "a|b",
            "<a>",
            'a"b',
            "a\tb",
            "a\rb",
            "a\\\\b",
            "a\\",
        ],
    )
    def test_what_windows_understands_otherwise_is_refused_there_only(self, path: str) -> None:
        assert local_path_parts(path, windows=False) == tuple(path.split("/"))
        with pytest.raises(InvalidEntryPath, match="Windows cannot hold a file called"):
            local_path_parts(path, windows=True)

    @pytest.mark.parametrize(
        "path", ["console", "nullable.txt", "com10", "com", "a.con", "auxiliary"]
    )
    def test_names_that_only_resemble_devices_are_written(self, path: str) -> None:
        assert local_path_parts(path, windows=True) == (path,)

    @settings(max_examples=1000)
    @given(anything, st.booleans())
    def test_whatever_is_written_stays_inside(self, text: str, windows: bool) -> None:
        try:
            parts = local_path_parts(text, windows=windows)
        except InvalidEntryPath:
            return
        flavour = PureWindowsPath if windows else PurePosixPath
        path = flavour("root").joinpath(*parts)
        assert path.parts == ("root", *parts)
        assert ".." not in path.parts


class TestEntries:
    def test_a_file_is_found_by_its_blob(self) -> None:
        entry = Entry(path="a.txt", digest=HELLO, size=5, blob=BLOB)
        assert (entry.path, entry.digest, entry.size, entry.blob) == ("a.txt", HELLO, 5, BLOB)
        assert (entry.ref, entry.extra) == (None, None)

    def test_a_reference_is_found_elsewhere(self) -> None:
        uri = "s3://bucket/key"
        entry = Entry(path="a.txt", digest="etag", size=5, ref=uri, extra={"etag": "etag"})
        assert (entry.ref, entry.extra, entry.blob) == (uri, {"etag": "etag"}, None)

    def test_a_reference_may_have_itself_as_its_digest(self) -> None:
        assert Entry(path="a", digest="https://a/b", ref="https://a/b").size == 0

    def test_an_entry_does_not_change(self) -> None:
        entry = Entry(path="a", digest=HELLO)
        with pytest.raises(dataclasses.FrozenInstanceError):
            entry.size = 7  # type: ignore[misc]  # that it is refused is the property under test

    def test_an_entry_travels_between_processes(self) -> None:
        entry = Entry(path="a", digest="etag", ref="s3://b/a", extra={"etag": '"x"'})
        assert pickle.loads(pickle.dumps(entry)) == entry

    def test_extra_is_kept_apart_from_the_callers(self) -> None:
        extra: dict[str, JsonValue] = {"etag": "x"}
        entry = Entry(path="a", digest=HELLO, extra=extra)
        extra["more"] = [1]
        assert entry.extra == {"etag": "x"}

    def test_no_extra_is_none(self) -> None:
        assert Entry(path="a", digest=HELLO, extra={}).extra is None

    def test_the_extra_says_by_what_a_file_was_digested(self) -> None:
        """Semantics §12: XXH128 entries carry {"alg": "XXH128"}; the default is MD5."""
        assert Entry(path="a", digest=HELLO).algorithm is DigestAlgorithm.MD5
        xxh = Entry(path="a", digest=HELLO, extra={"alg": "XXH128"})
        assert xxh.algorithm is DigestAlgorithm.XXH128

    @pytest.mark.parametrize("named", ["SHA1", "", None, 7, ["MD5"], {}])
    def test_an_algorithm_that_nobody_knows_is_told(self, named: str) -> None:
        entry = Entry(path="a", digest=HELLO, extra={"alg": named})
        with pytest.raises(InvalidManifest, match="'a' has no usable digest algorithm"):
            _ = entry.algorithm

    @pytest.mark.parametrize("path", [*OUTSIDE, "a//b", "a\nb", "x" * 4097])
    @pytest.mark.parametrize("blob", [BLOB, None])
    def test_an_entry_has_a_path_in_its_normal_form(self, path: str, blob: str | None) -> None:
        with pytest.raises(InvalidEntryPath):
            Entry(path=path, digest=HELLO, size=5, blob=blob)

    @pytest.mark.parametrize("path", [None, 7, b"a", []])
    def test_an_entrys_path_is_text(self, path: str) -> None:
        with pytest.raises(InvalidEntryPath):
            Entry(path=path, digest=HELLO, size=5, blob=BLOB)

    @pytest.mark.parametrize(
        ("field", "values"),
        [
            ("digest", ["", "a\nb", "a\0", "a\udc80", None, 7, b"x"]),
            ("size", [-1, 2**63, 1.5, True, "5", None]),
            ("blob", ["", "abc", BLOB.upper(), BLOB + "0", BLOB + "\n", 7, b"x"]),
            ("ref", ["", "a\0", "a\udc80", 7, b"x"]),
            ("extra", [[], "x", 7]),
        ],
    )
    def test_other_fields_are_sound_or_refused(self, field: str, values: list[object]) -> None:
        sound = {"path": "a", "digest": HELLO, "size": 5}
        for fields in (sound, {**sound, "blob": BLOB}, {**sound, "ref": "s3://a"}):
            for value in values:
                with pytest.raises(InvalidManifest, match=f"'a' has no usable {field}: "):
                    Entry(**{**fields, field: value})  # type: ignore[arg-type]  # as a file may say

    @pytest.mark.parametrize("size", [0, 1, 2**63 - 1])
    @pytest.mark.parametrize("blob", [BLOB, None])
    def test_a_size_is_any_that_a_file_may_have(self, size: int, blob: str | None) -> None:
        assert Entry(path="a", digest=HELLO, size=size, blob=blob).size == size

    def test_an_entry_is_stored_here_or_elsewhere(self) -> None:
        with pytest.raises(InvalidManifest, match="'a' has both a blob and a ref"):
            Entry(path="a", digest=HELLO, blob=BLOB, ref="s3://a")

    def test_an_extra_that_json_cannot_hold_is_refused(self) -> None:
        extra = {"etag": float("inf")}
        with pytest.raises(InvalidManifest, match="'a' has an extra that cannot be kept: Out of"):
            Entry(path="a", digest=HELLO, extra=extra)
