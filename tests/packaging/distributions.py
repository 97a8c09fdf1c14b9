"""What one gets by building the project, and somebody who installs it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STRICT_MYPY = ("-m", "mypy", "--strict", "--config-file=", "--no-incremental")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions:
    """What one gets by building the project."""

    sdist: Path
    wheel: Path
    wheel_from_sdist: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """An environment with the wheel and its dependencies, but without the source tree."""

    python: Path
    packages: Path

    def run(self, *arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run the environment's own Python, deaf to whatever points at the source tree."""
        return subprocess.run(
            [self.python, *arguments], cwd=cwd, env={}, capture_output=True, text=True, check=False
        )

    def check_types(self, script: Path) -> tuple[int, str]:
        """Run ``mypy --strict`` over *script* as a project that has installed the wheel would."""
        checking = subprocess.run(
            [sys.executable, *STRICT_MYPY, "--python-executable", self.python, script],
            cwd=script.parent,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        return checking.returncode, checking.stdout + checking.stderr
