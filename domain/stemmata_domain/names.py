"""What may be called what.

- Each function returns the name it was given, as a plain `str`, or raises the fitting refusal.
- Nothing is trimmed, folded or replaced: two names are one only if they are equal.
- Lone surrogates, which UTF-8 cannot hold, and NUL, which databases and file systems cannot hold,
  are refused in every name. So is everything that is not text.
- Where W&B sets no bound, a bound keeps a name small enough for the index of any database: aliases
  128 characters, tags and idempotency keys 256, types 512.
- A name that is only looked up, never made, need not pass here; it is found or it is not.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterable

from stemmata_domain.errors import (
    InvalidAlias,
    InvalidName,
    InvalidSetting,
    InvalidTag,
    InvalidType,
)

REGISTRY_PREFIX = "wandb-registry-"
"""What a project is called that is a registry, before the registry's own name."""

LONGEST_NAME = 128
LONGEST_REGISTRY_NAME = LONGEST_NAME - len(REGISTRY_PREFIX)
LONGEST_ALIAS = 128
LONGEST_TAG = 256
LONGEST_TYPE = 512
LONGEST_KEY = 256

_CONTROL = r"\x00-\x1f\x7f-\x9f"
_LONE = r"\ud800-\udfff"

_unstorable = re.compile(rf"[\x00{_LONE}]").search
_forbidden_in_project = re.compile(r"[/\\#?%:\r\n]").findall
_forbidden_in_collection = re.compile(r"[/:\r\n]").findall
_forbidden_in_organization = re.compile(rf"[/:{_CONTROL}]").findall
_control = re.compile(rf"[{_CONTROL}]").search

_is_artifact_name = re.compile(r"[a-zA-Z0-9_\-.]{1,128}").fullmatch
_is_collection_name = re.compile(rf"[^/:\x00\r\n{_LONE}]{{1,128}}").fullmatch
_is_project_name = re.compile(rf"[^/\\#?%:\x00\r\n{_LONE}]{{1,128}}").fullmatch
_is_entity_name = re.compile(r"[a-z0-9_\-]{1,128}").fullmatch
_is_organization_name = re.compile(rf"[^/:{_CONTROL}{_LONE}]{{1,128}}").fullmatch
_is_alias = re.compile(rf"[^/:{_CONTROL}{_LONE}]{{1,128}}").fullmatch
_is_tag = re.compile(r"[-\w]+(?: +[-\w]+)*").fullmatch
_version = re.compile(r"v(0|[1-9][0-9]{0,17})").fullmatch


def artifact_name(value: str) -> str:
    """Return the name of an artifact that is about to be made.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has others than ASCII letters,
            digits, dashes, underscores and dots.
    """
    text = text_of(value)
    if text is not None and _is_artifact_name(text):
        return text
    text, rule = _shown(value)
    if rule is None:
        if _is_artifact_name(text[:LONGEST_NAME]):
            rule = f"is longer than {LONGEST_NAME} characters"
        else:
            rule = "may only contain alphanumeric characters, dashes, underscores, and dots"
    raise InvalidName(thing="artifact", name=text, rule=rule)


def collection_name(value: str) -> str:
    """Return the name of a collection, or of an artifact that exists already.

    Spaces and every script are welcome.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has a slash, a colon or a line end.
    """
    text = text_of(value)
    if text is not None and _is_collection_name(text):
        return text
    words = "must not contain any of the following characters"
    raise _name_refused("collection", value, _forbidden_in_collection, words=words)


def project_name(value: str) -> str:
    r"""Return the name of a project.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has one of ``/ \ # ? % :`` or a
            line end; or what follows the registry prefix is no name for a registry.
    """
    text = text_of(value)
    if text is not None:
        if text.startswith(REGISTRY_PREFIX):
            registry_name(text[len(REGISTRY_PREFIX) :])
            return text
        if _is_project_name(text):
            return text
    raise _name_refused("project", value, _forbidden_in_project)


def registry_name(value: str) -> str:
    """Return the name of a registry, without the prefix.

    Raises:
        InvalidName: It is empty, longer than 113 characters, or has a character that a project's
            name may not have.
    """
    text = text_of(value)
    if text is not None and len(text) <= LONGEST_REGISTRY_NAME and _is_project_name(text):
        return text
    raise _name_refused("registry", value, _forbidden_in_project, longest=LONGEST_REGISTRY_NAME)


def registry_project(name: str) -> str:
    """Return the name of the project that is the registry *name*."""
    return REGISTRY_PREFIX + name


