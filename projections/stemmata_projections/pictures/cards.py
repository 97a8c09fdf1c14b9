"""A card: what is known of one thing, at a glance; and a list of things.

Colours are those of whoever shows it, so that a card is as readable in the dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stemmata_projections.pictures.markup import marked, shortened, visible

_LONGEST = 400
_FRAME = (
    "display:inline-block;border:1px solid rgba(128,128,128,.4);border-left:4px solid {colour};"
    "border-radius:6px;padding:8px 14px;font:13px/1.5 system-ui,sans-serif;max-width:46em"
)
_KIND = "font-size:11px;letter-spacing:.04em;opacity:.7"
_TITLE = "font-size:15px;font-weight:600;overflow-wrap:anywhere"
_CHIP = (
    "display:inline-block;border-radius:9px;padding:0 8px;margin:2px 4px 2px 0;"
    "background:rgba(66,133,244,.2);overflow-wrap:anywhere"
)
_TAG = _CHIP.replace("66,133,244", "128,128,128")
_TABLE = "font:inherit;color:inherit;border:0;margin:4px 0 0;border-spacing:0"
_LABEL = "padding:0 12px 0 0;opacity:.7;text-align:left;vertical-align:top;white-space:nowrap"
_VALUE = "padding:0;text-align:left;overflow-wrap:anywhere"

BLUE = "#4285f4"
GREEN = "#34a853"
GREY = "#80868b"


def card(
    kind: str,
    title: str,
    facts: Iterable[tuple[str, str]],
    *,
    aliases: Sequence[str] = (),
    tags: Sequence[str] = (),
    colour: str = BLUE,
) -> str:
    """Return a card as HTML; facts that are empty are left out."""
    chips = [
        f'<span style="{style}">{_text(text)}</span>'
        for style, texts in ((_CHIP, aliases), (_TAG, tags))
        for text in texts
    ]
    rows = [
        f'<tr style="background:none"><td style="{_LABEL}">{_text(label)}</td>'
        f'<td style="{_VALUE}">{_text(value)}</td></tr>'
        for label, value in facts
        if value
    ]
    return (
        f'<div style="{_FRAME.format(colour=colour)}">'
        f'<div style="{_KIND}">{_text(kind)}</div><div style="{_TITLE}">{_text(title)}</div>'
        f"<div>{''.join(chips)}</div>"
        f'<table style="{_TABLE}">{"".join(rows)}</table></div>'
    )


def size_text(size: int) -> str:
    """Return a number of bytes as people read it, in powers of 1000."""
    scaled = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if scaled < 999.5:
            return f"{size} B" if unit == "B" else f"{scaled:.1f} {unit}"
        scaled /= 1000
    return f"{scaled:.1f} PB"


def _text(text: str) -> str:
    return marked(shortened(visible(text), _LONGEST))
