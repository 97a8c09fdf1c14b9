"""Stemmata: an embeddable, event-sourced artifact registry.

>>> import stemmata
>>> with stemmata.open("memory://", actor="ada") as stemma:
...     made = stemma.organize("Acme", teams=["vision"])
...     [registry.name for registry in stemma.registries()]
['dataset', 'model']

`open` gives a handle with typed commands and queries; `init`, `Artifact` and `Api` are the SDK in the
shape that W&B users know. What is imported is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stemmata.opening import open as open
    from stemmata.sdk.api import Api as Api
    from stemmata.sdk.artifacts_and_runs import Artifact as Artifact
    from stemmata.sdk.artifacts_and_runs import Run as Run
    from stemmata.sdk.session import finish as finish
    from stemmata.sdk.session import init as init
    from stemmata.sdk.session import teardown as teardown
    from stemmata.stemma import Stemma as Stemma

    run: Run | None

_WHERE = {
    "Api": "stemmata.sdk.api",
    "Artifact": "stemmata.sdk.artifacts_and_runs",
    "Run": "stemmata.sdk.artifacts_and_runs",
    "Stemma": "stemmata.stemma",
    "finish": "stemmata.sdk.session",
    "init": "stemmata.sdk.session",
    "open": "stemmata.opening",
    "teardown": "stemmata.sdk.session",
}

__all__ = ["Api", "Artifact", "Run", "Stemma", "finish", "init", "open", "run", "teardown"]


if not TYPE_CHECKING:
    # Out of the type checker's sight, to which it would stand for every misspelled name.

    def __getattr__(name: str) -> object:
        if name == "run":
            return import_module("stemmata.sdk.session").current_run()
        if name not in _WHERE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found: object = getattr(import_module(_WHERE[name]), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