def run_id(value: str) -> str:
    r"""Return the id of a run.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has one of ``/ \ # ? % :`` or a
            line end.
    """
    text = text_of(value)
    if text is not None and _is_project_name(text):
        return text
    raise _name_refused("run", value, _forbidden_in_project)


def entity_name(value: str) -> str:
    """Return the name of an entity: a team, a person or an organization, as it stands in paths.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has others than lower-case ASCII
            letters, digits, dashes and underscores.
    """
    text = text_of(value)
    if text is not None and _is_entity_name(text):
        return text
    text, rule = _shown(value)
    if rule is None:
        if _is_entity_name(text[:LONGEST_NAME]):
            rule = f"must be {LONGEST_NAME} characters or less"
        else:
            rule = "may only contain lower-case letters, digits, dashes, and underscores"
    raise InvalidName(thing="entity", name=text, rule=rule)


def organization_name(value: str) -> str:
    """Return the display name of an organization.

    Raises:
        InvalidName: It is empty, longer than 128 characters, or has a slash, a colon or a control
            character.
    """
    text = text_of(value)
    if text is not None and _is_organization_name(text):
        return text
    raise _name_refused("organization", value, _forbidden_in_organization)


def artifact_type(value: str, *, name: str) -> str:
    """Return the type of an artifact called *name*.

    A type may be anything, even empty, that is not kept for what the system makes itself: `job` and
    `wandb-…` for every name, `run_table` for `run-…`, `code` for `source-…`.

    Raises:
        InvalidType: It is reserved, or longer than 512 characters.
    """
    text, rule = _shown(value)
    if rule is None:
        if len(text) > LONGEST_TYPE:
            rule = f"must be less than or equal to {LONGEST_TYPE} characters"
        elif (
            text == "job"
            or text.startswith("wandb-")
            or (text == "run_table" and name.startswith("run-"))
            or (text == "code" and name.startswith("source-"))
        ):
            rule = "is reserved for internal use. Please use a different type."
        else:
            return text
    raise InvalidType(type=text, rule=rule)


def accepted_type(value: str) -> str:
    """Return a type that a registry shall accept.

    Raises:
        InvalidType: It is empty, longer than 128 characters, or has a slash or a colon.
    """
    text, rule = _shown(value)
    if rule is None:
        if not text:
            rule = "cannot be empty"
        elif len(text) > LONGEST_NAME:
            rule = f"must be less than or equal to {LONGEST_NAME} characters"
        elif "/" in text or ":" in text:
            rule = "must not contain any of the following characters: '/', ':'"
        else:
            return text
    raise InvalidType(type=text, rule=rule)


def alias(value: str) -> str:
    """Return an alias that somebody wants to give.

    Raises:
        InvalidAlias: It is empty, longer than 128 characters, has a slash, a colon or a control
            character, or looks like a version number.
    """
    text = text_of(value)
    if text is not None and _is_alias(text) and not is_version_alias(text):
        return text
    text, rule = _shown(value)
    if rule is None:
        if not text:
            rule = "an alias cannot be empty"
        elif "/" in text or ":" in text:
            rule = "Aliases must not contain any of the following characters: '/', ':'"
        elif _control(text):
            rule = "an alias must not contain control characters"
        elif len(text) > LONGEST_ALIAS:
            rule = f"an alias must be {LONGEST_ALIAS} characters or less"
        else:
            rule = "'v' and a number is how versions are counted; choose another alias"
    raise InvalidAlias(alias=text, rule=rule)


def aliases(values: Iterable[str]) -> tuple[str, ...]:
    """Return aliases, each once, in the order given. A lone text is one alias.

    Raises:
        InvalidAlias: One of them is not an alias, or *values* holds no texts.
    """
    try:
        return tuple(dict.fromkeys(map(alias, _each(values))))
    except TypeError:
        rule = "give aliases as a list of texts"
        raise InvalidAlias(alias=quoted(values), rule=rule) from None


def is_version_alias(value: str) -> bool:
    """Tell whether *value* reads as a version number: a `v`, then nothing but numerals."""
    return value[:1] == "v" and value[1:].isnumeric()


def version_index(value: str) -> int | None:
    """Return the number that *value* gives as `v0`, `v12`, …; None if it gives none.

    Only the one way in which a number is written counts: `v01` and `v٣` look like versions, and are
    nobody's.
    """
    found = _version(value)
    return int(found[1]) if found else None


