"""The content stores that come with Stemmata keep the contract."""

from pathlib import Path

import pytest

from stemmata_adapters.content_stores.disk import DiskContentStore
from stemmata_adapters.content_stores.memory import MemoryContentStore
from stemmata_adapters.contracts.content_store import ContentStoreContract
from stemmata_domain.content import ContentStore


class TestMemoryContentStore(ContentStoreContract):
    @pytest.fixture
    def store(self) -> ContentStore:
        return MemoryContentStore()

    def stored_bytes(self, store: ContentStore, sha256: str) -> bytes | None:
        assert isinstance(store, MemoryContentStore)
        return store._blobs.get(sha256)

    def corrupt(self, store: ContentStore, sha256: str, data: bytes) -> None:
        assert isinstance(store, MemoryContentStore)
        store._blobs[sha256] = data


class TestDiskContentStore(ContentStoreContract):
    @pytest.fixture
    def store(self, tmp_path_factory: pytest.TempPathFactory) -> ContentStore:
        return DiskContentStore.open(tmp_path_factory.mktemp("store"))

    def path(self, store: ContentStore, sha256: str) -> Path:
        assert isinstance(store, DiskContentStore)
        return store.root / "sha256" / sha256[:2] / sha256[2:]

    def stored_bytes(self, store: ContentStore, sha256: str) -> bytes | None:
        path = self.path(store, sha256)
        return path.read_bytes() if path.exists() else None

    def corrupt(self, store: ContentStore, sha256: str, data: bytes) -> None:
        path = self.path(store, sha256)
        path.chmod(0o644)
        path.write_bytes(data)
