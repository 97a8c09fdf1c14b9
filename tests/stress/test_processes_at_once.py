"""Processes that work on one registry at the same time."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from stemmata_domain.events import AliasAdded, ArtifactLogged
from tests.postgres import Server
from tests.stress.agreement import check
from tests.stress.crew import failures, percentile, refusals, work_at_once
from tests.stress.places import (
    ENTITY,
    SOURCE,
    TARGET,
    Place,
    digest,
    founded,
    manifest,
    open_at,
    url_of,
    with_versions,
)
from tests.stress.worker import Answer, Command, Orders


def link_at_once(place: Place, *, processes: int, each: int) -> list[list[Answer]]:
    """Let every process link versions of its own into one collection."""
    return work_at_once(
        [
            Orders(
                url=url_of(place),
                entity=ENTITY,
                commands=[
                    Command(
                        do="link",
                        args=(f"{SOURCE}:v{i}", TARGET),
                        kw={"aliases": [f"by-{process}", "staging"]},
                    )
                    for i in range(process * each, (process + 1) * each)
                ],
            )
            for process in range(processes)
        ]
    )


def assert_dense(place: Place, answers: list[list[Answer]], *, number: int) -> None:
    """Each version was linked once, under the number that its process was told, v0 and on."""
    assert failures(answers) == []
    assert refusals(answers) == []
    told = {each.result["version"]: each.result["index"] for own in answers for each in own}
    assert sorted(told.values()) == list(range(number))
    with open_at(place) as stemma:
        versions = stemma.versions(TARGET)
        assert {version.id: version.index for version in versions} == told
        assert [version.index for version in versions] == list(range(number))
        assert stemma.resolve(TARGET).index == number - 1
        assert stemma.resolve(f"{TARGET}:staging").index == number - 1
    check(place)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place for a registry: a file, or a durable server of the test's own."""
    if request.param == "sqlite":
        yield tmp_path / "registry.db"
        return
    server = Server()
    yield server.url("registry")
    server.remove()


def test_processes_that_link_into_one_collection_get_dense_numbers(place: Place) -> None:
    """Semantics §3.2: a collection counts versions v0, v1, … in the order in which they are linked."""
    with_versions(place, 160)
    answers = link_at_once(place, processes=4, each=40)
    assert_dense(place, answers, number=160)


@pytest.mark.torture
def test_eight_processes_link_two_thousand_versions_into_one_collection(
    place: Place, tell: Callable[[str], None]
) -> None:
    with_versions(place, 2_000)
    answers = link_at_once(place, processes=8, each=250)
    assert_dense(place, answers, number=2_000)
    tell(_figures(answers))


def overtakings(answers: Sequence[Sequence[Answer]]) -> list[int]:
    """Return how many links of others came between two of the same process, each time."""
    return [
        later.result["index"] - earlier.result["index"] - 1
        for own in answers
        for earlier, later in pairwise(own)
    ]


def _figures(answers: list[list[Answer]]) -> str:
    seconds = [each.seconds for own in answers for each in own]
    slowest = max(sum(each.seconds for each in own) for own in answers)
    quickest = min(sum(each.seconds for each in own) for own in answers)
    return (
        f"{len(seconds)} links by {len(answers)} processes: {len(seconds) / slowest:.0f}/s, "
        f"p50 {percentile(seconds, 50) * 1e3:.1f} ms, p99 {percentile(seconds, 99) * 1e3:.1f} ms, "
        f"worst {max(seconds) * 1e3:.1f} ms; the first process was done after {quickest:.2f} s, "
        f"the last after {slowest:.2f} s; "
        f"overtaken p50 {percentile(overtakings(answers), 50)}, "
        f"p99 {percentile(overtakings(answers), 99)}, at most {max(overtakings(answers))} times"
    )


def test_processes_that_link_into_several_collections_get_dense_numbers_in_each(
    tmp_path: Path,
) -> None:
    """Semantics §3.2: each collection counts for itself."""
    path = with_versions(tmp_path / "registry.db", 20)
    collections = [f"wandb-registry-model/Digits {n}" for n in range(4)]

    def orders(process: int) -> list[Command]:
        pairs = [(version, target) for version in range(20) for target in collections]
        mine = pairs[process::4]
        random.Random(process).shuffle(mine)
        return [link(version, target) for version, target in mine]

    assert_all_done(at_once(path, 4, orders))
    with open_at(path) as stemma:
        for target in collections:
            versions = stemma.versions(target)
            assert [version.index for version in versions] == list(range(20))
            assert len({version.id for version in versions}) == 20
            assert stemma.resolve(target).index == 19
    check(path)


