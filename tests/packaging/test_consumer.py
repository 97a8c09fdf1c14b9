"""A project that installs the wheel can import it, run it and have its use of it type-checked."""

from pathlib import Path

import pytest

from tests.packaging.distributions import Consumer

pytestmark = pytest.mark.xdist_group("distributions")

PROGRAM = """\
import stemmata
import stemmata_adapters
import stemmata_domain
import stemmata_projections
from stemmata.draft import Draft
from stemmata_domain.errors import StemmataError
from stemmata_projections.version_index.views import Version


def published(stemma: stemmata.Stemma) -> Version:
    draft = Draft(stemma.content)
    with draft.new_file("model.bin", "wb") as file:
        file.write(b"weights")
    sealed = draft.seal()
    logged = stemma.log(
        "vision/mnist/digits",
        type="model",
        manifest=sealed.manifest,
        digest=sealed.digest,
        size=sealed.size,
        file_count=sealed.file_count,
    )
    linked = stemma.link(logged.name, "wandb-registry-model/Digits", aliases=["production"])
    return stemma.resolve(linked.name)


with stemmata.open("memory://", actor="ada", entity="vision") as stemma:
    stemma.organize("Acme", teams=["vision"])
    name: str = published(stemma).full_name
    try:
        stemma.resolve("wandb-registry-model/Digits:nothing")
    except (StemmataError, LookupError) as refusal:
        told: str = str(refusal)

run: stemmata.Run | None = stemmata.run
print(stemmata.__file__)
"""

MISTAKE = """\
import stemmata

stemmata.no_such_name
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    script = folder / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    return script


def test_what_a_consumer_imports_is_the_wheel(consumer: Consumer, program: Path) -> None:
    ran = consumer.run(program, cwd=program.parent)
    assert ran.stderr == ""
    assert Path(ran.stdout.strip()) == consumer.packages / "stemmata" / "__init__.py"


def test_a_consumer_passes_strict_type_checking(consumer: Consumer, program: Path) -> None:
    code, said = consumer.check_types(program)
    assert code == 0, said


def test_a_consumers_mistake_is_found_by_type_checking(consumer: Consumer, program: Path) -> None:
    program.write_text(MISTAKE, encoding="utf-8")
    code, said = consumer.check_types(program)
    assert code == 1
    assert 'Module has no attribute "no_such_name"' in said


def test_without_its_typed_marker_the_wheel_would_be_untyped_to_a_consumer(
    consumer: Consumer, program: Path
) -> None:
    # Shows that the types come from the wheel and not from the source tree beside it.
    (consumer.packages / "stemmata" / "py.typed").unlink()
    code, said = consumer.check_types(program)
    assert code == 1
    assert "module is installed, but missing library stubs or py.typed marker" in said
