"""Between recorded events and the stored events of the `eventsourcing` library.

The library's own mapper rebuilds objects without their constructor, which frozen pydantic models do not
survive. This one keeps its compressor and cipher, and uses the domain's codec for the rest.
"""

from __future__ import annotations

from typing import NamedTuple

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, StoredEvent

from stemmata_domain.codec import Envelope, decode, encode
from stemmata_domain.errors import EventUnreadable
from stemmata_domain.events import Event
from stemmata_domain.ports import KeptEvent
from stemmata_domain.recorded import Context, RecordedEvent


class EnvelopedEvent(NamedTuple):
    """An event with its envelope and its place in its stream, under the names the library uses."""

    originator_id: str
    originator_version: int
    envelope: Envelope
    event: Event


class EventMapper(Mapper[str]):
    """Maps our events; compression and encryption are the library's."""

    def __init__(self) -> None:
        """Make a mapper that neither compresses nor encrypts."""
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Return the stored form of an :class:`EnvelopedEvent`."""
        if not isinstance(domain_event, EnvelopedEvent):
            raise TypeError(f"an EnvelopedEvent is needed, not {type(domain_event).__name__}")
        id_, time, actor, correlation, key = domain_event.envelope
        return self.stored(
            domain_event.originator_id,
            domain_event.originator_version,
            domain_event.event,
            id=id_,
            context=Context(actor, time, correlation, key),
        )

    def stored(
        self, stream: str, version: int, event: Event, *, id: str, context: Context
    ) -> StoredEvent:
        """Return the stored form of *event* at its place in a stream."""
        state = encode(event, id=id, context=context)
        if self.compressor:
            state = self.compressor.compress(state)
        if self.cipher:
            state = self.cipher.encrypt(state)
        return StoredEvent(stream, version, event.topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> EnvelopedEvent:
        """Return the event of a stored form, in its newest shape."""
        envelope, event = self._decode(stored_event, None)
        return EnvelopedEvent(
            str(stored_event.originator_id), stored_event.originator_version, envelope, event
        )

    def recorded(self, stored: StoredEvent, position: int) -> RecordedEvent:
        """Return what stands in the log at *position*."""
        (id_, time, actor, correlation, key), event = self._decode(stored, position)
        return RecordedEvent(
            position,
            str(stored.originator_id),
            stored.originator_version,
            id_,
            time,
            actor,
            correlation,
            key,
            event,
        )

    def _decode(self, stored: StoredEvent, position: int | None) -> tuple[Envelope, Event]:
        return decode(stored.topic, self._plain(stored), position=position)

    def kept(self, stored: Notification) -> KeptEvent:
        """Return an event to be handed over: neither compressed nor encrypted, and unread.

        Raises:
            EventUnreadable: What is kept are no bytes: somebody has changed it past the library.
        """
        state: object = stored.state
        if not isinstance(state, bytes):
            why = f"it is kept as {type(state).__name__}, and not as bytes"
            raise EventUnreadable(topic=stored.topic, position=stored.id, why=why)
        stream, version = str(stored.originator_id), stored.originator_version
        return KeptEvent(stored.id, stream, version, stored.topic, self._plain(stored))

    def _plain(self, stored: StoredEvent) -> bytes:
        state = stored.state
        if self.cipher:
            state = self.cipher.decrypt(state)
        if self.compressor:
            state = self.compressor.decompress(state)
        return state
