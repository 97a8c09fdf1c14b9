"""Everything that can be raised on purpose, as one tree.

StemmataError
├─ Refused                      the domain said no; the caller may change the request
│  ├─ (ValueError too)          InvalidName, InvalidAlias, InvalidTag, InvalidMetadata, InvalidType,
│  │                            InvalidPath, InvalidEntryPath, InvalidManifest, InvalidReference,
│  │                            InvalidSetting, InvalidCursor, InvalidMoment, EntryTaken,
│  │                            TypeMismatch, TypeNotAccepted, NameTaken, PersonalEntity,
│  │                            OrganizationNeeded, WrongOrganization, NotALink, StillLinked,
│  │                            StillAliased, IdempotencyKeyReused, ArtifactElsewhere,
│  │                            RunNotActive, UnsafePath, InvalidOrder, InvalidLog, OtherLog,
│  │                            InvalidFilter (UnknownFilterFields, DuplicateFilterFields,
│  │                            InvalidPattern)
│  ├─ (TypeError too)           MetadataNotAMapping
│  ├─ (LookupError too)         UnknownOrganization, UnknownEntity, UnknownRegistry, UnknownCollection,
│  │                            UnknownArtifact, UnknownVersion, UnknownRun, UnknownEntry,
│  │                            FileMissing, ReferenceMissing
│  ├─ (PermissionError too)     NotAMember
│  ├─ ExtraMissing              a package is needed that comes with an extra
│  └─ AbilityMissing            a store cannot do what not every store can
├─ WrongExpectedVersion         somebody was faster; deciding again may help
├─ HandlingFailed               a subscriber could not handle an event
└─ StorageFailed                an adapter could not; raised `from` the cause
   ├─ BlobMissing, DigestMismatch
   ├─ AdapterBroken             a package brings an adapter that cannot be used
   ├─ StoreTooNew
   └─ EventUnreadable

Each class is named after the rule that was broken, carries the facts as attributes and makes its
sentence from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class StemmataError(Exception):
    """The root of every error raised on purpose."""

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(cls: type[StemmataError], facts: Mapping[str, object]) -> StemmataError:
    error = cls.__new__(cls)
    error.__dict__.update(facts)
    return error


class Refused(StemmataError):
    """The domain declines the request; nothing was written."""


def _listed(names: Sequence[str], nothing: str = "none") -> str:
    return ", ".join(repr(name) for name in names) or nothing


# --- an argument is wrong -------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class InvalidName(Refused, ValueError):
    """A name of a thing breaks the rule for such names."""

    thing: str
    name: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid {self.thing} name {self.name!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidAlias(Refused, ValueError):
    """An alias breaks a rule."""

    alias: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid alias {self.alias!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidTag(Refused, ValueError):
    """A tag breaks the rule for tags."""

    tag: str
    rule: str = (
        "tags must only contain alphanumeric characters separated by hyphens, underscores, "
        "and/or spaces"
    )

    def __str__(self) -> str:
        return f"Invalid tag {self.tag!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidMetadata(Refused, ValueError):
    """Metadata cannot be stored as JSON, or has too many keys."""

    rule: str

    def __str__(self) -> str:
        return f"Invalid metadata: {self.rule}"


@dataclass(eq=False, kw_only=True)
class MetadataNotAMapping(Refused, TypeError):
    """Metadata must be a mapping at its top level."""

    got: str

    def __str__(self) -> str:
        return f"Metadata must be a dict, not {self.got}"


@dataclass(eq=False, kw_only=True)
class InvalidType(Refused, ValueError):
    """An artifact type breaks a rule, or is reserved."""

    type: str
    rule: str

    def __str__(self) -> str:
        return f"Artifact type {self.type!r} {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidPath(Refused, ValueError):
    """A path to an artifact or collection does not fit the grammar."""

    path: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid artifact path: {self.path!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidEntryPath(Refused, ValueError):
    """The path of a file inside an artifact is not a relative path that stays inside."""

    path: str
    rule: str = "give a relative path with forward slashes that stays inside the artifact"

    def __str__(self) -> str:
        return f"Invalid artifact path: {self.path!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class UnsafePath(Refused, ValueError):
    """A file would be written outside of the folder that the caller named, or over another file."""

    path: str
    root: str
    rule: str = "it would leave"

    def __str__(self) -> str:
        return f"Refusing to write {self.path!r}: {self.rule} {self.root!r}"


@dataclass(eq=False, kw_only=True)
class InvalidLocalPath(Refused, ValueError):
    """What stands at a path on this machine cannot become part of an artifact."""

    path: str
    rule: str = "Path is not a file"

    def __str__(self) -> str:
        return f"{self.rule}: {self.path!r}"


@dataclass(eq=False, kw_only=True)
class UnexpectedFile(Refused, ValueError):
    """A folder has a file that the artifact has not."""

    path: str
    artifact: str

    def __str__(self) -> str:
        return f"Found file {self.path!r} which is not a member of artifact {self.artifact!r}"


@dataclass(eq=False, kw_only=True)
class NotASingleFile(Refused, ValueError):
    """An artifact was taken for its only file, and has none or several."""

    artifact: str
    count: int

    def __str__(self) -> str:
        has = "more than one file" if self.count > 1 else "no file"
        return f"Artifact {self.artifact!r} contains {has} ({self.count}). Use download() instead"


@dataclass(eq=False, kw_only=True)
class InvalidManifest(Refused, ValueError):
    """A manifest cannot be read."""

    rule: str

    def __str__(self) -> str:
        return f"Invalid manifest format. {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidReference(Refused, ValueError):
    """A reference to content elsewhere cannot be added."""

    uri: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid reference {self.uri!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidSetting(Refused, ValueError):
    """A setting, an option or an argument has a value that cannot be used."""

    setting: str
    value: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid {self.setting} {self.value!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidCursor(Refused, ValueError):
    """What was given as the cursor of a next page is none, or none for this question."""

    cursor: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid cursor {self.cursor!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidMoment(Refused, ValueError):
    """A moment is neither a time with its zone nor a position of the log."""

    moment: str
    rule: str

    def __str__(self) -> str:
        return f"Invalid moment {self.moment!r}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class InvalidFilter(Refused, ValueError):
    """A filter of a search does not fit the filter language."""

    rule: str

    def __str__(self) -> str:
        return f"Invalid filter: {self.rule}"


@dataclass(eq=False, kw_only=True)
class UnknownFilterFields(InvalidFilter):
    """A filter asks for fields that things of this kind do not have."""

    rule: str = "it names fields that there are not"
    fields: tuple[str, ...]
    known: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Invalid filter fields: {_listed(self.fields)}; must be one of: {_listed(self.known)}"
        )


@dataclass(eq=False, kw_only=True)
class DuplicateFilterFields(InvalidFilter):
    """A filter gives two names of one field, side by side."""

    rule: str = "it names one field twice"
    fields: tuple[str, ...]

    def __str__(self) -> str:
        return f"Duplicate fields: {_listed(self.fields)}"


@dataclass(eq=False, kw_only=True)
class InvalidPattern(InvalidFilter):
    """A regular expression cannot be used."""

    rule: str = "it has a pattern that cannot be used"
    pattern: str
    why: str

    def __str__(self) -> str:
        return f"Invalid pattern {self.pattern!r}: {self.why}"


@dataclass(eq=False, kw_only=True)
class InvalidOrder(Refused, ValueError):
    """A search asks for an order that there is not."""

    order: str
    known: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Invalid order {self.order!r}: give a field, with + before it to ascend or - to "
            f"descend; must be one of: {_listed(self.known)}"
        )


@dataclass(eq=False, kw_only=True)
class EntryTaken(Refused, ValueError):
    """An artifact already has other content at this path."""

    path: str

    def __str__(self) -> str:
        return f"Cannot add the same path twice: {self.path!r}"


@dataclass(eq=False, kw_only=True)
class TypeMismatch(Refused, ValueError):
    """A thing exists with another artifact type than the one asked for."""

    thing: str
    name: str
    type: str
    asked: str

    def __str__(self) -> str:
        return (
            f"{self.thing.capitalize()} {self.name} already exists with type {self.type!r}; "
            f"cannot use it with type {self.asked!r}. Use type {self.type!r}, or another name"
        )


@dataclass(eq=False, kw_only=True)
class TypeNotAccepted(Refused, ValueError):
    """A registry does not accept artifacts of this type."""

    registry: str
    type: str
    accepted: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Registry {self.registry!r} does not accept artifacts of type {self.type!r}; "
            f"it accepts: {_listed(self.accepted)}. Log the artifact with an accepted type, "
            "link it into another registry, or have an admin add the type"
        )


@dataclass(eq=False, kw_only=True)
class NameTaken(Refused, ValueError):
    """A name is in use in its scope."""

    thing: str
    name: str
    scope: str

    def __str__(self) -> str:
        return (
            f"{self.thing.capitalize()} {self.name!r} already exists in {self.scope}, "
            "please use a different name"
        )


@dataclass(eq=False, kw_only=True)
class PersonalEntity(Refused, ValueError):
    """An artifact of a personal entity cannot be linked."""

    entity: str
    teams: tuple[str, ...]

    def __str__(self) -> str:
        choice = f" (one of: {', '.join(self.teams)})" if self.teams else ""
        return (
            f"Artifacts logged under the personal entity {self.entity!r} cannot be linked. "
            f"Log it again under a team entity{choice}: init(entity=<team>, project=…)"
        )


@dataclass(eq=False, kw_only=True)
class OrganizationNeeded(Refused, ValueError):
    """The organization does not follow from the entity and has to be named."""

    entity: str
    organizations: tuple[str, ...]

    def __str__(self) -> str:
        if not self.organizations:
            return (
                "Unable to resolve an organization associated with personal entity: "
                f"{self.entity!r}. Use a team entity of an organization"
            )
        return (
            f"Personal entity {self.entity!r} belongs to multiple organizations and cannot be used "
            f"without specifying the organization name. Put one before the path: "
            f"{_listed(self.organizations)}"
        )


@dataclass(eq=False, kw_only=True)
class WrongOrganization(Refused, ValueError):
    """A path names another organization than the artifact's."""

    given: str
    expected: tuple[str, ...]
    entity: str

    def __str__(self) -> str:
        if not self.expected:
            return f"Unable to find organization for entity {self.entity!r}"
        return (
            f"Entity {self.entity!r} belongs to the organization "
            f"{' or '.join(repr(name) for name in self.expected)} and cannot be linked/fetched with "
            f"{self.given!r}. Please update the target path with the correct organization name"
        )


