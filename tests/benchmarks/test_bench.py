"""Small runs of the benchmarks: every row comes out, and what is written can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pydantic import BaseModel

from stemmata.stemma import PROJECTIONS
from stemmata_adapters.view_stores import sql
from tests.benchmarks import raw, report, scale_results
from tests.benchmarks.bench import SIZES, SOURCE, TARGET, Bench, log_versions
from tests.benchmarks.databases import Database, databases
from tests.benchmarks.drawing import slope
from tests.benchmarks.machine import said
from tests.benchmarks.peers.process import PEERS, Mode, Peer
from tests.benchmarks.results import (
    Beside,
    Results,
    Taken,
    Timing,
    ahead,
    at_least,
    at_most,
)
from tests.benchmarks.run import ON_EACH, ONCE, measured
from tests.benchmarks.scale import grown

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "benchmarks"
TABLES = tuple(dict.fromkeys(table for each in PROJECTIONS for table in each.tables))


def timing(seconds: float) -> Timing:
    return Timing.of([Taken(seconds, seconds)])


def last(found: Sequence[Results]) -> Results:
    return found[-1]


def test_every_row_comes_out_and_is_written_as_its_schema_says(tmp_path: Path) -> None:
    results = last(list(measured(tmp_path, size=SIZES["tiny"], on=("sqlite",), peers=())))

    rows = [(row.id, row.on) for row in results.rows]
    assert rows == [
        *((id, "sqlite") for ids in ON_EACH.values() for id in ids),
        *((id, "–") for ids in ONCE.values() for id in ids),
    ]
    report.write(results, tmp_path / "out")
    assert Results.model_validate_json((tmp_path / "out" / report.RESULTS).read_text()) == results
    page = (tmp_path / "out" / report.TABLES).read_text()
    assert all(row.what in page for row in results.rows)
    drawn = ET.parse(tmp_path / "out" / report.FLOOR_PLOT)
    marks = drawn.findall("{http://www.w3.org/2000/svg}rect")
    assert len(marks) >= sum(row.ratio is not None for row in results.rows)


@pytest.mark.parametrize("only", ["link*", "lineage*", "rebuild"])
def test_the_same_rows_run_on_postgresql(only: str, tmp_path: Path) -> None:
    found = measured(tmp_path, size=SIZES["tiny"], on=("postgresql",), peers=(), only=only)

    results = last(list(found))

    assert {row.on for row in results.rows} == {"postgresql"}
    assert "postgresql" in results.run.versions


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with databases(tmp_path, [request.param]) as found:
        yield found[request.param]


def test_the_floor_of_a_link_is_the_same_rows_and_as_many_bytes(
    database: Database, tmp_path: Path
) -> None:
    bench = Bench(folder=tmp_path, size=SIZES["tiny"], database=database, peers=())
    with bench.registry("ours") as stemma, closing(database.raw("floor")) as floor:
        log_versions(stemma, 0, 3)
        for i in range(2):
            stemma.link(f"{SOURCE}:v{i}", TARGET, aliases=["staging"])
            floor.link(i, alias="staging")
        before = counted(database, "ours"), counted(database, "floor")
        stemma.link(f"{SOURCE}:v2", TARGET, aliases=["staging"])
        floor.link(2, alias="staging")
        after = counted(database, "ours"), counted(database, "floor")
        ours, theirs = (
            {name: later[name] - earlier[name] for name in earlier}
            for earlier, later in zip(before, after, strict=True)
        )
        assert ours == theirs
        assert ours["event"] == 3
        assert states(database, "ours") == pytest.approx(states(database, "floor"), rel=0.1)
        floor.log(3)
        assert floor.resolve("staging")[0] == f"{raw.ARTIFACT}:2"
        assert len(floor.listed()) == 3
        assert floor.link_next(alias="staging") == 3


def counted(database: Database, place: str) -> dict[str, int]:
    names = ["event", *(sql.table_name(table) for table in TABLES)]
    return {
        name: int(str(database.asked(place, f"SELECT count(*) FROM {name}", {})[0][0]))
        for name in names
    }


def states(database: Database, place: str) -> int:
    found = database.asked(
        place,
        "SELECT sum(length(state)) FROM (SELECT state FROM event ORDER BY position DESC LIMIT 3) AS e",
        {},
    )
    return int(str(found[0][0]))


def test_registries_and_graphs_of_any_size_grow(tmp_path: Path) -> None:
    growth = grown(tmp_path, versions=(500, 600), edges=(500,), on=("sqlite",))

    assert [(step.of, step.size) for step in growth.steps] == [
        ("registry", 500),
        ("registry", 600),
        ("lineage", 500),
    ]
    assert {"link", "resolve an alias", "rebuild", "cold: open"} <= growth.steps[0].figures.keys()
    assert "reach of the first, in memory" in growth.steps[2].figures
    assert all(peak > 0 for step in growth.steps for peak in step.peaks.values())
    scale_results.write(growth, tmp_path / "out")
    written = (tmp_path / "out" / scale_results.RESULTS).read_text()
    assert scale_results.Growth.model_validate_json(written) == growth
    ET.parse(tmp_path / "out" / "scale-registry-sqlite-times.svg")


@pytest.mark.parametrize(
    ("name", "schema", "model"),
    [
        (report.RESULTS, report.SCHEMA, Results),
        (scale_results.RESULTS, scale_results.SCHEMA_FILE, scale_results.Growth),
    ],
)
def test_what_is_committed_fits_its_schema(name: str, schema: str, model: type[BaseModel]) -> None:
    model.model_validate_json((COMMITTED / name).read_text())

    assert json.loads((COMMITTED / schema).read_text()) == model.model_json_schema()


def test_a_peer_that_is_not_installed_is_absent() -> None:
    mode = Mode(word="default", said="as it comes", durable=True)
    peer = Peer(
        package="no-such-peer",
        module="of_nothing",
        modes=(mode,),
        link="",
        resolve="",
        listed="",
        lacks=("everything",),
        place=str,
    )

    found = peer.found()

    assert found.version is None
    assert found.why_absent == "its environment was not made"


def test_every_peer_says_what_it_does_not_do() -> None:
    assert [peer.package for peer in PEERS] == ["mlflow", "ml-metadata", "trackio"]
    assert all(peer.lacks and peer.modes for peer in PEERS)


def test_goals_are_reached_on_one_side_only() -> None:
    assert at_most(2, timing(0.2), timing(0.1), of="raw").reached
    assert not at_most(2, timing(0.21), timing(0.1), of="raw").reached
    assert at_least(0.75, timing(0.1), timing(0.08), of="raw").reached
    assert not at_least(0.75, timing(0.1), timing(0.07), of="raw").reached


def test_the_best_peer_counts_durable_or_not_as_it_comes_and_set_up_by_hand() -> None:
    def beside(peer: str, seconds: float, *, durable: bool, as_it_comes: bool = True) -> Beside:
        return Beside(
            peer=peer,
            mode="",
            what="",
            timing=timing(seconds),
            durable=durable,
            as_it_comes=as_it_comes,
        )

    peers = [beside("slow", 1.0, durable=True), beside("quick", 0.6, durable=False)]
    peers.append(beside("slow", 0.4, durable=True, as_it_comes=False))

    goals = ahead(5, timing(0.1), peers)

    assert [goal.found[:9] for goal in goals] == ["6.0 (quic", "4.0 (slow"]
    assert [goal.reached for goal in goals] == [True, False]
    assert ahead(5, timing(0.1), []) == ()


def test_a_timing_has_quartiles_of_what_was_taken() -> None:
    found = Timing.of([Taken(float(each), each / 2) for each in range(1, 8)])

    assert (found.lower, found.median, found.upper) == (2.0, 4.0, 6.0)
    assert found.cpu == 2.0
    assert found.rounds == 7


@pytest.mark.parametrize(
    ("grows", "expected"), [(lambda x: 5.0, 0.0), (lambda x: 3 * x, 1.0), (lambda x: x**0.5, 0.5)]
)
def test_a_slope_tells_how_something_grows(grows: object, expected: float) -> None:
    assert callable(grows)
    assert slope([(x, grows(x)) for x in (10.0, 100.0, 1000.0)]) == pytest.approx(expected)


def test_the_command_that_is_told_repeats_a_run_anywhere() -> None:
    words = ["--only", "link*", "--write", "somewhere", "--dir=elsewhere", "--small"]

    assert said("make bench", words) == "make bench ARGS='--only link* --small'"
    assert said("make bench", ["--write", "somewhere"]) == "make bench"
