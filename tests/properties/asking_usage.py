"""Questions of usage."""

from __future__ import annotations

from collections.abc import Iterator

from tests.properties import folded_usage as usage
from tests.properties.asking import Args, Asked, Kind, shown
from tests.properties.folded import Folded


def _places(model: Folded) -> Iterator[Args]:
    """Yield what may be used, or hold what is used; also what is gone by now."""
    lines = (*model.lines.values(), *model.ended.lines.values())
    for line in lines:
        yield (model.full_name(line),)
    for each in model.registries.values():
        founded = model.organizations[each.created.organization]
        prefix = "" if founded.entity == "acme" else f"{founded.entity}/"
        yield (f"{prefix}wandb-registry-{each.created.name}",)
    yield from ((scope,) for scope in {line.scope for line in lines if line.registry is None})
    yield from ((name,) for name in ("wandb-registry-none", "vision/p/none", "vision/none"))


def _versions_and_places(model: Folded) -> Iterator[Args]:
    for line in model.lines.values():
        for number in line.members:
            yield (f"{model.full_name(line)}:v{number}",)
    yield ("vision/p/a:none",)
    yield from _places(model)


def _nothing_or_places(model: Folded) -> Iterator[Args]:
    yield (None,)
    yield from _places(model)


def _usage(asked: Asked, name: str) -> object:
    found = asked.of("vision").usage(name)
    users = sorted(
        shown(found.users),
        key=lambda user: (
            -user["figures"]["uses"],
            user["who"],
            user["through"],
            user["is_gone"],
            str(user["figures"]),
        ),
    )
    rank = [(-each.figures.uses, each.who) for each in found.users]
    assert rank == sorted(rank)
    return {**shown(found), "users": users}


USAGE = (
    Kind("usage", _versions_and_places, _usage, usage.usage),
    Kind("unused", _nothing_or_places, lambda a, of: a.of("vision").unused(of), usage.unused),
)
