"""What a type checker sees of carrying out commands; checked by mypy, never run.

A line that must not pass carries the code of its error: were it to pass, the unused comment would be
the error.
"""

from typing import assert_type

from stemmata_domain.aggregates.collection import COLLECTION
from stemmata_domain.commands.link import Link, Linked, Unlink
from stemmata_domain.events import AliasAdded
from stemmata_domain.handling import CommandHandler


def the_result_of_a_command_is_known_by_its_command(handler: CommandHandler, link: Link) -> None:
    assert_type(handler.handle(link, actor="ada"), Linked)
    assert_type(handler.handle(link, actor="ada", key="once").index, int)


def only_a_command_is_carried_out(handler: CommandHandler, event: AliasAdded) -> None:
    handler.handle(event, actor="ada")  # type: ignore[arg-type]  # a fact is no request
    handler.handle("link", actor="ada")  # type: ignore[arg-type]  # nor is a word


def somebody_acts(handler: CommandHandler, link: Link) -> None:
    handler.handle(link)  # type: ignore[call-arg]  # nobody would have done it
    handler.handle(link, "ada")  # type: ignore[call-arg]  # arguments after the first have names


def what_has_happened_stays(linked: Linked, link: Link, event: AliasAdded) -> None:
    linked.index = 1  # type: ignore[misc]  # a result is frozen
    link.target = "x"  # type: ignore[misc]  # a command is frozen
    event.alias = "x"  # type: ignore[misc]  # an event is frozen


def a_decider_answers_its_own_commands_only(unlink: Unlink) -> None:
    assert_type(COLLECTION.stream("c1"), str)
    COLLECTION.decide(COLLECTION.initial, unlink)  # type: ignore[arg-type]  # not the aggregate's own
