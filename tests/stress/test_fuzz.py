"""Arbitrary arguments at the front door.

- A command is done, or the domain refuses it with a sentence that can be shown; nothing else.
- What is refused writes nothing at all into the file.
- What is done is found again under exactly the name that was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stemmata_domain.errors import IdempotencyKeyReused, InvalidPath
from stemmata_domain.metadata import normalize
from stemmata_projections.audit.sentences import sentence
from tests.stress import texts
from tests.stress.agreement import check
from tests.stress.places import digest, manifest
from tests.stress.trying import Arguments, Bench, listed

FEW, MANY = 100, 2_000

none = st.none()
just = st.just
one_of = st.sampled_from


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    tried = Bench(tmp_path_factory.mktemp("fuzz") / "registry.db")
    yield tried
    tried.close()
    # Whatever was tried, the log is sound, and the views are what it says.
    check(tried.path)


# --- what is tried --------------------------------------------------------------------------
#
# Each of these tries a command, and looks for what it did. All is drawn before anything is done.


def try_to_organize(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "name", "entity", "teams", "people")
    number = bench.fresh()
    name = args.one("name", just("Globex") | just("Org {}") | texts.readable.map("{} {{}}".format))
    given = {
        "entity": args.one("entity", none | just("org-{}"), texts.lower | texts.anything),
        "teams": args.list("teams", one_of(["team-a-{}", "team-b-{}"])),
        "people": args.list("people", one_of(["ann-{}", "ben_{}"])),
    }
    name = _numbered(name, number)
    given = {key: _numbered(value, number) for key, value in given.items()}
    done = bench.attempt(lambda: bench.stemma.within(actor="host").organize(name, **given))
    if done is None:
        return
    for spelling in (name, done.entity):
        found = bench.stemma.index.organizations.named(spelling)
        assert (found.id, found.entity) == (done.organization, done.entity)
        assert name in (found.name, found.entity)
        assert set(listed(given["teams"])) <= set(found.teams)
        assert set(listed(given["people"])) <= set(found.people)
        assert {"dataset", "model"} <= {each.name for each in bench.stemma.registries(spelling)}


def _numbered(value: Any, number: int) -> Any:
    """Return names with a number in them, so that nobody had them before."""
    if isinstance(value, str) and value.endswith("{}"):
        return f"{value[:-2]}{number}"
    if isinstance(value, list | tuple):
        return [_numbered(each, number) for each in value]
    return value


def try_to_create_a_registry(bench: Bench, data: st.DataObject) -> None:
    names = ("name", "visibility", "organization", "accepted_types", "description")
    args = Arguments(data, *names)
    name = args.one("name", just("Registry {}") | texts.readable.map("{} {{}}".format))
    given = {
        "visibility": args.one("visibility", one_of(["organization", "restricted"])),
        "organization": args.one("organization", none | one_of(["acme", "Acme Inc"])),
        "accepted_types": args.list("accepted_types", texts.label),
        "description": args.one("description", none | texts.prose),
    }
    type_ = data.draw(just("model") | texts.name)
    name = _numbered(name, bench.fresh())
    done = bench.attempt(lambda: bench.stemma.create_registry(name, **given))
    if done is None:
        return
    assert done.name == name
    (found,) = [each for each in bench.stemma.registries("acme") if each.name == name]
    assert found.visibility == given["visibility"]
    assert found.description == given["description"]
    assert set(found.accepted_types or ()) == set(listed(given["accepted_types"]))
    for path in (f"wandb-registry-{name}", f"acme/wandb-registry-{name}"):
        assert bench.stemma.collections(path) == []
    if found.accepted_types is None:
        linked = bench.stemma.link(bench.source, f"Acme Inc/wandb-registry-{name}/Digits")
        assert bench.stemma.resolve(f"wandb-registry-{name}/Digits").id == linked.version
    elif bench.attempt(lambda: bench.stemma.accept_type(name, type_)) is not None:
        (found,) = [each for each in bench.stemma.registries("acme") if each.name == name]
        assert type_ in (found.accepted_types or ())


def try_to_create_a_collection(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "target", "type", "description", "tags")
    target = args.one("target", targets(), hostile_targets())
    given = {
        "type": args.one("type", just("model")),
        "description": args.one("description", none | texts.prose),
        "tags": args.list("tags", texts.tag),
    }
    target = _numbered(target, bench.fresh())
    done = bench.attempt(lambda: bench.stemma.create_collection(target, **given))
    if done is None:
        return
    scope, _, name = target.rpartition("/")
    scope = scope or "uncategorized"
    (found,) = [each for each in bench.stemma.collections(scope) if each.id == done.collection]
    assert (found.name, found.type) == (name, given["type"])
    assert found.description == given["description"]
    assert set(found.tags) == set(listed(given["tags"]))
    assert bench.stemma.versions(target) == []
    assert bench.stemma.history(target)


def targets() -> st.SearchStrategy[str]:
    """Return good paths of collections, which a number at their end makes new."""
    places = ["", "mnist/", "vision/mnist/", "wandb-registry-model/", "acme/wandb-registry-model/"]
    name = just("") | texts.readable | texts.plain
    return st.builds(
        "{}{}{}".format, one_of([*places, "Acme Inc/wandb-registry-model/"]), name, just(" {}")
    )


def hostile_targets() -> st.SearchStrategy[str]:
    """Return paths of all shapes with anything in them."""
    part = texts.name | one_of(["vision", "acme", "Acme Inc", "globex", "wandb-registry-model"])
    registry = texts.anything.map("wandb-registry-{}".format)
    paths = st.lists(part | registry, min_size=1, max_size=4).map("/".join)
    return paths | st.builds("{}:{}".format, paths, texts.name) | texts.anything


def try_to_log(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "name", "type", "metadata", "description", "tags", "aliases", "run")
    places = one_of(["", "mnist/", "vision/mnist/", "vision/データ/", "ada/mnist/"])
    hostile = st.builds("{}{}".format, places, texts.anything) | hostile_targets()
    name = args.one("name", st.builds("{}{}{{}}".format, places, texts.plain), hostile)
    given = {
        "type": args.one("type", texts.label),
        "metadata": args.one("metadata", texts.good_metadata, texts.metadata),
        "description": args.one("description", none | texts.prose),
        "tags": args.list("tags", texts.tag),
        "aliases": args.list("aliases", texts.label),
        "run": args.one("run", none | just(bench.run)),
    }
    number = bench.fresh()
    name = _numbered(name, number)
    done = bench.attempt(lambda: bench.log(name, number, **given))
    if done is None:
        return
    parts: list[str] = name.split("/")
    entity, project, artifact = [*["vision", "uncategorized"][: 3 - len(parts)], *parts]
    assert done.name == f"{entity}/{project}/{artifact}:v{done.index}"
    found = bench.stemma.resolve(done.name)
    assert (found.entity, found.project, found.collection) == (entity, project, artifact)
    assert found.id == done.version
    assert found.type == given["type"]
    assert found.description == given["description"]
    assert found.metadata == normalize(given["metadata"])
    assert set(found.tags) == set(listed(given["tags"]))
    assert set(found.aliases) == {"latest", *listed(given["aliases"])}
    assert found.run == given["run"]
    for alias in found.aliases:
        assert bench.stemma.resolve(f"{entity}/{project}/{artifact}:{alias}") == found
    assert bench.stemma.versions(f"{entity}/{project}/{artifact}")[-1] == found
    for each in bench.stemma.history(done.name):
        assert sentence(each.event).encode()


def try_to_link(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "source", "target", "aliases")
    source = args.one("source", one_of([bench.source, bench.linked]), hostile_targets())
    target = args.one("target", targets(), hostile_targets())
    aliases = args.list("aliases", texts.label)
    target = _numbered(target, bench.fresh())
    done = bench.attempt(lambda: bench.stemma.link(source, target, aliases=aliases))
    if done is None:
        return
    found = bench.stemma.resolve(done.name)
    assert (found.id, found.index) == (done.version, done.index)
    assert found.is_link
    assert set(listed(aliases)) <= set(found.aliases)
    # Without a project, the link is made in that of the source.
    collection = (
        target if "/" in target else f"{found.source_entity}/{found.source_project}/{target}"
    )
    scope, _, name = collection.rpartition("/")
    assert found.collection == name
    for alias in found.aliases:
        assert bench.stemma.resolve(f"{collection}:{alias}") == found
    assert name in [each.name for each in bench.stemma.collections(scope)]
    assert found.full_name in [each.full_name for each in bench.stemma.links(done.name)]
    assert bench.stemma.resolve(found.source_qualified_name).id == done.version


def try_to_edit_aliases(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "name", "add", "remove")
    name = args.one("name", one_of([bench.source, bench.linked]), hostile_targets())
    add, remove = args.list("add", texts.label), args.list("remove", texts.label)
    done = bench.attempt(lambda: bench.stemma.edit_aliases(name, add=add, remove=remove))
    if done is None:
        return
    found = bench.stemma.resolve(name)
    for alias in listed(add):
        assert alias in found.aliases
        assert bench.stemma.resolve(f"{name.partition(':')[0]}:{alias}") == found
    assert not (set(listed(remove)) - set(listed(add))) & set(found.aliases)


def try_to_edit(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "name", "description", "metadata", "add_tags", "remove_tags")
    name = args.one("name", one_of([bench.source, bench.linked]), hostile_targets())
    given = {
        "description": args.one("description", none | texts.prose),
        "clear_description": data.draw(st.booleans()),
        "metadata": args.one("metadata", texts.good_metadata, texts.metadata),
        "add_tags": args.list("add_tags", texts.tag),
        "remove_tags": args.list("remove_tags", texts.tag),
    }
    if bench.attempt(lambda: bench.stemma.edit(name, **given)) is None:
        return
    edited = bench.stemma.resolve(name)
    for found in (edited, bench.stemma.resolve(edited.source_qualified_name)):
        if given["metadata"] is not None:
            assert found.metadata == normalize(given["metadata"])
        if given["description"] is not None:
            assert found.description == given["description"]
        elif given["clear_description"]:
            assert found.description is None
        assert set(listed(given["add_tags"])) <= set(found.tags)
        gone = set(listed(given["remove_tags"])) - set(listed(given["add_tags"]))
        assert not gone & set(found.tags)


def try_to_run(bench: Bench, data: st.DataObject) -> None:
    names = ("entity", "project", "run", "name", "job_type", "config", "type", "state")
    args = Arguments(data, *names)
    given = {
        "entity": args.one("entity", none | one_of(["vision", "ada"])),
        "project": args.one("project", none | texts.readable | texts.plain),
        "run": args.one("run", none | just("run-{}") | texts.readable.map("{} {{}}".format)),
        "name": args.one("name", none | texts.prose),
        "job_type": args.one("job_type", none | texts.prose),
        "config": args.one("config", texts.good_metadata, texts.metadata),
    }
    type_ = args.one("type", none | just("model"))
    state = args.one("state", one_of(["finished", "failed", "crashed", "killed"]))
    given["run"] = _numbered(given["run"], bench.fresh())
    done = bench.attempt(lambda: bench.stemma.start_run(**given))
    if done is None:
        return
    found = bench.stemma.run(done.path)
    assert found.path == done.path == f"{found.entity}/{found.project}/{found.id}"
    assert found.id == given["run"] or not given["run"]
    assert found.name == given["name"] or not given["name"]
    assert found.job_type == given["job_type"]
    assert found.config == normalize(given["config"])
    if bench.attempt(lambda: bench.stemma.use(bench.source, run=done.path, type=type_)):
        (used,) = bench.stemma.graph.used_by_run(done.path)
        assert used.name == bench.source
    if bench.attempt(lambda: bench.stemma.finish_run(done.path, state=state)):
        assert bench.stemma.run(done.path).state == state


def try_to_repeat(bench: Bench, data: st.DataObject) -> None:
    key = Arguments(data, "key").one("key", just("key {}") | texts.readable.map("{} {{}}".format))
    content, other = bench.fresh(), bench.fresh()
    key = _numbered(key, content)
    name = f"vision/mnist/keyed-{content}"
    done = bench.attempt(lambda: bench.log(name, content, key=key))
    if done is None or key is None:
        return
    before = bench.file_version()
    assert bench.log(name, content, key=key) == done
    with pytest.raises(IdempotencyKeyReused):
        bench.log(name, other, key=key)
    assert bench.file_version() == before


def try_to_remove(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "name", "unlinked", "gone")
    name = args.one("name", one_of(["source", "link"]), hostile_targets())
    unlinked = args.one("unlinked", one_of(["source", "link"]), hostile_targets())
    gone = args.one("gone", one_of(["source", "target"]), hostile_targets())
    waived: dict[str, Any] = {
        "delete_aliases": data.draw(st.booleans()),
        "force": data.draw(st.booleans()),
    }
    number = bench.fresh()
    logged = bench.log(f"vision/mnist/gone-{number}", number)
    target = f"wandb-registry-model/Gone {number}"
    linked = bench.stemma.link(logged.name, target)
    known = {"source": logged.name, "link": linked.name, "target": target}

    def called(given: Any) -> Any:
        return known.get(given, given) if isinstance(given, str) else given

    bench.attempt(lambda: bench.stemma.unlink(called(unlinked)))
    bench.attempt(lambda: bench.stemma.delete(called(name), **waived))
    there = [version.id for version in bench.stemma.versions(f"vision/mnist/gone-{number}")]
    for version in bench.stemma.versions(target):
        assert version.id in there
    bench.attempt(lambda: bench.stemma.delete_collection(called(gone)))
    assert bench.stemma.resolve(bench.source).full_name == bench.source


def try_as_somebody(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "actor", "entity", "project", "name")
    somebody = {
        "actor": args.one("actor", none | one_of(["ada", "eve", "nobody", "The Host"])),
        "entity": args.one("entity", none | one_of(["vision", "ada", "acme"])),
        "project": args.one("project", none | just("mnist")),
    }
    number = bench.fresh()
    name = args.one("name", just("somebody-{}"), hostile_targets())
    stemma = bench.attempt(lambda: bench.stemma.within(**somebody))
    if stemma is None:
        return
    about: dict[str, Any] = {"type": "model", "size": 1, "file_count": 1}
    about |= {"manifest": manifest(number), "digest": digest(number)}
    done = bench.attempt(lambda: stemma.log(_numbered(name, number), **about))
    if done is not None:
        assert stemma.resolve(done.name).created_by == stemma.actor
    bench.attempt(lambda: stemma.link(bench.source, "wandb-registry-model/Somebody"))
    bench.attempt(lambda: stemma.create_registry(f"Somebody {number}"))
    bench.ask(lambda: stemma.resolve("wandb-registry-model/Digits"))


def try_to_ask(bench: Bench, data: st.DataObject) -> None:
    args = Arguments(data, "entity", "project", "name")
    entity = args.one("entity", none | one_of(["vision", "ada", "acme"]))
    project = args.one("project", none | just("mnist"))
    name = args.one(
        "name", one_of([bench.source, bench.linked, bench.run, "acme", "mnist"]), hostile_targets()
    )
    stemma = bench.attempt(lambda: bench.stemma.within(entity=entity, project=project))
    if stemma is None:
        return
    bench.ask(lambda: stemma.resolve(name))
    bench.ask(lambda: stemma.versions(name))
    bench.ask(lambda: stemma.links(name))
    bench.ask(lambda: stemma.collections(name))
    bench.ask(lambda: stemma.registries(name))
    bench.ask(lambda: stemma.run(name))
    bench.ask(lambda: stemma.history(name))


def test_a_name_to_log_under_takes_no_alias(bench: Bench) -> None:
    for name in ("vision/mnist/digits:v0", "digits:best", "digits:"):
        with pytest.raises(InvalidPath):
            bench.log(name, bench.fresh())


TRIALS = (
    try_to_organize,
    try_to_create_a_registry,
    try_to_create_a_collection,
    try_to_log,
    try_to_link,
    try_to_edit_aliases,
    try_to_edit,
    try_to_run,
    try_to_repeat,
    try_to_remove,
    try_as_somebody,
    try_to_ask,
)

trials = pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.__name__)
patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@trials
@settings(patient, max_examples=FEW)
@given(data=st.data())
def test_a_command_is_done_or_refused_whatever_it_is_given(
    bench: Bench, trial: Callable[[Bench, st.DataObject], None], data: st.DataObject
) -> None:
    trial(bench, data)


@pytest.mark.torture
@trials
@settings(patient, max_examples=MANY)
@given(data=st.data())
def test_a_command_is_done_or_refused_whatever_it_is_given_two_thousand_times(
    bench: Bench, trial: Callable[[Bench, st.DataObject], None], data: st.DataObject
) -> None:
    trial(bench, data)
