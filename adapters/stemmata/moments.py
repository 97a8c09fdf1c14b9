"""Moments as people write them: a time with its zone, or a position of the log."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from stemmata_domain.errors import InvalidMoment, InvalidSetting
from stemmata_domain.names import quoted

Moment: TypeAlias = datetime | str | int
"""A time that knows its zone, such a time as ISO 8601, or a position; digits are a position too."""

NOW = "now"
"""The moment at which one asks, where a moment has to be named."""

_EXAMPLE = "such as 2026-03-03T12:00Z or 2026-03-03T12:00+09:00"
_BEYOND = 2**62


def parsed(moment: Moment) -> datetime | int:
    """Return a moment as a time with its zone or as a position.

    Raises:
        InvalidMoment: It is neither, or a time whose zone has to be guessed.
    """
    if isinstance(moment, str):
        text = moment.strip()
        moment = int(text) if text.isascii() and text.isdigit() else _time(text)
    if isinstance(moment, datetime):
        return _in_a_zone(moment)
    if type(moment) is not int or moment < 0:
        rule = f"give a time with its zone, {_EXAMPLE}, or a position of the log"
        raise InvalidMoment(moment=quoted(moment), rule=rule)
    return moment


def time(moment: datetime | str, *, what: str) -> datetime:
    """Return the end of a stretch of time, which is called *what* in a refusal.

    Raises:
        InvalidMoment: It is no time, or one whose zone has to be guessed.
    """
    found = parsed(moment)
    if isinstance(found, int):
        raise InvalidMoment(moment=str(found), rule=f"{what} is a time with its zone, {_EXAMPLE}")
    return found


def position(value: int, *, what: str) -> int:
    """Return the end of a stretch of the log, which is called *what* in a refusal.

    Raises:
        InvalidSetting: It is no position.
    """
    if type(value) is not int or not 0 <= value < _BEYOND:
        rule = "give a position of the log, a whole number from 0"
        raise InvalidSetting(setting=what, value=quoted(value), rule=rule)
    return value


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        rule = f"give a time with its zone, {_EXAMPLE}, or a position of the log"
        raise InvalidMoment(moment=text, rule=rule) from None


def _in_a_zone(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        rule = f"it does not say in which time zone; write a time of day and a zone, {_EXAMPLE}"
        raise InvalidMoment(moment=moment.isoformat(), rule=rule)
    return moment
