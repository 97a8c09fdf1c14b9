"""The digests by which W&B's clients know content."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_domain.digests import (
    DigestAlgorithm,
    b64_digest,
    b64_of_hex,
    content_digest,
    digest_algorithm,
    hasher,
    hex_of_b64,
    manifest_digest,
    md5_b64,
    uri_digest,
)
from stemmata_domain.entries import Entry
from stemmata_domain.errors import InvalidManifest, InvalidSetting
from stemmata_domain.manifest import ManifestDigest

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
WORLD = "fXkwN6B2AYZXSwKC8vQ15w=="
EMPTY = "1B2M2Y8AsgTpgAmY7PhCfg=="
HELLO_XXH = "tenBrQcbPn/Hec+qXlI4GA=="

VECTORS = [
    ("no entries", [], "MD5", "64e7c61456b10382e2f3b571ac24b659"),
    ("one file", [("file.txt", HELLO)], "MD5", "fd9916cb47f290f1bbd53bcd8be69277"),
    (
        "two files",
        [("a.txt", HELLO), ("b/c.txt", WORLD)],
        "MD5",
        "169ce122d7b477940eccd70028d680dc",
    ),
    (
        "upper case sorts first",
        [("B.txt", WORLD), ("a.txt", HELLO)],
        "MD5",
        "c66f9cebb1d47bfb7f3ca6b68603da51",
    ),
    ("an empty file", [("empty", EMPTY)], "MD5", "96743a9b25c5c9fe3480f65327301e00"),
    (
        "a reference that is not looked at",
        [("model.pt", "https://bucket/key")],
        "MD5",
        "8464d78c3ba9bbd5031f3ba3d7ce9fac",
    ),
    ("one file by XXH128", [("file.txt", HELLO_XXH)], "XXH128", "07251c2e0b13af3d3d45378c2c075a94"),
    ("no entries by XXH128", [], "XXH128", "f13c5dd8602ab5d18a0c87ce730a735e"),
]
"""Semantics §12: what W&B's own client computes."""


@pytest.mark.parametrize(
    ("entries", "algorithm", "digest"),
    [vector[1:] for vector in VECTORS],
    ids=[vector[0] for vector in VECTORS],
)
class TestVectors:
    def test_an_artifacts_digest_is_w_and_bs(
        self, entries: Sequence[tuple[str, str]], algorithm: str, digest: str
    ) -> None:
        assert manifest_digest(entries, algorithm=DigestAlgorithm(algorithm)) == digest

    def test_the_digest_taken_in_passing_is_the_same(
        self, entries: Sequence[tuple[str, str]], algorithm: str, digest: str
    ) -> None:
        taken = ManifestDigest(algorithm=DigestAlgorithm(algorithm))
        for path, entry_digest in entries:
            taken.add(Entry(path=path, digest=entry_digest))
        assert taken.hexdigest == digest


class TestFileDigests:
    """Semantics §12: the standard Base64 of a file's MD5, or XXH128."""

    @pytest.mark.parametrize(
        ("content", "digest"), [(b"hello", HELLO), (b"world", WORLD), (b"", EMPTY)]
    )
    def test_the_md5_of_content(self, content: bytes, digest: str) -> None:
        assert md5_b64(content) == digest

    def test_the_xxh128_of_content(self) -> None:
        assert content_digest([b"hello"], algorithm=DigestAlgorithm.XXH128) == HELLO_XXH

    @given(st.lists(st.binary()), st.sampled_from(DigestAlgorithm))
    def test_it_does_not_matter_how_content_is_cut(
        self, chunks: list[bytes], algorithm: DigestAlgorithm
    ) -> None:
        whole = content_digest([b"".join(chunks)], algorithm=algorithm)
        assert content_digest(chunks, algorithm=algorithm) == whole

    def test_a_digest_can_be_read_while_it_is_taken(self) -> None:
        taken = hasher()
        taken.update(b"hel")
        assert b64_digest(taken) == md5_b64(b"hel")
        taken.update(b"lo")
        assert b64_digest(taken) == HELLO

    def test_a_reference_to_a_file_is_digested_by_its_uri(self) -> None:
        assert uri_digest("file:///data/é") == md5_b64("file:///data/é".encode())


class TestForms:
    def test_both_forms_of_a_digest_say_the_same(self) -> None:
        assert hex_of_b64(HELLO) == hashlib.md5(b"hello").hexdigest()
        assert b64_of_hex(hashlib.md5(b"hello").hexdigest()) == HELLO

    @given(st.binary())
    def test_there_and_back_is_the_same(self, digest: bytes) -> None:
        assert hex_of_b64(b64_of_hex(digest.hex())) == digest.hex()

    @pytest.mark.parametrize("text", ["abc", "xy", "é"])
    def test_what_is_not_hex_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidManifest, match="Not a hex digest"):
            b64_of_hex(text)

    @pytest.mark.parametrize("text", ["abc", "a b=", "é", "https://bucket/key", "aGk=\n"])
    def test_what_is_not_base64_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidManifest, match="Not a Base64 digest"):
            hex_of_b64(text)


class TestAlgorithms:
    def test_an_algorithm_is_known_by_name(self) -> None:
        assert digest_algorithm("MD5") is DigestAlgorithm.MD5
        assert digest_algorithm("XXH128") is DigestAlgorithm.XXH128

    @pytest.mark.parametrize("name", ["md5", "SHA256", "", None])
    def test_others_are_refused(self, name: str) -> None:
        with pytest.raises(InvalidSetting, match="expected one of: MD5, XXH128"):
            digest_algorithm(name)


class TestOrder:
    """Semantics §12: lines go in by the code points of their paths."""

    @pytest.mark.parametrize(
        "paths", [["b", "a"], ["a", "a"], ["a", "B"], ["\U0001f600", "\uffff"]]
    )
    def test_paths_out_of_order_are_refused(self, paths: list[str]) -> None:
        with pytest.raises(InvalidManifest, match="Paths must be sorted, each once"):
            manifest_digest([(path, HELLO) for path in paths])

    def test_the_refusal_tells_twice_from_out_of_order(self) -> None:
        with pytest.raises(InvalidManifest, match="'a' occurs twice"):
            manifest_digest([("a", HELLO), ("a", WORLD)])
        with pytest.raises(InvalidManifest, match="'a' stands after 'b'"):
            manifest_digest([("b", HELLO), ("a", WORLD)])

    @given(st.sets(st.text(st.characters(codec="utf-8"))))
    def test_code_points_sort_as_their_bytes_do(self, paths: set[str]) -> None:
        """So that clients in other languages come to the same digest."""
        assert sorted(paths) == sorted(paths, key=str.encode)