def tag(value: str) -> str:
    """Return a tag.

    Raises:
        InvalidTag: It is longer than 256 characters, or something else than words of letters,
            digits, hyphens and underscores with spaces between them.
    """
    text = text_of(value)
    if text is not None and len(text) <= LONGEST_TAG and _is_tag(text):
        return text
    text, rule = _shown(value)
    if rule is None and len(text) > LONGEST_TAG:
        rule = f"a tag must be {LONGEST_TAG} characters or less"
    raise InvalidTag(tag=text) if rule is None else InvalidTag(tag=text, rule=rule)


def tags(values: Iterable[str]) -> tuple[str, ...]:
    """Return tags, each once, in the order given. A lone text is one tag.

    Raises:
        InvalidTag: One of them is not a tag, or *values* holds no texts.
    """
    try:
        return tuple(dict.fromkeys(map(tag, _each(values))))
    except TypeError:
        raise InvalidTag(tag=quoted(values), rule="give tags as a list of texts") from None


def idempotency_key(value: str) -> str:
    """Return the key under which a command is carried out once.

    Raises:
        InvalidSetting: It is empty, or longer than 256 characters.
    """
    text, rule = _shown(value)
    if rule is None and not text:
        rule = "cannot be empty"
    elif rule is None and len(text) > LONGEST_KEY:
        rule = f"must be {LONGEST_KEY} characters or less"
    if rule is None:
        return text
    raise InvalidSetting(setting="idempotency key", value=text, rule=rule)


def text_or_none(value: str | None, *, what: str) -> str | None:
    """Return a text that may be left out, as :func:`setting` does."""
    return None if value is None else setting(value, what=what)


def setting(value: str, *, what: str) -> str:
    """Return a text that may be anything: what people write, or a name that is only looked up.

    Raises:
        InvalidSetting: It is no text, or none that a store can hold.
    """
    text, rule = _shown(value)
    if rule is None:
        return text
    raise InvalidSetting(setting=what, value=text, rule=rule)


def texts(values: Iterable[str] | None, *, what: str) -> tuple[str, ...]:
    """Return several texts; a lone text is one of them, and nothing is none.

    Raises:
        InvalidSetting: There is something else among them than text.
    """
    if values is None:
        return ()
    lone = text_of(values)
    if lone is not None:
        return (lone,)
    try:
        return tuple(setting(each, what=what) for each in values)
    except TypeError:
        rule = "give a list of texts"
        raise InvalidSetting(setting=what, value=quoted(values), rule=rule) from None


def text_of(value: object) -> str | None:
    """Return *value* as a plain `str`, None if it is no text.

    A member of a `str` enumeration would otherwise print as its own name later.
    """
    if type(value) is str:
        return value
    return str.__str__(value) if isinstance(value, str) else None


def unstorable(text: str) -> str | None:
    """Return what *text* has that no store can hold, a lone surrogate or NUL; None if nothing."""
    found = _unstorable(text)
    return found[0] if found else None


def quoted(value: object) -> str:
    """Return how a refusal names *value*, whatever it is."""
    if isinstance(value, str):
        return value
    try:
        return reprlib.repr(value)
    except Exception:  # noqa: BLE001 -- a repr of somebody else's may fail in any way
        return f"<{type(value).__name__}>"


def _shown(value: object) -> tuple[str, str | None]:
    """Return *value* as a refusal names it, and the rule of all texts that it breaks, if any."""
    text = text_of(value)
    if text is None:
        return quoted(value), f"must be text, not {type(value).__name__}"
    found = _unstorable(text)
    if found is None:
        return text, None
    if found[0] == "\0":
        return text, "cannot contain characters: '\\x00'"
    return text, "must be valid Unicode; a lone surrogate cannot be written as UTF-8"


def _name_refused(
    thing: str,
    value: object,
    forbidden: Callable[[str], list[str]],
    *,
    longest: int = LONGEST_NAME,
    words: str = "cannot contain characters",
) -> InvalidName:
    text, rule = _shown(value)
    if rule is None:
        if not text:
            rule = f"{thing.capitalize()} name cannot be empty"
        elif len(text) > longest:
            rule = f"must be {longest} characters or less"
        else:
            characters = ", ".join(map(repr, sorted(set(forbidden(text)))))
            rule = f"{words}: {characters}"
    return InvalidName(thing=thing, name=text, rule=rule)


def _each(values: Iterable[str]) -> Iterable[str]:
    return (values,) if isinstance(values, str) else values
