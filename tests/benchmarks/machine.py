"""What the results say of the machine, the software and the state of both."""

from __future__ import annotations

import os
import platform
import shlex
import sqlite3
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.benchmarks.results import Machine
from tests.benchmarks.workers import ROOT

_PACKAGES = ("eventsourcing", "pydantic", "orjson", "psycopg", "networkx", "rustworkx")


def machine(folder: Path) -> Machine:
    """Return what is known of this machine."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        file_system=_file_system(folder),
    )


def said(target: str, words: Sequence[str]) -> str:
    """Return the command that repeats a run, without the folders that it read and wrote."""
    places = ("--write", "--dir")
    kept = [
        word
        for before, word in zip(("", *words), words, strict=False)
        if before not in places and word.partition("=")[0] not in places
    ]
    return f"{target} ARGS={shlex.quote(' '.join(kept))}" if kept else target


def versions() -> dict[str, str]:
    """Return the releases of what the figures depend on."""
    found = {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def load() -> tuple[float, float, float]:
    """Return the load averages over 1, 5 and 15 minutes."""
    one, five, fifteen = os.getloadavg()
    return round(one, 2), round(five, 2), round(fifteen, 2)


def commit() -> tuple[str, bool]:
    """Return the last commit that changed the product, and whether its files differ from that."""
    product = ("--", "domain", "projections", "adapters")
    try:
        last = _git("log", "-1", "--format=%h", "--abbrev=12", *product)
        return last, bool(_git("status", "--porcelain", *product))
    except (OSError, subprocess.CalledProcessError):
        return "unknown", False


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _file_system(folder: Path) -> str:
    """Return the kind of file system that a folder is on: that of the longest mount above it."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    path = folder.resolve()
    above = [each for each in mounts if path.is_relative_to(each[1])]
    return max(above, key=lambda each: len(each[1]))[2] if above else "unknown"
