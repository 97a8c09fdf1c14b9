"""By which words texts are found."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stemmata_projections.search.terms import (
    LONGEST_TERM,
    MOST_TERMS,
    asked,
    terms,
)


def found_by(text: str, question: str) -> bool:
    wanted = asked(question)
    has = terms(text)
    begins = wanted.beginning
    return has.issuperset(wanted.whole) and (
        begins is None or any(term.startswith(begins) for term in has)
    )


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("digits-v2", "digits"),
        ("digits-v2", "V2"),
        ("digits_v2", "digits v2"),
        ("digits.v2", "digits-v2"),
        ("Golden Datasets", "golden data"),
        ("ResNet50", "resnet50"),
        ("ResNet50", "net 50"),
        ("ResNet50", "resn"),
        ("HTTPServer", "server"),
        ("HTTPServer", "http"),
        ("ﬁne Ｆｕｌｌ", "fine full"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "caf\u00e9"),
        ("ΛΌΓΟΣ", "λόγος"),
        ("手書き数字の認識モデル", "数字"),
        ("手書き数字の認識モデル", "認識モデル"),
        ("手書き数字の認識モデル", "数字 モデル"),
        ("手書き数字の認識モデル", "字"),
        ("手書き数字の認識モデル", "ル"),
        ("手書き数字の認識モデル v2", "モデル v"),
        ("ﾃﾞｰﾀ", "データ"),
        ("数字データ", "ﾃﾞｰﾀ"),
        ("BERTで学習", "bert 学習"),
        ("สวัสดีครับ", "ครับ"),
        ("हिन्दी पाठ", "हिन्दी"),
        ("한국어 모델", "모델"),
        ("anything", ""),
        ("anything", "..."),
    ],
)
def test_a_text_is_found(text: str, question: str) -> None:
    assert found_by(text, question)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("digits", "igits"),
        ("digits v2", "digit v2"),
        ("digits", "digits v2"),
        ("手書き数字", "数書"),
        ("手書き", "書"[::-1] + "手"),
        ("res net", "resnet"),
    ],
)
def test_a_text_is_not_found(text: str, question: str) -> None:
    assert not found_by(text, question)


def test_only_the_last_word_may_be_unfinished() -> None:
    assert asked("golden data").whole == ("golden",)
    assert asked("golden data").beginning == "data"


def test_a_question_of_punctuation_asks_nothing() -> None:
    assert asked(" -- … ").is_nothing
    assert not asked("a").is_nothing


def test_long_texts_are_cut() -> None:
    assert max(map(len, terms("x" * 5000))) == LONGEST_TERM
    assert len(terms(" ".join(map(str, range(5000))))) == MOST_TERMS
    assert found_by("x" * 5000, "x" * 5000)


@given(st.text(max_size=80))
def test_every_text_is_found_by_itself(text: str) -> None:
    assert found_by(text, text)


@given(st.text(max_size=40))
def test_terms_do_not_depend_on_form_or_case(text: str) -> None:
    for form in ("NFC", "NFD"):
        assert terms(unicodedata.normalize(form, text)) == terms(text)
