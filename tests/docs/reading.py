"""Reading a document as a newcomer would: every Python block is run, from the first to the last.

- The blocks of one document share their names, as if they were typed into one session.
- A block that must not run says why: ``<!--- skip: next "the reason" -->`` on the line before it.
- Examples in docstrings, as doctests or ``.. code-block:: python``, are run alike.
"""

from pathlib import Path
from unittest import SkipTest

from sybil import Document, Sybil
from sybil.document import PythonDocStringDocument
from sybil.evaluators.skip import Skipper
from sybil.example import Example
from sybil.parsers import markdown, rest

MARKDOWN = Sybil(parsers=[markdown.PythonCodeBlockParser(), markdown.SkipParser()])
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
