"""No filter, pattern, order or cursor makes a search fail in another way than by a refusal, or hang."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_CASES = 3_000


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_asked_is_answered_or_refused(seed: int, tmp_path: Path) -> None:
    file = str(tmp_path / "views.db") if seed % 2 else "memory"
    # In a process of its own, which can be stopped wherever it hangs.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.projections.search.hostile", str(seed), str(_CASES), file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    counts = json.loads(ended.stdout)
    assert sum(counts.values()) == _CASES
    assert set(counts) == {"answered", "refused"}
    assert min(counts.values()) > _CASES / 10
