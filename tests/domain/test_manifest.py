"""The list of an artifact's files, as it is stored."""

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stemmata_domain.digests import DigestAlgorithm, manifest_digest
from stemmata_domain.entries import Entry
from stemmata_domain.errors import InvalidEntryPath, InvalidManifest, Refused
from stemmata_domain.manifest import ManifestDigest, Totals, decode, encode
from stemmata_domain.metadata import JsonValue

HELLO = "XUFAKrxLKna5cZ2REBfFkg=="
WORLD = "fXkwN6B2AYZXSwKC8vQ15w=="
BLOB = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

HEADER = (
    '{"version":1,"storagePolicy":"wandb-storage-policy-v1",'
    '"storagePolicyConfig":{"storageLayout":"V2"},"contents":{\n'
)
A_LINE = f'"a.txt":{{"digest":"{HELLO}","size":5,"blob":"{BLOB}"}}'
B_LINE = f'"b/c.txt":{{"digest":"{WORLD}","size":5}}'
A = Entry(path="a.txt", digest=HELLO, size=5, blob=BLOB)
B = Entry(path="b/c.txt", digest=WORLD, size=5)


def written(*entries: Entry, algorithm: DigestAlgorithm = DigestAlgorithm.MD5) -> bytes:
    return b"".join(encode(entries, algorithm=algorithm))


def read(text: str | bytes) -> list[Entry]:
    return list(decode(text.encode() if isinstance(text, str) else text))


def whole(**changed: object) -> bytes:
    """A manifest as W&B's client writes it."""
    manifest: dict[str, object] = {
        "version": 1,
        "storagePolicy": "wandb-storage-policy-v1",
        "storagePolicyConfig": {"storageLayout": "V2"},
        "contents": {"a.txt": {"digest": HELLO, "size": 5}},
    }
    manifest.update(changed)
    kept = {key: value for key, value in manifest.items() if value is not ...}
    return json.dumps(kept).encode()


class TestWriting:
    """Semantics §12: the manifest's JSON, here with one entry on each line."""

    def test_each_entry_has_a_line(self) -> None:
        assert written(A, B).decode() == f"{HEADER}{A_LINE},\n{B_LINE}\n}}}}\n"

    def test_an_artifact_without_files_has_a_manifest(self) -> None:
        assert written().decode() == f"{HEADER}}}}}\n"
        assert read(written()) == []

    def test_it_is_a_manifest_that_other_clients_read(self) -> None:
        reference = Entry(path="z", digest="etag", size=7, ref="s3://b/z", extra={"etag": "etag"})
        assert json.loads(written(A, reference)) == {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": {
                "a.txt": {"digest": HELLO, "size": 5, "blob": BLOB},
                "z": {"digest": "etag", "size": 7, "ref": "s3://b/z", "extra": {"etag": "etag"}},
            },
        }

    def test_the_size_of_a_reference_may_be_unknown(self) -> None:
        reference = Entry(path="z", digest="ftp://a", ref="ftp://a")
        assert '"z":{"digest":"ftp://a","ref":"ftp://a"}' in written(reference).decode()
        assert read(written(reference)) == [reference]

    def test_the_same_entries_give_the_same_bytes(self) -> None:
        one = Entry(path="a", digest="x", ref="s3://a", extra={"etag": "x", "versionID": "y"})
        two = Entry(path="a", digest="x", ref="s3://a", extra={"versionID": "y", "etag": "x"})
        assert written(one) == written(two)

    @pytest.mark.parametrize("entries", [(B, A), (A, A)])
    def test_entries_out_of_order_are_refused(self, entries: tuple[Entry, ...]) -> None:
        with pytest.raises(InvalidManifest, match="Paths must be sorted, each once"):
            written(*entries)

    def test_files_digested_by_xxh128_are_marked(self) -> None:
        """Semantics §12: each file entry gets {"alg": "XXH128"}, references stay as they are."""
        reference = Entry(path="z", digest="etag", ref="s3://b/z")
        text = written(A, reference, algorithm=DigestAlgorithm.XXH128)
        contents = json.loads(text)["contents"]
        assert contents["a.txt"]["extra"] == {"alg": "XXH128"}
        assert "extra" not in contents["z"]
        marked = read(text)
        assert [entry.algorithm for entry in marked] == [
            DigestAlgorithm.XXH128,
            DigestAlgorithm.MD5,
        ]
        assert written(*marked, algorithm=DigestAlgorithm.XXH128) == text

    @pytest.mark.parametrize(("marked", "algorithm"), [("XXH128", "MD5"), ("MD5", "XXH128")])
    def test_files_digested_otherwise_do_not_mix(self, marked: str, algorithm: str) -> None:
        entry = Entry(path="a", digest=HELLO, extra={"alg": marked})
        with pytest.raises(InvalidManifest, match=f"digested by {marked}, not by {algorithm}"):
            written(entry, algorithm=DigestAlgorithm(algorithm))

    def test_an_entry_that_would_not_be_read_again_is_not_written(self) -> None:
        def entry(path: str, length: int) -> Entry:
            return Entry(path=path, digest="x" * length, ref="y")

        room = 1024 * 1024 - len(',\n"b":{"digest":"","ref":"y"}')
        longest = [entry("a", room), entry("b", room), entry("c", room)]
        assert read(written(*longest)) == longest
        with pytest.raises(InvalidManifest, match="longer than 1048576 bytes"):
            written(entry("a", 1), entry("b", room + 1))

    def test_what_is_not_ascii_stays_readable(self) -> None:
        entry = Entry(path="é", digest="ê", ref="ë", extra={"è": "ē"})
        assert '"é":{"digest":"ê","ref":"ë","extra":{"è":"ē"}}' in written(entry).decode()

    def test_the_pieces_are_neither_small_nor_large(self) -> None:
        entries = [Entry(path=f"{number:06d}", digest=HELLO) for number in range(10_000)]
        *pieces, _ = encode(entries)
        assert len(pieces) > 5
        assert all(60_000 < len(piece) < 70_000 for piece in pieces)


