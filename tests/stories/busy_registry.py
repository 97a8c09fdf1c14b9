"""A registry in which everything that can happen has happened, by several people, at known times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from stemmata.stemma import Stemma

DIGITS = "wandb-registry-model/Digits"
KEPT = "acme/wandb-registry-Own/Kept"
SOURCE = "vision/mnist/digits"
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that goes on by an hour each time it is asked, and once is a year wrong."""

    def __init__(self, *, wrong_at: int | None = None) -> None:
        self._times = count()
        self._wrong_at = wrong_at

    def now(self) -> datetime:
        asked = next(self._times)
        wrong = timedelta(days=365) if asked == self._wrong_at else timedelta()
        return BEGIN + timedelta(hours=asked) - wrong


def log(stemma: Stemma, content: str, *, name: str = SOURCE, **more: Any) -> str:
    """Log some content, and return the version's name."""
    digest = content.encode().hex().rjust(32, "0")
    logged = stemma.log(
        name,
        type="model",
        manifest="0" * 64,
        digest=digest,
        size=len(content),
        file_count=1,
        **more,
    )
    return logged.name


def work(stemma: Stemma, *, rounds: int = 2) -> None:
    """Carry out commands of every kind."""
    stemma.organize("Acme Inc", entity="acme", teams=["vision"], people=["ada", "bob"])
    stemma.organize("Other", entity="other", teams=["speech"], people=["bob"])
    ada, bob = stemma.within(actor="ada", entity="vision"), stemma.within(actor="bob")
    vision, speech = stemma.within(entity="vision"), stemma.within(entity="speech")
    vision.create_registry("Own", accepted_types=["model"], description="ours")
    vision.accept_type("Own", "dataset")
    for n in range(rounds):
        run = vision.start_run(project="mnist", run=f"r{n}", config={"n": n}).path
        first, second, third = (
            log(ada, f"{n} {m}", run=run, tags=["t"], aliases=["best"], metadata={"n": n, "m": m})
            for m in range(3)
        )
        log(ada, f"{n} 0", run=run)
        log(bob, f"{n} own", name="bob/home/toy")
        spoken = log(speech, f"{n} spoken", name="speech/asr/words")
        speech.link(spoken, "wandb-registry-model/Words", aliases=["production"])
        for version in (first, second, third):
            ada.link(version, DIGITS, aliases=["staging"], key=f"{n} {version}")
        vision.link(first, DIGITS, aliases=["production"])
        vision.create_collection(KEPT, type="model", description="kept", tags=["u", "w"])
        vision.link(second, KEPT, aliases=["production", "kept"])
        vision.link(first, KEPT, aliases=["production"])
        vision.create_collection(f"vision/mnist/mine{n}", type="model")
        vision.use(f"{DIGITS}:production", run=run)
        vision.use(second, run=run)
        ada.edit(f"{DIGITS}:staging", description=f"edit {n}", metadata={"n": n, "edited": [n]})
        ada.edit(f"{DIGITS}:staging", description=f"edit {n}")
        ada.edit(f"{DIGITS}:staging", add_tags=["v"], remove_tags=["t"])
        ada.edit_aliases(f"{DIGITS}:staging", remove=["staging"])
        vision.unlink(f"{DIGITS}:latest")
        vision.edit_aliases(f"{DIGITS}:production", add=["there"])
        vision.edit_aliases(f"{DIGITS}:there", remove=["there"])
        vision.delete(third, delete_aliases=True)
        vision.delete_collection(KEPT)
        vision.finish_run(run, state="failed" if n else "finished")
