"""Any other scheme: a name for content that the registry can remember, but not reach."""

from __future__ import annotations

from collections.abc import Iterator

from stemmata_adapters.references.handler import path_of, uri_of
from stemmata_domain.entries import Entry
from stemmata_domain.errors import InvalidReference


class OtherReferences:
    """References to what nobody here can fetch."""

    def entries(
        self,
        uri: str,
        *,
        name: str | None,
        checksum: bool,  # noqa: ARG002 -- there is nobody to ask
        max_objects: int,  # noqa: ARG002 -- as above
    ) -> Iterator[Entry]:
        """Give one entry, whose digest is the URI; it has to be given a name."""
        yield Entry(path=path_of(uri, name=name, default=""), digest=uri, ref=uri)

    def read(self, entry: Entry) -> Iterator[bytes]:
        """Refuse: what is there cannot be had."""
        uri = uri_of(entry)
        scheme = uri.partition(":")[0]
        rule = f"scheme {scheme!r} not recognized, so its content cannot be downloaded"
        raise InvalidReference(uri=uri, rule=rule)

    def close(self) -> None:
        """Do nothing: no connection is held."""
