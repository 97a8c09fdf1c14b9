"""Reading a document as a newcomer would: every Python block is run, from the first to the last.

- The blocks of one document share their names, as if they were typed into one session.
- A block that must not run says why: ``<!--- skip: next "the reason" -->`` on the line before it.
- A block in another language may be a file, which is laid into the folder: ``<!--- file: name.py -->``
  stands on a line before it. A Python file that is not to be run there and then says ``py``.
- Examples in docstrings, as doctests or ``.. code-block:: python``, are run alike.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from unittest import SkipTest

from sybil import Document, Region, Sybil
from sybil.document import PythonDocStringDocument
from sybil.evaluators.skip import Skipper
from sybil.example import Example
from sybil.parsers import markdown, rest

FILE = re.compile(
    r"^<!--- file: (?P<name>[\w.]+) -->\n\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def files(document: Document) -> Iterator[Region]:
    """Find the blocks that are files."""
    for found in FILE.finditer(document.text):
        yield Region(found.start(), found.end(), (found["name"], found["text"]), lay)


def lay(example: Example) -> None:
    """Write a file into the folder where the document is read."""
    name, text = example.parsed
    Path(name).write_text(text, encoding="utf-8")


MARKDOWN = Sybil(parsers=[markdown.PythonCodeBlockParser(), markdown.SkipParser(), files])
DOCSTRINGS = Sybil(
    parsers=[rest.DocTestParser(), rest.PythonCodeBlockParser(), rest.SkipParser()],
    document_types={".py": PythonDocStringDocument},
)


class SkippedWithoutReason(AssertionError):
    """A document leaves out a block and does not say why."""


def read(path: Path) -> int:
    """Run the examples of a document, in order, and return how many were run.

    Raises:
        SkippedWithoutReason: A block is left out and nothing says why.
        Exception: What the first example that fails raises.
    """
    document: Document = (DOCSTRINGS if path.suffix == ".py" else MARKDOWN).parse(path)
    return sum(run(example) for example in document.examples())


def run(example: Example) -> bool:
    if isinstance(example.region.evaluator, Skipper):
        action, reason = example.parsed
        if action != "end" and not reason:
            raise SkippedWithoutReason(f"{example.path}:{example.line}")
        example.evaluate()
        return False
    try:
        example.evaluate()
    except SkipTest:
        return False
    return True
