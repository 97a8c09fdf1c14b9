"""A walk through the registry on real files: `make demo`.

Two runs fit Kepler's third law, first to the six planets that were known to Kepler's heirs, then to all
eight. Data and fits are logged as artifacts, linked into two registries, and an alias moves. All of it is
kept in a folder, so that the commands shown at the end find it.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import statistics
import sys
from datetime import datetime
from math import exp, log
from pathlib import Path

from rich.console import Console
from rich.table import Table

import stemmata
from stemmata.stemma import Stemma
from stemmata_domain.codec import time_text
from stemmata_projections.audit.sentences import sentence

# Semi-major axis in astronomical units, and orbital period in years.
PLANETS = (
    ("Mercury", 0.387, 0.241),
    ("Venus", 0.723, 0.615),
    ("Earth", 1.000, 1.000),
    ("Mars", 1.524, 1.881),
    ("Jupiter", 5.203, 11.862),
    ("Saturn", 9.537, 29.457),
    ("Uranus", 19.189, 84.017),
    ("Neptune", 30.070, 164.791),
)
MARK = ".made-by-stemmata-demo"
DATASET = "wandb-registry-dataset/Planets"
MODEL = "wandb-registry-model/Orbits"


def main() -> None:
    """Run the walk-through in a folder, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m stemmata.demo", description=__doc__)
    parser.add_argument("--dir", type=Path, default=Path("demo-registry"), help="folder to use")
    folder: Path = parser.parse_args().dir
    begin(folder)
    os.environ.update(
        STEMMATA_URL=f"sqlite:///{folder / 'registry.db'}",
        STEMMATA_CONTENT=f"{folder / 'content'}",
        STEMMATA_ACTOR="ada",
        STEMMATA_ENTITY="astronomy",
        STEMMATA_CACHE_DIR=f"{folder / 'cache'}",
    )
    console = Console(highlight=False)
    with stemmata.open() as stemma:
        stemma.organize("Observatory", teams=["astronomy"], people=["ada", "bob"])
    console.print("[bold]Founded[/] the organization Observatory with the team astronomy.\n")
    study(folder, "kepler", PLANETS[:6], alias="production")
    study(folder, "all-planets", PLANETS, alias="staging")
    with stemmata.open(actor="bob") as stemma:
        # Bob looked at the second fit, and it becomes the one to use.
        stemma.edit_aliases(f"{MODEL}:staging", add=["production"], remove=["staging"])
        show(console, stemma)
    next_steps(console, folder)
    stemmata.teardown()


def begin(folder: Path) -> None:
    """Make an empty folder, in place of what an earlier demo left there."""
    if folder.exists():
        if not (folder / MARK).exists():
            sys.exit(f"{folder} exists and is no demo's; choose another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def study(
    folder: Path, name: str, planets: tuple[tuple[str, float, float], ...], *, alias: str
) -> None:
    """Log the planets as data, fit a law to them in a second run, and link both."""
    data = folder / "planets.csv"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("planet", "axis_au", "period_years"))
        writer.writerows(planets)
    with stemmata.init(project="orbits", name=f"{name}-data", job_type="prepare") as run:
        table = stemmata.Artifact("planets", type="dataset", metadata={"rows": len(planets)})
        table.add_file(data)
        run.link_artifact(table, DATASET)

    config = {"law": "period = factor * axis ** exponent"}
    with stemmata.init(project="orbits", name=f"{name}-fit", job_type="fit", config=config) as run:
        used = run.use_artifact(f"{DATASET}:latest", type="dataset")
        with Path(used.download(folder / "inputs"), "planets.csv").open(newline="") as file:
            rows = [(float(r["axis_au"]), float(r["period_years"])) for r in csv.DictReader(file)]
        fit = statistics.linear_regression([log(a) for a, _ in rows], [log(p) for _, p in rows])
        law = {"exponent": round(fit.slope, 5), "factor": round(exp(fit.intercept), 5)}
        model = stemmata.Artifact("kepler-law", type="model", metadata={**law, "rows": len(rows)})
        with model.new_file("law.json", "w") as file:
            json.dump(law, file)
        run.link_artifact(model, MODEL, aliases=[alias])


def show(console: Console, stemma: Stemma) -> None:
    """Print the versions, the descent and the history of the model's collection."""
    table = Table(title=MODEL, title_justify="left", title_style="bold")
    for column in ("version", "aliases", "exponent", "rows", "logged as", "linked by"):
        table.add_column(column, overflow="fold")
    for version in stemma.versions(MODEL):
        facts = version.metadata
        table.add_row(
            version.version,
            ", ".join(version.aliases),
            str(facts["exponent"]),
            str(facts["rows"]),
            version.source_qualified_name,
            version.linked_by,
        )
    console.print(table)

    console.print("\n[bold]Where production comes from[/]")
    lineage = stemma.lineage(f"{MODEL}:production", direction="upstream")
    console.print(lineage.to_tree(), soft_wrap=True, markup=False)

    console.print("\n[bold]What production was, and who moved it[/]")
    for period in stemma.timeline(f"{MODEL}:production"):
        until = "now" if period.until is None else _clock(period.until)
        console.print(
            f"  {_clock(period.since)} to {until:19}  v{period.index} by {period.since_by}"
        )

    console.print("\n[bold]How it all happened[/]")
    for each in stemma.history(MODEL):
        console.print(f"  {_clock(each.time)}  {each.actor:4} {sentence(each.event)}")

    before = stemma.as_of(stemma.position() - 2)
    told = f"{before.resolve(f'{MODEL}:production').version}"
    console.print(f"\nTwo events ago, production was {told}: any moment can be asked.")


def _clock(moment: datetime) -> str:
    return time_text(moment)[:19].replace("T", " ")


def next_steps(console: Console, folder: Path) -> None:
    """Print what to try next."""
    program = Path(sys.executable).with_name("stemmata")
    shown = os.path.relpath(program) if program.exists() else "stemmata"
    console.print("\n[bold]Try next[/]")
    console.print(
        f"  export STEMMATA_URL=sqlite:///{folder / 'registry.db'} "
        f"STEMMATA_CONTENT={folder / 'content'} STEMMATA_ACTOR=ada STEMMATA_ENTITY=astronomy",
        soft_wrap=True,
    )
    for command in (
        "ls",
        f"ls {MODEL}",
        f"show {MODEL}:production",
        f"timeline {MODEL}:production",
        "impact astronomy/orbits/planets:v0",
        "audit --by bob",
        f"get {MODEL}:production",
    ):
        console.print(f"  {shown} {command}", soft_wrap=True)


if __name__ == "__main__":
    main()