@dataclass(eq=False, kw_only=True)
class NotALink(Refused, ValueError):
    """A source version cannot be unlinked."""

    name: str

    def __str__(self) -> str:
        return (
            f"Artifact {self.name!r} is not a linked artifact and cannot be unlinked. "
            "To delete it, use 'Artifact.delete' instead"
        )


@dataclass(eq=False, kw_only=True)
class StillLinked(Refused, ValueError):
    """A source version is linked, and deleting it was not forced."""

    name: str
    links: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Version {self.name!r} is linked as {_listed(self.links)}. Unlink it first, or pass "
            "force=True to delete it together with its links"
        )


@dataclass(eq=False, kw_only=True)
class StillAliased(Refused, ValueError):
    """A version has aliases, and deleting them was not asked for."""

    name: str
    aliases: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"Version {self.name!r} has the aliases {_listed(self.aliases)}. Remove them first, "
            "or pass delete_aliases=True"
        )


@dataclass(eq=False, kw_only=True)
class IdempotencyKeyReused(Refused, ValueError):
    """An idempotency key was used before, for another command."""

    key: str
    command: str

    def __str__(self) -> str:
        return (
            f"The idempotency key {self.key!r} was used for another command ({self.command}). "
            "Use a new key for each command"
        )


@dataclass(eq=False, kw_only=True)
class ArtifactElsewhere(Refused, ValueError):
    """A logged artifact cannot be logged again in another entity or project."""

    name: str
    place: str

    def __str__(self) -> str:
        return (
            f"Artifact {self.name!r} exists already and can't be moved to {self.place!r}. "
            "Make a new Artifact for it, or link the version into a registry"
        )


