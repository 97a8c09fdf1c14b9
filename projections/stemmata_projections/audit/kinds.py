"""The kinds of events, as people name them: their topics."""

from __future__ import annotations

from collections.abc import Iterable

from stemmata_domain.errors import InvalidSetting
from stemmata_domain.events import TOPICS
from stemmata_domain.names import quoted, text_of


def kinds_of(values: Iterable[str]) -> tuple[str, ...]:
    """Return kinds, each once. A lone text is one kind.

    Raises:
        InvalidSetting: There is no such kind; the refusal says which there are.
    """
    lone = text_of(values)
    try:
        return tuple(dict.fromkeys(map(_kind, values if lone is None else (lone,))))
    except TypeError:
        rule = "give kinds as a list of texts"
        raise InvalidSetting(setting="kind", value=quoted(values), rule=rule) from None


def _kind(value: str) -> str:
    text = text_of(value)
    if text is not None and text in TOPICS:
        return text
    rule = f"the kinds of events are {', '.join(TOPICS)}"
    raise InvalidSetting(setting="kind", value=quoted(value), rule=rule)
