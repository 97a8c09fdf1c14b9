"""When two values are the same: as JSON has them, in which 1, 1.0 and true are three things."""

from __future__ import annotations

import json


def same(one: object, other: object) -> bool:
    """Tell whether two values of JSON, or two rows of such values, are the same to the letter."""
    if one != other:
        return False
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