class TestReading:
    def test_entries_are_read_as_they_were_written(self) -> None:
        assert read(written(A, B)) == [A, B]

    @pytest.mark.parametrize("size", [1, 2, 7, 150, 10_000])
    def test_it_does_not_matter_how_the_bytes_are_cut(self, size: int) -> None:
        text = written(A, B)
        chunks = [text[start : start + size] for start in range(0, len(text), size)]
        assert list(decode(chunks)) == [A, B]

    def test_lines_may_be_given_as_a_file_gives_them(self) -> None:
        assert list(decode(written(A, B).splitlines(keepends=True))) == [A, B]

    def test_a_line_may_hold_what_json_may(self) -> None:
        """Semantics §12: keys of other writers are passed over."""
        other = (
            ' "c \\u00e9" : {"local_path":"/tmp/x","size":3,"skip_cache":true,'
            '"birthArtifactID":"QQ==","digest":"x","extra":null,"ref":null}'
        )
        assert read(f"{HEADER}{A_LINE},\n{other}\n}}}}\n") == [
            A,
            Entry(path="c é", digest="x", size=3),
        ]

    @pytest.mark.parametrize(
        ("body", "rule"),
        [
            ("", "breaks off"),
            (f"{A_LINE},\n", "breaks off"),
            (f"{A_LINE}\n", "breaks off"),
            (f"{A_LINE}", "breaks off"),
            (f"{A_LINE},\n{B_LINE[:20]}", "not JSON"),
            (f"{A_LINE},\n}}}}\n", "not JSON"),
            (f"{A_LINE}\n{B_LINE}\n}}}}\n", "A comma is missing after 'a.txt'"),
            (f"{A_LINE},\n\n{B_LINE}\n}}}}\n", "does not hold one entry"),
            (f"{A_LINE},{B_LINE}\n}}}}\n", "does not hold one entry"),
            (f"{B_LINE},\n{A_LINE}\n}}}}\n", "must be sorted"),
            (f"{A_LINE},\n{A_LINE}\n}}}}\n", "must be sorted"),
            (f"{A_LINE}\n}}}}\n{B_LINE}\n", "goes on after its end"),
            (f"{A_LINE}\n}}}}}}\n", "A comma is missing"),
            ('"a":{"digest":"x","digest":"y"}\n}}\n', "A key occurs twice"),
            ('"a":{"digest":"x","extra":{"a":NaN}}\n}}\n', "JSON has no NaN"),
            ('"a":{"digest":"x","extra":{"a":1e999}}\n}}\n', "an extra that cannot be kept"),
            ('"a":{"digest":"x"}},"contents":{"b":{"digest":"x"}\n}}\n', "not JSON"),
            ('"a":"x"\n}}\n', "'a' is not described by an object"),
            ('"a":{"size":5}\n}}\n', "'a' has no usable digest"),
            ('"a":{"digest":7}\n}}\n', "'a' has no usable digest"),
            ('"a":{"digest":"x","size":"5"}\n}}\n', "'a' has no usable size"),
            ('"a":{"digest":"x","size":-5}\n}}\n', "'a' has no usable size"),
            ('"a":{"digest":"x","size":%s}\n}}\n' % ("9" * 5000), "not JSON"),
            ('"a":{"digest":"x","size":5,"blob":"ab"}\n}}\n', "'a' has no usable blob"),
            ('"a":{"digest":"x","ref":[]}\n}}\n', "'a' has no usable ref"),
            ('"a":{"digest":"x","extra":[]}\n}}\n', "'a' has no usable extra"),
            ('"a":{"digest":"x","extra":' + "[" * 100_000 + "\n}}\n", "nested too deeply"),
            ("x" * (1024 * 1024 + 1), "A line is longer than"),
        ],
    )
    def test_a_manifest_that_is_not_sound_is_refused(self, body: str, rule: str) -> None:
        with pytest.raises(InvalidManifest, match="Invalid manifest format") as refused:
            read(HEADER + body)
        assert rule in refused.value.rule

    def test_bytes_that_are_no_text_are_refused(self) -> None:
        with pytest.raises(InvalidManifest, match="not UTF-8"):
            read(HEADER.encode() + b'"\xff":{"digest":"x"}\n}}\n')
        with pytest.raises(InvalidManifest, match="not UTF-8"):
            read(b"\xff\xfe{}")

    @pytest.mark.parametrize(
        "path", ["../a", "/etc/passwd", "C:\\\\a", "a/../b", "a//b", "a\\u0000"]
    )
    def test_a_path_that_leads_outside_is_refused_whoever_wrote_it(self, path: str) -> None:
        line = f'"{path}":{{"digest":"{HELLO}","size":5,"blob":"{BLOB}"}}'
        with pytest.raises(InvalidEntryPath):
            read(f"{HEADER}{line}\n}}}}\n")
        with pytest.raises(InvalidEntryPath):
            read(whole(contents={json.loads(f'"{path}"'): {"digest": HELLO}}))

    def test_entries_are_given_out_before_the_rest_is_fetched(self) -> None:
        def chunks() -> Iterator[bytes]:
            yield (HEADER + A_LINE + ",\n").encode()
            pytest.fail("nobody has asked for more")

        assert next(decode(chunks())) == A

    def test_what_stands_before_a_break_has_been_given_out(self) -> None:
        entries = decode((HEADER + A_LINE + ",\n").encode())
        assert next(entries) == A
        with pytest.raises(InvalidManifest, match="breaks off"):
            next(entries)


