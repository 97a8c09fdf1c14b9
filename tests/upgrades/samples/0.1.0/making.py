"""Writes `registry.db` and `answers.json` with the release that is on the path; see README.md."""

from __future__ import annotations

import json
import sqlite3
import sys
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.handling import CommandHandler
from tests.upgrades.asking import answers

BEGIN = datetime(2025, 11, 3, 9, 30, 0, 250_000, tzinfo=UTC)
SOURCE, DIGITS = "vision/mnist/digits", "wandb-registry-model/Digits"
CYRILLIC, CHINESE, ARABIC = "Модели ё", "手写数字 🙂", "نماذج"


class Clock:
    """A clock that goes on by 37 minutes each time it is asked, and twice is far behind."""

    def __init__(self) -> None:
        self._asked = count()

    def now(self) -> datetime:
        asked = next(self._asked)
        behind = timedelta(days=400) if asked in (11, 12) else timedelta()
        return BEGIN + timedelta(minutes=37) * asked - behind


class Ids:
    """Ids in the shape of UUIDv7, one after the other."""

    def __init__(self) -> None:
        self._given = count(1)

    def new(self) -> str:
        return f"019a48b1{next(self._given):04x}7abc8def{0x57E33A:012x}"


def work(stemma: Stemma, *, clock: Clock, ids: Ids) -> None:
    """Carry out commands of every kind, by several people, in several organizations."""
    stemma.organize("Acme Inc", entity="acme", teams=["vision", "nlp"], people=["ada", "bob"])
    stemma.organize(
        "Śląsk & Söhne 株式会社", entity="slask", teams=["speech"], people=["zoe", "bob"]
    )
    ada = stemma.within(actor="ada", entity="vision", project="mnist")
    bob = stemma.within(actor="bob", entity="nlp", project="spam")
    zoe = stemma.within(actor="zoe", entity="speech", project="asr")
    ada.create_registry("Own", accepted_types=["model"], description="ours: 'quoted' \"twice\"\n\t")
    ada.accept_type("Own", "dataset")
    ada.create_registry(CYRILLIC, visibility="restricted", organization="Acme Inc")
    ada.create_collection(f"wandb-registry-{CYRILLIC}/{CHINESE}", type="model", tags=["тест"])
    zoe.create_registry("Own", organization="slask")

    data = log(ada, "data", name="vision/mnist/images", type="dataset", tags=["raw data"])
    ada.link(data, "acme/wandb-registry-Own/Images", aliases=["golden"])
    for n in range(3):
        run = ada.start_run(run=f"train-{n}", name=f"fit №{n}", job_type="train", config=ODD).path
        ada.use(data if n % 2 else "acme/wandb-registry-Own/Images:golden", run=run, type="dataset")
        made = log(
            ada,
            f"weights {n}",
            run=run,
            aliases=["best", f"epoch {n}"],
            tags=["t1", "два"][: n % 3],
            metadata={"n": n, "odd": ODD},
            description=None if n % 2 else f"№ {n}\nsecond line",
        )
        log(ada, f"weights {n}", run=run)
        ada.link(made, DIGITS, aliases=["staging"], key=f"link {n}")
        ada.link(made, DIGITS, aliases=["staging"], key=f"link {n}")
        ada.finish_run(run, state=("finished", "failed", "crashed")[n])
    ada.edit_aliases(f"{DIGITS}:v1", add=["production"])
    bob.edit_aliases(f"{DIGITS}:v2", add=["production"])
    bob.edit_aliases(f"{DIGITS}:v1", add=["production", "back again"], key="ключ / 100%")
    bob.edit_aliases(f"{DIGITS}:v1", remove=["back again"])
    ada.link(f"{SOURCE}:v0", f"acme/wandb-registry-{CYRILLIC}/{CHINESE}", aliases=["生产", "جديد"])
    ada.link(f"{SOURCE}:v1", f"acme/wandb-registry-{CYRILLIC}/{ARABIC}")
    ada.unlink(f"{DIGITS}:v0")
    ada.edit(f"{DIGITS}:production", description="edited", metadata={"n": 1, "edited": [ODD, None]})
    ada.edit(f"{DIGITS}:production", add_tags=["v", "два"], remove_tags=["t1"])
    ada.edit(f"{DIGITS}:production", clear_description=True)

    spoken = log(zoe, "words", name="speech/asr/words", metadata={"Ω": "ω", "": 0})
    zoe.link(spoken, "slask/wandb-registry-model/Words", aliases=["production"])
    zoe.link(spoken, "slask/wandb-registry-Own/Words")
    zoe.use("wandb-registry-model/Words:production", run=zoe.start_run(run="listen").path)
    toy = log(bob, "toy", name="bob/home/toy", type="toy")
    play = bob.start_run(entity="bob", project="home", run="play").path
    bob.use(toy, run=play)
    log(bob, "toy, improved", name="bob/home/toy", type="toy", run=play)

    bob.create_collection("wandb-registry-dataset/Short-lived", type="dataset", description="soon")
    ada.link(data, "wandb-registry-dataset/Short-lived")
    ada.delete_collection("wandb-registry-dataset/Short-lived")
    ada.create_collection("wandb-registry-dataset/Short-lived", type="dataset", tags=["again"])
    ada.delete(f"{SOURCE}:v2", delete_aliases=True, force=True)
    last = ada.start_run(run="evaluate", job_type="eval").path
    ada.use(f"{DIGITS}:production", run=last)
    ada.use(f"{SOURCE}:v1", run=last)
    log(ada, "scores", name="vision/mnist/scores", type="scores", run=last, metadata=LONG)

    # As a registry of many thousand events has them.
    keen = CommandHandler(
        stemma._events, clock=clock, ids=ids, inline=stemma._runner.inline, snapshot_after=2
    )
    ada._handler = keen
    for n in range(2):
        made = log(ada, f"more {n}", aliases=["best"])
        ada.link(made, DIGITS, aliases=["nightly"])


