"""The right to rebuild in PostgreSQL, which the server may hold for a moment for nobody."""

from __future__ import annotations

from contextlib import closing
from threading import Timer

import stemmata
from tests.postgres import Server


def test_who_rebuilds_waits_for_the_server_to_notice_that_another_one_is_gone(
    postgres: Server, postgres_url: str, schema: str
) -> None:
    with (
        stemmata.open(postgres_url, content="memory://", actor="ada") as stemma,
        closing(postgres.connect()) as gone,
    ):
        right = "SELECT pg_advisory_lock(hashtextextended(%s, 0))"
        gone.execute(right, (f"stemmata rebuild {schema}",))
        noticed = Timer(0.3, gone.close)
        noticed.start()
        assert stemma.rebuild(["search"]).views == ("search",)
        noticed.join()
