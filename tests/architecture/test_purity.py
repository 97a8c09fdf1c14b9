"""The domain and the projections call nothing whose answer depends on when or where it is asked.

The import contracts keep modules out; this keeps out the builtins and methods that need no import.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

IMPURE_BUILTINS = {"__import__", "breakpoint", "eval", "exec", "input", "open", "print"}


def impure_calls(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        match node.func:
            case ast.Name(id=name) if name in IMPURE_BUILTINS:
                yield f"line {node.lineno}: {name}()"
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=method) if method in (
                "now",
                "today",
                "utcnow",
            ):
                yield f"line {node.lineno}: {method}()"


def modules() -> list[Path]:
    root = Path(__file__).parents[2]
    return sorted([*root.glob("domain/**/*.py"), *root.glob("projections/**/*.py")])


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.stem)
def test_a_pure_module_asks_nothing_of_the_world(module: Path) -> None:
    assert list(impure_calls(module.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source", ["open('x')", "print(1)", "datetime.now(tz=UTC)", "date.today()", "datetime.utcnow()"]
)
def test_an_impure_call_is_noticed(source: str) -> None:
    assert len(list(impure_calls(source))) == 1


@pytest.mark.parametrize("source", ["clock.now()", "datetime.fromisoformat(text)", "self.open()"])
def test_a_port_that_is_called_alike_is_not_mistaken_for_the_world(source: str) -> None:
    assert list(impure_calls(source)) == []
