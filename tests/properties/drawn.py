"""What random histories are made of: few names, so that they meet often."""

from __future__ import annotations

from hypothesis import strategies as st

actors = st.sampled_from(["host", "host", "ada", "bob"])
entities = st.sampled_from(["vision", "vision", "nlp", "ada"])
teams = st.sampled_from(["vision", "nlp"])
names = st.sampled_from(["a", "a", "b", "links"])
types = st.sampled_from(["model", "model", "dataset"])
contents = st.sampled_from(["0", "1", "2", "3"])
tags = st.lists(st.sampled_from(["t", "u"]), max_size=2).map(tuple)
aliases = st.lists(st.sampled_from(["x", "x", "y", "latest", "v7"]), max_size=2).map(tuple)
fair_aliases = aliases.filter(lambda given: "v7" not in given)
versions = st.sampled_from(["", ":latest", ":x", ":y", ":v0", ":v0", ":v1", ":v1", ":v2", ":v3"])
sources = st.sampled_from(["vision/p/a", "vision/p/a", "vision/p/b", "nlp/p/a", "ada/p/a"])
targets = st.sampled_from(
    [
        "wandb-registry-model/C",
        "wandb-registry-model/C",
        "wandb-registry-model/D",
        "wandb-registry-dataset/C",
        "wandb-registry-Own/C",
        "vision/p/links",
        "vision/p/a",
    ]
)
anywhere = st.builds(str.__add__, st.one_of(sources, targets), versions)
# Which of the things that are there by now; one in ten times it is something that may not be.
choices = st.integers(0, 99)
runs = st.sampled_from(["vision/p/r1", "vision/p/r1", "nlp/p/r1", "vision/p/r2"])
states = st.sampled_from(["finished", "failed"])
texts = st.sampled_from(["", "é 🙂", "two\nlines"])
json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "é🙂", "null", '"', "\\"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner),
    max_leaves=4,
)
metadata = st.dictionaries(st.sampled_from(["m", "n"]), json, max_size=2)
# Values that Python holds to be equal, or nothing, and that JSON tells apart.
alike = st.dictionaries(
    st.sampled_from(["m", "n"]), st.sampled_from([0, False, 0.0, 1, True, 1.0, None, "1"])
)
ways = st.fixed_dictionaries({"inline": st.booleans(), "keyed": st.booleans()})