@dataclass(eq=False, kw_only=True)
class RunNotActive(Refused, ValueError):
    """A run has finished, or its id is in use."""

    run: str
    rule: str

    def __str__(self) -> str:
        return f"Run {self.run!r} {self.rule}"


# --- a thing is missing ---------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class UnknownOrganization(Refused, LookupError):
    """No organization has this name."""

    name: str

    def __str__(self) -> str:
        return (
            f"Organization {self.name!r} not found. Check its spelling (display name or entity "
            f"name), or found it: stemmata init {self.name!r}"
        )


@dataclass(eq=False, kw_only=True)
class UnknownEntity(Refused, LookupError):
    """No team, person or organization has this entity name."""

    entity: str
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        known = f" Known here: {', '.join(self.known)}." if self.known else ""
        if not self.entity:
            return (
                "No entity is given, and none follows. Name one: init(entity=<team>), or set "
                f"STEMMATA_ENTITY.{known} 'stemmata whoami' lists what you can use"
            )
        return f"Entity {self.entity!r} not found.{known} 'stemmata whoami' lists what you can use"


@dataclass(eq=False, kw_only=True)
class UnknownRegistry(Refused, LookupError):
    """No registry has this name in the organization."""

    registry: str
    organization: str
    known: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"Registry {self.registry!r} not found in organization {self.organization!r}. "
            f"It has: {_listed(self.known)}. A registry must exist before one links into it: "
            f"Api().create_registry({self.registry!r}, visibility='organization')"
        )