# --- the same thing at once -----------------------------------------------------------------


def link(version: int, target: str = TARGET, **kw: Any) -> Command:
    """Return the command that links a version."""
    return Command(do="link", args=(f"{SOURCE}:v{version}", target), kw=kw)


def log(content: int, name: str = SOURCE, **kw: Any) -> Command:
    """Return the command that logs some content."""
    about = {"type": "model", "size": 1, "file_count": 1}
    where = {"manifest": manifest(content), "digest": digest(content)}
    return Command(do="log", args=(name,), kw={**about, **where, **kw})


def at_once(
    path: Path, processes: int, commands: Callable[[int], list[Command]], **kw: Any
) -> list[list[Answer]]:
    """Let each process carry out commands of its own, from the same moment on."""
    return work_at_once(
        [
            Orders(url=url_of(path), entity=ENTITY, commands=commands(process), **kw)
            for process in range(processes)
        ]
    )


def assert_all_done(answers: Sequence[Sequence[Answer]]) -> None:
    assert failures(answers) == []
    assert refusals(answers) == []


def side_by_side(answers: Sequence[Sequence[Answer]]) -> list[list[Answer]]:
    """Return what the processes were answered, command by command."""
    return [list(each) for each in zip(*answers, strict=True)]


def test_processes_that_open_a_new_registry_at_once_make_one(tmp_path: Path) -> None:
    paths = [tmp_path / "registries" / f"{n}.db" for n in range(12)]
    founding = {"entity": "acme", "teams": [ENTITY], "people": ["ada"]}
    commands = [
        each
        for path in paths
        for each in (
            Command(do="open", args=(url_of(path),)),
            Command(do="organize", args=("Acme Inc",), kw=founding),
            log(1),
        )
    ]
    answers = at_once(paths[0], 4, lambda _: commands, open_first=False)
    assert_all_done(answers)
    for opened in range(len(paths)):
        founded_, logged = side_by_side(answers)[3 * opened + 1 : 3 * opened + 3]
        assert [each.result["is_new"] for each in founded_].count(True) == 1
        assert len({each.result["organization"] for each in founded_}) == 1
        assert [each.result["is_new"] for each in logged].count(True) == 1
        assert {each.result["index"] for each in logged} == {0}
        check(paths[opened])


def test_of_processes_that_create_the_same_at_once_one_does(tmp_path: Path) -> None:
    """An organization that is there is the same for all; a registry or collection is its first maker's."""
    path = with_versions(tmp_path / "registry.db", 1)
    commands = [
        each
        for n in range(12)
        for each in (
            Command(
                do="organize", args=(f"Org {n}",), kw={"teams": [f"team-{n}"], "people": ["ada"]}
            ),
            Command(do="create_registry", args=(f"Registry {n}",)),
            Command(
                do="create_collection",
                args=(f"wandb-registry-model/Empty {n}",),
                kw={"type": "model"},
            ),
            link(0, f"wandb-registry-model/Linked {n}"),
            Command(do="start_run", kw={"project": "mnist", "run": f"run-{n}"}),
        )
    ]
    answers = at_once(path, 4, lambda _: commands)
    assert failures(answers) == []
    expected = {
        "organize": 4,
        "create_registry": 1,
        "create_collection": 1,
        "link": 4,
        "start_run": 1,
    }
    refused_as = {"create_registry": "NameTaken", "create_collection": "NameTaken"}
    for command, given in zip(commands, side_by_side(answers), strict=True):
        done = [each.result for each in given if each.refusal is None]
        assert len(done) == expected[command.do], (command, given)
        # They may differ in who was first.
        same = [{k: v for k, v in each.items() if k != "is_new"} for each in done]
        assert same == same[:1] * len(same)
        for each in given:
            rule = refused_as.get(command.do, "RunNotActive")
            assert each.refusal is None or each.refusal.startswith(rule)
    check(path)


def test_processes_that_log_the_same_content_at_once_log_one_version(tmp_path: Path) -> None:
    """Semantics §D: identical content logged at the same moment by several clients is one version."""
    path = founded(tmp_path / "registry.db")
    answers = at_once(
        path, 4, lambda process: [log(n, aliases=[f"by-{process}"]) for n in range(30)]
    )
    assert_all_done(answers)
    for given in side_by_side(answers):
        assert len({each.result["version"] for each in given}) == 1
        assert [each.result["is_new"] for each in given].count(True) == 1
    logged = Counter(
        each.event.digest for each in check(path) if isinstance(each.event, ArtifactLogged)
    )
    assert logged == {digest(n): 1 for n in range(30)}
    with open_at(path) as stemma:
        assert [version.index for version in stemma.versions(SOURCE)] == list(range(30))


