"""The loop of a process that is given orders: lines of JSON in, and what came of each out.

It also runs in the environments of peers, where nothing of ours is installed: only the standard library here.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO


def serve(make: Callable[[], object]) -> None:
    """Make a peer and do as standard input says, until it ends: a method's name and its arguments."""
    out = _own_output()
    peer = make()
    _say(out, {"result": "ready"})
    for line in sys.stdin:
        order = json.loads(line)
        action = getattr(peer, order["do"])
        try:
            cpu, start = time.process_time(), time.perf_counter()
            result = action(*order["args"])
            answer: dict[str, Any] = {"wall": time.perf_counter() - start}
            answer["cpu"] = time.process_time() - cpu
            answer["result"] = result if _is_plain(result) else None
        except Exception:  # noqa: BLE001 -- whatever it is, the one who asks shall see it
            answer = {"failure": traceback.format_exc()}
        _say(out, answer)


def times_of(link: Callable[[int], object], number: int) -> dict[str, Any]:
    """Link a number of times at once, and tell how long each took and how many failed, with one cause."""
    times, errors, cause = [], 0, ""
    cpu = time.process_time()
    for n in range(number):
        start = time.perf_counter()
        try:
            link(n)
        except Exception as error:  # noqa: BLE001 -- what fails is counted
            errors += 1
            cause = f"{type(error).__name__}: {error}"[:300]
        times.append(time.perf_counter() - start)
    cpu = time.process_time() - cpu
    return {"times": times, "cpu": cpu, "errors": errors, "cause": cause}


def _own_output() -> TextIO:
    """Keep standard output for answers; what a library prints goes to where errors go."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return out


def _say(out: TextIO, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


def _is_plain(result: object) -> bool:
    return result is None or isinstance(result, bool | int | float | str | list | dict)