ODD = {
    "float": 0.1,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "negative zero": -0.0,
    "int": 2**53 - 1,
    "deep": [[[{"a": [True, False, None, ""]}]]],
    "quotes": "'\"\\/\b\f\n\r\t",
    "é": "e\u0301 \u2028 \U0001f3f4\u200d\u2620\ufe0f \u202eabc",
    "a.b": {"$in": ["{}", "%s"], "__proto__": 1},
}
LONG = {f"metric {n}": n / 7 for n in range(20)}


def log(
    stemma: Stemma, content: str, *, name: str = SOURCE, type: str = "model", **more: Any
) -> str:
    """Log some content, and return the version's name."""
    digest = content.encode().hex().rjust(32, "0")[-32:]
    logged = stemma.log(
        name,
        type=type,
        manifest=digest * 2,
        digest=digest,
        size=len(content),
        file_count=1,
        **more,
    )
    return logged.name


def main(folder: Path) -> None:
    """Write the file and its answers."""
    path = folder / "registry.db"
    clock, ids = Clock(), Ids()
    url = f"sqlite:///{path}"
    with stemmata.open(url, content="memory://", actor="host", clock=clock, ids=ids) as stemma:
        work(stemma, clock=clock, ids=ids)
        found = answers(stemma)
    raw = sqlite3.connect(path, isolation_level=None)
    # Small pages, because most of some fifty tables and indexes need no more.
    for statement in ("journal_mode=DELETE", "page_size=1024"):
        raw.execute(f"PRAGMA {statement}")
    raw.execute("VACUUM")
    raw.execute("PRAGMA journal_mode=WAL")
    raw.close()
    path.with_name("registry.db-lock").unlink()
    document = json.dumps(found, ensure_ascii=False, indent=0, sort_keys=True)
    (folder / "answers.json").write_text(f"{document}\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