class TestForeignManifests:
    """Semantics §12: `wandb_manifest.json`, as other clients write it."""

    def test_a_manifest_on_one_line_is_read(self) -> None:
        assert read(whole()) == [Entry(path="a.txt", digest=HELLO, size=5)]

    def test_it_does_not_matter_how_the_bytes_are_cut(self) -> None:
        assert list(decode(bytes([byte]) for byte in whole())) == read(whole())

    def test_a_manifest_may_be_laid_out_for_reading(self) -> None:
        assert read(json.dumps(json.loads(whole()), indent=2)) == read(whole())

    def test_its_order_says_nothing(self) -> None:
        contents = {"b": {"digest": "x"}, "B": {"digest": "y"}, "a": {"digest": "z"}}
        assert [entry.path for entry in read(whole(contents=contents))] == ["B", "a", "b"]

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            (b"", "not JSON"),
            (b"{", "not JSON"),
            (b"[]", "Must contain version field."),
            (b"{}", "Must contain version field."),
            (whole(version=...), "Must contain version field."),
            (whole(version=2), "Invalid manifest version."),
            (whole(version="1"), "Invalid manifest version."),
            (whole(version=True), "Invalid manifest version."),
            (whole(version=[[[[[[[[[]]]]]]]]]), "Invalid manifest version."),
            (whole(storagePolicy="other"), "Expected the storage policy"),
            (whole(storagePolicy=...), "Expected the storage policy"),
            (whole(contents=...), "Must contain contents"),
            (whole(contents=[]), "Must contain contents"),
            (whole(contents={"a": []}), "'a' is not described by an object"),
            (whole(contents={"a": {}}), "'a' has no usable digest"),
            (b'{"version":1,"version":1}', "A key occurs twice"),
            (b'{"version":Infinity}', "JSON has no Infinity"),
            (b"[" * 100_000, "nested too deeply"),
        ],
    )
    def test_what_is_no_manifest_is_refused(self, text: bytes, rule: str) -> None:
        with pytest.raises(InvalidManifest, match="Invalid manifest format") as refused:
            read(text)
        assert rule in refused.value.rule

    def test_what_would_fill_the_memory_is_refused(self) -> None:
        def endless() -> Iterator[bytes]:
            while True:
                yield b" " * 1024 * 1024

        with pytest.raises(InvalidManifest, match="larger than 67108864 bytes"):
            list(decode(endless()))