def test_a_key_that_processes_use_at_once_counts_once(tmp_path: Path) -> None:
    path = with_versions(tmp_path / "registry.db", 20)
    commands = [
        each
        for n in range(20)
        for each in (
            link(n, f"{TARGET} {n}", key=f"link-{n}"),
            Command(do="create_registry", args=(f"Registry {n}",), kw={"key": f"registry-{n}"}),
        )
    ]
    answers = at_once(path, 4, lambda _: commands)
    assert_all_done(answers)
    for given in side_by_side(answers):
        assert [each.result for each in given] == [given[0].result] * 4
    assert len(check(path)) == len({each.id for each in check(path)})


def test_an_alias_that_processes_move_to_and_fro_has_one_holder_at_every_position(
    tmp_path: Path,
) -> None:
    """Semantics §7: an alias is unique within a collection; given to another version, it moves."""
    path = with_versions(tmp_path / "registry.db", 8)
    with open_at(path) as stemma:
        for version in range(8):
            stemma.link(f"{SOURCE}:v{version}", TARGET)

    def orders(process: int) -> list[Command]:
        chance = random.Random(process)
        names = [f"{line}:v{n}" for line in (SOURCE, TARGET) for n in range(8)]
        return [
            Command(
                do="edit_aliases",
                args=(chance.choice(names),),
                kw={
                    "add": chance.sample(["production", "staging", "latest"], k=1),
                    "remove": chance.sample(["production", "staging"], k=1),
                },
            )
            for _ in range(60)
        ]

    assert_all_done(at_once(path, 4, orders))
    events = check(path)
    holders: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in events:
        if isinstance(each.event, AliasAdded):
            holders[each.stream, each.event.alias].append(each.event.index)
    moves = [len(each) for each in holders.values()]
    assert max(moves) > 20
    with open_at(path) as stemma:
        for line in (SOURCE, TARGET):
            held = [alias for version in stemma.versions(line) for alias in version.aliases]
            assert len(held) == len(set(held))
            for holder in stemma.versions(line):
                for alias in holder.aliases:
                    assert stemma.resolve(f"{line}:{alias}").index == holder.index


def test_a_version_that_is_linked_is_not_deleted_by_a_process_that_did_not_know(
    tmp_path: Path,
) -> None:
    """Semantics §D: a linked version is not deleted, unless by force, and then with all its links."""
    path = with_versions(tmp_path / "registry.db", 60)

    def orders(process: int) -> list[Command]:
        if process < 2:
            return [link(n, f"{TARGET} {process}") for n in range(60)]
        force = {"delete_aliases": True, "force": process == 3}
        return [Command(do="delete", args=(f"{SOURCE}:v{n}",), kw=force) for n in range(60)]

    answers = at_once(path, 4, orders)
    assert failures(answers) == []
    check(path)
    with open_at(path) as stemma:
        there = {version.id for version in stemma.versions(SOURCE)}
        for collection in stemma.collections("wandb-registry-model"):
            for version in stemma.versions(collection.full_name):
                assert version.id in there


def test_readers_see_whole_commands_while_others_write(tmp_path: Path) -> None:
    """A link, its number and its aliases become visible together."""
    path = with_versions(tmp_path / "registry.db", 120)
    with open_at(path) as stemma:
        stemma.link(f"{SOURCE}:v0", TARGET, aliases=["staging"])
    looks = [
        each
        for _ in range(150)
        for each in (
            Command(do="resolve", args=(f"{TARGET}:staging",)),
            Command(do="versions", args=(TARGET,)),
            Command(do="links", args=(f"{TARGET}:staging",)),
        )
    ]
    links = [link(version, aliases=["staging"]) for version in range(1, 120)]
    answers = at_once(path, 4, lambda process: links[process::2] if process < 2 else looks)
    assert_all_done(answers)
    for own in answers[2:]:
        seen = -1
        for resolved, listed, _ in zip(own[0::3], own[1::3], own[2::3], strict=True):
            version = resolved.result
            assert version["index"] >= seen
            assert {"latest", "staging"} <= set(version["aliases"])
            versions = listed.result
            assert [each["index"] for each in versions] == list(range(len(versions)))
            seen = versions[-1]["index"]
            assert seen >= version["index"]
            for alias in ("latest", "staging"):
                assert [alias in each["aliases"] for each in versions].index(True) == seen
    check(path)