@dataclass(eq=False, kw_only=True)
class UnknownCollection(Refused, LookupError):
    """No collection has this name."""

    name: str

    def __str__(self) -> str:
        return f"Collection {self.name!r} not found. 'stemmata ls' lists what there is"


@dataclass(eq=False, kw_only=True)
class UnknownArtifact(Refused, LookupError):
    """No artifact or collection has this name."""

    name: str

    def __str__(self) -> str:
        return f"Artifact {self.name!r} not found. 'stemmata ls' lists what there is"


@dataclass(eq=False, kw_only=True)
class UnknownVersion(Refused, LookupError):
    """The artifact or collection exists, this version or alias of it does not."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"Version {self.version!r} of {self.name!r} not found"


@dataclass(eq=False, kw_only=True)
class UnknownRun(Refused, LookupError):
    """No run has this path."""

    run: str

    def __str__(self) -> str:
        return f"Run {self.run!r} not found"


@dataclass(eq=False, kw_only=True)
class UnknownEntry(Refused, KeyError, FileNotFoundError):
    """An artifact has no file at this path."""

    path: str
    artifact: str

    def __str__(self) -> str:
        return f"Path not contained in artifact {self.artifact!r}: {self.path!r}"


@dataclass(eq=False, kw_only=True)
class FileMissing(Refused, ValueError, LookupError, FileNotFoundError):
    """A folder lacks a file of the artifact."""

    path: str
    artifact: str
    root: str

    def __str__(self) -> str:
        return f"File {self.path!r} of artifact {self.artifact!r} is missing in {self.root!r}"


@dataclass(eq=False, kw_only=True)
class ReferenceMissing(Refused, LookupError, FileNotFoundError):
    """The content to which a reference points does not exist."""

    uri: str
    why: str

    def __str__(self) -> str:
        return f"Unable to find the content of reference {self.uri!r}: {self.why}"


# --- an act is forbidden --------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class NotAMember(Refused, PermissionError):
    """A person acts in an entity that they do not belong to."""

    actor: str
    entity: str
    entities: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.actor!r} may not act in entity {self.entity!r}. "
            f"{self.actor!r} can use: {_listed(self.entities)}"
        )


# --- a log cannot be moved -------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class InvalidLog(Refused, ValueError):
    """A file is not the log of a registry as this release reads it, or not the whole of one.

    Attributes:
        line: Counted from 1.
    """

    file: str
    line: int
    rule: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}: {self.rule}"


@dataclass(eq=False, kw_only=True)
class OtherLog(Refused, ValueError):
    """A store that is to be filled with a log holds something else.

    Attributes:
        position: The first that differs.
    """

    store: str
    source: str
    position: int

    def __str__(self) -> str:
        return (
            f"{self.store} holds another log: at position {self.position} it first differs from "
            f"{self.source}. Nothing was written; choose an empty store"
        )


# --- something is not installed --------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class ExtraMissing(Refused):
    """What was asked for needs a package that an extra installs."""

    feature: str
    extra: str

    def __str__(self) -> str:
        return f"{self.feature} need a package that is not installed: pip install 'stemmata[{self.extra}]'"


# --- not a refusal --------------------------------------------------------------------------


@dataclass(eq=False, kw_only=True)
class AbilityMissing(Refused):
    """A store cannot do what not every store can.

    Attributes:
        way: What to do instead.
    """

    store: str
    ability: str
    way: str

    def __str__(self) -> str:
        return f"The {self.store} cannot {self.ability}. {self.way}"


@dataclass(eq=False, kw_only=True)
class WrongExpectedVersion(StemmataError):
    """A stream is elsewhere than the append expected; nothing was written.

    Versions count from 0; -1 is a stream without events.
    """

    stream: str
    expected: int
    actual: int | None = None

    def __str__(self) -> str:
        actual = "elsewhere" if self.actual is None else f"at version {self.actual}"
        return f"Stream {self.stream!r} was expected at version {self.expected}; it is {actual}"


@dataclass(eq=False, kw_only=True)
class HandlingFailed(StemmataError):
    """A subscriber could not handle an event, however often it was tried; the cause is chained.

    Attributes:
        subscription: Its name, if it has one.
        event: Topic of the event.
    """

    subscription: str | None
    position: int
    event: str
    attempts: int
    why: str

    def __str__(self) -> str:
        called = "A subscription" if self.subscription is None else f"{self.subscription!r}"
        return (
            f"{called} could not handle {self.event} at position {self.position} "
            f"in {self.attempts} attempts ({self.why})"
        )


class StorageFailed(StemmataError):
    """An adapter could not do its work; the cause is chained."""


@dataclass(eq=False, kw_only=True)
class StoreUnavailable(StorageFailed):
    """A store cannot be opened, read or written."""

    store: str
    why: str

    def __str__(self) -> str:
        return f"{self.store}: {self.why}"


@dataclass(eq=False, kw_only=True)
class AdapterBroken(StorageFailed):
    """A package brings an adapter for a scheme, and it cannot be used."""

    scheme: str
    package: str
    why: str

    def __str__(self) -> str:
        return (
            f"The adapter for {self.scheme}:// in the package {self.package!r} cannot be used: "
            f"{self.why}. Install another release of the package, or tell its authors"
        )


@dataclass(eq=False, kw_only=True)
class ChangeImpossible(StorageFailed):
    """A view cannot take a change, however often it is tried, such as opening a row twice."""

    store: str
    why: str

    def __str__(self) -> str:
        return f"{self.store}: a view cannot take a change ({self.why})"


@dataclass(eq=False, kw_only=True)
class BlobMissing(StorageFailed, LookupError):
    """The content store has no blob under this digest."""

    digest: str

    def __str__(self) -> str:
        return f"No content is stored under sha256:{self.digest}"


@dataclass(eq=False, kw_only=True)
class DigestMismatch(StorageFailed, ValueError):
    """Content is not what its digest says."""

    where: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"Digest mismatch for {self.where}: expected {self.expected}, found {self.actual}"


@dataclass(eq=False, kw_only=True)
class StoreTooNew(StorageFailed):
    """A store was written by a newer release."""

    store: str
    schema: int
    supported: int

    def __str__(self) -> str:
        return (
            f"{self.store} was written by a newer release (schema {self.schema}; this release "
            f"reads up to {self.supported}). Install a newer stemmata"
        )


@dataclass(eq=False, kw_only=True)
class EventUnreadable(StorageFailed):
    """A stored event cannot be read by this release."""

    topic: str
    position: int | None
    why: str

    def __str__(self) -> str:
        where = "" if self.position is None else f" at position {self.position}"
        return f"Cannot read the event {self.topic!r}{where}: {self.why}"
