"""A document's examples cannot rot unseen."""

from pathlib import Path

import pytest

from tests.docs.reading import SkippedWithoutReason, read

FENCE = "```"


def document(folder: Path, text: str) -> Path:
    path = folder / "page.md"
    path.write_text(text.replace("~~~", FENCE), encoding="utf-8")
    return path


def test_the_blocks_of_a_document_are_run_in_order_and_share_their_names(tmp_path: Path) -> None:
    page = document(
        tmp_path,
        "Count.\n\n~~~python\nx = 1\n~~~\n\nFurther.\n\n~~~python\nx += 1\nassert x == 2\n~~~\n",
    )
    assert read(page) == 2


def test_a_block_that_fails_fails_its_document(tmp_path: Path) -> None:
    page = document(tmp_path, "Count.\n\n~~~python\nassert 1 == 2\n~~~\n")
    with pytest.raises(AssertionError):
        read(page)


def test_a_session_whose_answer_has_changed_fails_its_document(tmp_path: Path) -> None:
    page = document(tmp_path, "Count.\n\n~~~python\n>>> 1 + 1\n3\n~~~\n")
    with pytest.raises(AssertionError, match="Expected:"):
        read(page)


def test_a_block_of_another_language_is_not_run(tmp_path: Path) -> None:
    page = document(tmp_path, "~~~console\n$ false\n~~~\n\n~~~text\nraise\n~~~\n")
    assert read(page) == 0


def test_a_block_that_is_a_file_is_laid_into_the_folder_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = document(
        tmp_path,
        "<!--- file: one.py -->\n\n~~~py\nx = 1\n\n1 / 0\n~~~\n\n"
        "~~~python\nfrom pathlib import Path\n\nassert Path('one.py').is_file()\n~~~\n",
    )
    assert read(page) == 2
    assert (tmp_path / "one.py").read_text(encoding="utf-8") == "x = 1\n\n1 / 0\n"


def test_a_block_may_be_left_out_for_a_reason(tmp_path: Path) -> None:
    page = document(
        tmp_path,
        '<!--- skip: next "it needs a bucket" -->\n~~~python\nassert False\n~~~\n\n~~~python\n1\n~~~\n',
    )
    assert read(page) == 1


def test_a_block_may_not_be_left_out_for_no_reason(tmp_path: Path) -> None:
    page = document(tmp_path, "<!--- skip: next -->\n~~~python\nassert False\n~~~\n")
    with pytest.raises(SkippedWithoutReason):
        read(page)


def test_the_examples_of_a_docstring_are_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "miscounting.py"
    module.write_text(
        'def f():\n    """Count.\n\n    >>> 1 + 1\n    3\n    """\n', encoding="utf-8"
    )
    with pytest.raises(AssertionError, match="Expected:"):
        read(module)
