"""A name has one holder in its scope, and an idempotency key stands for one command."""

from stemmata_domain.aggregates.claim import CLAIM, KEY, Claim, ClaimName, KeyedCommand, ReleaseName
from stemmata_domain.errors import NameTaken
from stemmata_domain.events import CommandKeyed, NameClaimed, NameReleased, TeamCreated
from tests.domain.specification import specify

claim = specify(CLAIM)
key = specify(KEY)

SCOPE = "in@vision/mnist"
CLAIMED = NameClaimed(scope=SCOPE, name="digits", kind="artifact", holder="a1")
RELEASED = NameReleased(scope=SCOPE, name="digits")


def claiming(holder: str, kind: str = "artifact") -> ClaimName:
    return ClaimName(
        scope=SCOPE, name="digits", kind=kind, holder=holder, scope_name="vision/mnist"
    )


def test_a_free_name_is_claimed() -> None:
    claim.when(claiming("a1")).then(CLAIMED)


def test_claiming_what_one_holds_changes_nothing() -> None:
    claim.given(CLAIMED).when(claiming("a1")).then_nothing()


def test_a_name_that_somebody_holds_is_refused_to_others() -> None:
    refusal = {"thing": "artifact", "name": "digits", "scope": "vision/mnist"}
    claim.given(CLAIMED).when(claiming("a2")).then_refused(NameTaken, **refusal)


def test_a_holder_of_another_kind_is_another_holder() -> None:
    refusal = {"thing": "artifact", "name": "digits", "scope": "vision/mnist"}
    claim.given(CLAIMED).when(claiming("a1", "collection")).then_refused(NameTaken, **refusal)


def test_a_released_name_is_free_for_somebody_else() -> None:
    claim.given(CLAIMED).when(ReleaseName(scope=SCOPE, name="digits")).then(RELEASED)
    claim.given(CLAIMED, RELEASED).when(claiming("c1", "collection")).then(
        NameClaimed(scope=SCOPE, name="digits", kind="collection", holder="c1")
    )


def test_releasing_a_free_name_changes_nothing() -> None:
    claim.when(ReleaseName(scope=SCOPE, name="digits")).then_nothing()
    claim.given(CLAIMED, RELEASED).when(ReleaseName(scope=SCOPE, name="digits")).then_nothing()


def test_the_last_event_says_who_holds_the_name() -> None:
    assert claim.state(CLAIMED) == Claim(kind="artifact", holder="a1")
    assert claim.state(CLAIMED, RELEASED) == Claim()
    assert claim.state(CLAIMED, TeamCreated(team="x")) == Claim(kind="artifact", holder="a1")


KEYED = CommandKeyed(key="k", command="Link", fingerprint="f" * 64, result={"index": 3})


def test_a_key_is_taken_by_the_first_command() -> None:
    key.when(KEYED).then(KEYED)
    other = CommandKeyed(key="k", command="Log", fingerprint="e" * 64, result={})
    key.given(KEYED).when(other).then_nothing()


def test_a_key_remembers_its_command_and_what_came_of_it() -> None:
    assert key.state(KEYED) == KeyedCommand("Link", "f" * 64, (("index", 3),))
    assert key.state(TeamCreated(team="x")) == KeyedCommand()
