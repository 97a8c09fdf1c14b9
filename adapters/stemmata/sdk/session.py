"""Runs of this process: starting one, finishing it, and what happens at the end.

At the end of the process, runs that still go on are finished and handles are closed; `teardown` does so
at once.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Mapping
from contextlib import suppress

from stemmata.sdk.artifacts_and_runs import Run
from stemmata.sdk.current import CURRENT
from stemmata.sdk.handles import close_handles, handle
from stemmata_domain.errors import StemmataError

_running: list[Run] = []


def init(
    entity: str | None = None,
    project: str | None = None,
    *,
    id: str | None = None,
    name: str | None = None,
    config: Mapping[str, object] | None = None,
    job_type: str | None = None,
) -> Run:
    """Start a run, which becomes the current one.

    Args:
        entity: Team or person that the run belongs to; the default entity where it is not given.
        project: Project in it; `uncategorized` where it is not given.
        id: Id of the run in its project; a new one where it is not given.
        name: What people see.
        config: What the run was set to do.
        job_type: What kind of run it is.

    Raises:
        LookupError: There is no such entity.
        PermissionError: Who acts does not belong to the entity.
        ValueError: A name is invalid, or the id is in use.
    """
    stemma = handle()
    started = stemma.start_run(
        entity=entity, project=project, run=id, name=name, config=config, job_type=job_type
    )
    run = Run(stemma, started.path, on_finish=_forget)
    _running.append(run)
    CURRENT.set(run.active)
    return run


def current_run() -> Run | None:
    """Return the run that was started last in this context and goes on."""
    active = CURRENT.get()
    return next((run for run in _running if run.active is active), None)


def finish(exit_code: int | None = None) -> None:
    """Finish the current run, if there is one."""
    run = current_run()
    if run is not None:
        run.finish(exit_code)


def _forget(run: Run) -> None:
    with suppress(ValueError):
        _running.remove(run)
    if CURRENT.get() is run.active:
        CURRENT.set(None)


def teardown(exit_code: int | None = None) -> None:
    """Finish the runs of this process that go on, and close its handles; new ones may be opened."""
    for run in _running:
        # A store that cannot be written any more must not keep the others from being closed.
        with suppress(StemmataError):
            run.finish(exit_code)
    _running.clear()
    CURRENT.set(None)
    close_handles()


def _in_child() -> None:
    # The child of a fork finishes none of its parent's runs.
    _running.clear()
    CURRENT.set(None)


atexit.register(teardown)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
