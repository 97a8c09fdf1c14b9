"""Schemas of databases, as the steps that lead to them, whatever the database.

- A schema is a number: how many steps were taken. A new database takes all of them, an older one those
  that it lacks, in one transaction; a newer one is refused.
- A step that was released is never changed: a change of tables is one more step.
- A step only adds, so that a process of an older release that has the database open can go on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from stemmata_domain.errors import StoreTooNew

Step: TypeAlias = tuple[str, ...]
"""Statements that lead from one schema to the next."""


def lacking(found: int, steps: Sequence[Step], *, store: str) -> Sequence[Step]:
    """Return the steps that a database of schema *found* lacks; 0 is a new one.

    Args:
        store: How a refusal names it.

    Raises:
        StoreTooNew: It has taken steps that this release does not know.
    """
    if found > len(steps):
        raise StoreTooNew(store=store, schema=found, supported=len(steps))
    return steps[found:]
