"""Texts that people, programs and attackers may pass where a name is asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

HOSTILE = (
    "",
    " ",
    "  a  ",
    ".",
    "..",
    "../../etc/passwd",
    "/absolute",
    "a/b",
    "a/b/c/d",
    "a:b",
    ":",
    "/",
    "a\\b",
    "a\0b",
    "\ud800",
    "a\udfffb",
    "\ud83d\ude00",  # a pair of surrogates that was never joined
    "a\nb",
    "a\n",
    "\r\n",
    "\x1b[31mred",
    "\x7f\x85\u2028\u2029",
    "\ufeffa",
    "\u202egnp.exe",
    "é",
    "e\u0301",
    "ſ",
    "İ",
    "🧑‍🔬🎉",
    "名前",
    "'; DROP TABLE event; --",
    '" OR 1=1 --',
    "%s %d %n {0} {name} ${HOME} $(id) `id`",
    "100%",
    "_%*?[a-z]#",
    "<script>alert(1)</script>",
    "[bold]markup[/bold]",
    "file:///etc/passwd",
    "wandb-artifact://a/b/c:v0",
    "registry:///Acme Inc/model/Digits:v0",
    "CON",
    "NULL",
    "None",
    "true",
    "0",
    "-1",
    "1e999",
    "v0",
    "v1",
    "v01",
    "v٣",
    "v-1",
    "v99999999999999999999",
    "latest",
    "LATEST",
    "wandb-registry-",
    "wandb-registry-model",
    "WANDB-REGISTRY-model",
    "wandb-job",
    "job",
    "model",
    "dataset",
    "entity",
    "acme",
    "Acme Inc",
    "vision",
    "ada",
    "name-entity:acme",
    "in@vision/mnist:digits",
    "a" * 113,
    "a" * 128,
    "a" * 129,
    "é" * 128,
    "/" * 200,
    "a" * 5_000,
    "名" * 5_000,
)

NO_TEXTS: tuple[Any, ...] = (None, 0, 7, 1.5, True, b"bytes", [], ["a"], {}, {"a": 1}, object())

plain = st.from_regex(r"[A-Za-z0-9_.\-]{1,12}", fullmatch=True)
"""Names that are good everywhere."""

lower = st.from_regex(r"[a-z0-9_\-]{1,12}", fullmatch=True)
"""Names that are good for entities."""

anything = (
    st.sampled_from(HOSTILE)
    | st.text(max_size=20)
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.builds("{}{}{}".format, plain, st.sampled_from(HOSTILE[:40]), plain)
)
"""Texts of every kind, lone surrogates included."""

name = plain | anything
"""Names half of which are good."""

readable = st.sampled_from(["Zoo Classifier", "データ", "🎉", " ", "é", "e\u0301", "100%", "<b>"])
"""Names that are good where people choose them."""

prose = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
"""Texts that can be kept."""

tag = st.from_regex(r"[-\w]{1,5}( [-\w]{1,5})?", fullmatch=True)
"""Tags that are good."""

label = (plain | readable).filter(lambda text: not text.startswith("v"))
"""Aliases and types that are good."""

no_text = st.sampled_from(NO_TEXTS)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | anything,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3),
    max_leaves=6,
)

good_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | prose,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(prose, inner, max_size=3),
    max_leaves=5,
)

good_metadata = st.none() | st.dictionaries(plain | readable, good_values, max_size=4)
"""Metadata that are good, but for infinities."""

metadata = (
    st.dictionaries(name, json_values, max_size=4)
    | json_values
    | st.dictionaries(st.integers() | st.floats() | st.none() | plain, json_values, max_size=3)
)
"""What may be given as metadata or as a run's config; much of it is good."""
