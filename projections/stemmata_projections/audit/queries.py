"""The queries of the audit trail, each beside the shape of the rows that it finds."""

from __future__ import annotations

from stemmata_projections.audit.tables import ENTRY
from stemmata_projections.queries import Compare, Field, Param, Query, Step, fields

LAST_BY: Query[tuple[int]] = Query(
    (Step("entry", ENTRY, {}, compare=(Compare("at", "<=", Param("moment")),)),),
    fields("entry", "position"),
    order=((Field("entry", "at"), True), (Field("entry", "position"), True)),
    limit=Param("most"),
)