class TestTotals:
    def test_digest_count_and_size_are_taken_in_passing(self) -> None:
        taken = ManifestDigest()
        assert list(taken.watch([A, B])) == [A, B]
        digest = "169ce122d7b477940eccd70028d680dc"
        assert taken.totals == Totals(digest=digest, count=2, size=10)

    def test_the_size_counts_references_too(self) -> None:
        """Semantics §12: an artifact's size counts the sizes of references."""
        taken = ManifestDigest()
        taken.add(Entry(path="z", digest="etag", size=7, ref="s3://b/z"))
        assert taken.size == 7

    def test_sizes_and_blobs_and_extras_are_not_digested(self) -> None:
        """Semantics §12: only path and digest count."""
        one, two = ManifestDigest(), ManifestDigest()
        one.add(A)
        two.add(Entry(path=A.path, digest=A.digest, ref="s3://b/a", extra={"etag": "x"}))
        assert one.hexdigest == two.hexdigest

    def test_entries_out_of_order_are_refused(self) -> None:
        taken = ManifestDigest()
        taken.add(B)
        with pytest.raises(InvalidManifest, match="must be sorted"):
            taken.add(A)
        assert taken.totals.count == 1


def a_million_files() -> Iterator[Entry]:
    for number in range(1_000_000):
        if number == 900_000:
            tracemalloc.start()
        yield Entry(path=f"data/{number:07d}.bin", digest=HELLO, size=number, blob=BLOB)


def test_a_million_entries_pass_through_the_memory_of_a_few() -> None:
    """Entries are made, digested, written and read again, all in one stream.

    Memory is traced over the last hundred thousand, which would take 60 MB if they were kept.
    """
    taken = ManifestDigest()
    read_again = ManifestDigest()
    try:
        for entry in decode(encode(taken.watch(a_million_files()))):
            read_again.add(entry)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read_again.totals == taken.totals
    digest = hashlib.md5(b"wandb-artifact-manifest-v1\n")
    for number in range(1_000_000):
        digest.update(f"data/{number:07d}.bin:{HELLO}\n".encode())
    total = sum(range(1_000_000))
    assert taken.totals == Totals(digest=digest.hexdigest(), count=1_000_000, size=total)
    assert peak < 8 * 1024 * 1024


paths = st.from_regex(r"[a-zA-Zé\-_. 0-9:\\]{1,5}(/[a-zé.\"]{1,5}){0,2}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\n"), min_size=1, max_size=20)
hexes = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def entry(draw: st.DrawFn) -> Entry | None:
    values: st.SearchStrategy[JsonValue] = texts | st.integers(0, 9) | st.lists(texts)
    extra = st.none() | st.dictionaries(st.sampled_from(["etag", "versionID", "é"]), values)
    blob = draw(st.none() | hexes)
    try:
        return Entry(
            path=draw(paths),
            digest=draw(st.just(HELLO) | texts),
            size=draw(st.integers(0, 2**63 - 1)),
            blob=blob,
            ref=draw(st.none() | texts) if blob is None else None,
            extra=draw(extra),
        )
    except InvalidEntryPath:
        return None


@settings(max_examples=500)
@given(st.lists(entry(), max_size=6), st.sampled_from(DigestAlgorithm), st.integers(1, 300))
def test_sound_entries_are_read_as_they_were_written(
    drawn: list[Entry | None], algorithm: DigestAlgorithm, cut: int
) -> None:
    by_path = {entry.path: entry for entry in drawn if entry is not None}
    entries = [by_path[path] for path in sorted(by_path)]
    text = b"".join(encode(entries, algorithm=algorithm))
    found = list(decode([text[at : at + cut] for at in range(0, len(text), cut)]))
    if algorithm is DigestAlgorithm.MD5:
        assert found == entries
    assert [(entry.path, entry.digest, entry.size) for entry in found] == [
        (entry.path, entry.digest, entry.size) for entry in entries
    ]
    assert b"".join(encode(found, algorithm=algorithm)) == text
    # The other way of reading finds the same in it.
    assert list(decode(json.dumps(json.loads(text)).encode())) == found
    taken = ManifestDigest(algorithm=algorithm)
    assert list(taken.watch(found)) == found
    pairs = [(entry.path, entry.digest) for entry in entries]
    assert taken.hexdigest == manifest_digest(pairs, algorithm=algorithm)


SOUND = written(A, B, Entry(path="z", digest="etag", ref="s3://b/z", extra={"etag": "etag"}))

broken_bytes = st.builds(
    lambda at, gone, put: SOUND[:at] + put + SOUND[at + gone :],
    st.integers(0, len(SOUND)),
    st.integers(0, 40),
    st.binary(max_size=4) | st.sampled_from([b",", b"\n", b"}}", b'"', b"../", b"\\u0000"]),
)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["digest", "size", "blob", "ref", "extra"]) | st.text(), inner
        )
    ),
    max_leaves=8,
)


def refused_or_sound(text: bytes) -> None:
    last = ""
    try:
        for found in decode(text):
            assert last < found.path
            last = found.path
    except (InvalidManifest, InvalidEntryPath) as refused:
        str(refused)


@settings(max_examples=2000)
@given(broken_bytes | st.binary() | st.binary().map(HEADER.encode().__add__))
@example(SOUND)
def test_any_bytes_are_a_manifest_or_are_refused(text: bytes) -> None:
    refused_or_sound(text)


@settings(max_examples=700)
@given(st.dictionaries(st.sampled_from(["a", "../a"]) | st.text(), json_like), json_like)
def test_any_json_is_a_manifest_or_is_refused(contents: dict[str, Any], other: object) -> None:
    refused_or_sound(whole(contents=contents))
    refused_or_sound(whole(version=other))
    refused_or_sound(whole(storagePolicy=other))
    refused_or_sound(whole(contents=other))
    lines = ",\n".join(
        f"{json.dumps(path)}:{json.dumps(fields)}" for path, fields in sorted(contents.items())
    )
    refused_or_sound(f"{HEADER}{lines}\n}}}}\n".encode())


def test_every_refusal_here_is_one_of_ours() -> None:
    assert issubclass(InvalidManifest, Refused)
    assert issubclass(InvalidEntryPath, Refused)
