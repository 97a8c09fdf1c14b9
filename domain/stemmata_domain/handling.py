"""Carrying out commands: load, decide, append; and decide again when somebody was faster.

- One command is one atomic append, of one stream or several.
- On a store that lets one writer in at a time, the command is decided while it holds that right, so
  that it cannot conflict. On any other store the append states what was read, and a conflict leads to
  a new decision, a bounded number of times.
- Threads get their turn in the order in which they came, and nothing long is read while others wait
  for the right to append.
- Views that cannot take an event do not keep a command from being carried out: its append is undone,
  and done again without them.
- A command that was carried out under an idempotency key gives the same actor the same result again
  and appends nothing.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import asdict
from threading import Lock
from typing import Any, ClassVar, Protocol, TypeVar

import orjson
from pydantic import ValidationError

from stemmata_domain.aggregates.claim import KEY
from stemmata_domain.errors import (
    IdempotencyKeyReused,
    InvalidSetting,
    Refused,
    StorageFailed,
    WrongExpectedVersion,
)
from stemmata_domain.events import CommandKeyed
from stemmata_domain.names import idempotency_key
from stemmata_domain.ports import Clock, EventStore, IdSource, KeepsSnapshots, SerialisesWriters
from stemmata_domain.recorded import Context, RecordedEvent
from stemmata_domain.states import LongToRead, States
from stemmata_domain.work import Work

Result = TypeVar("Result", covariant=True)
R = TypeVar("R")


class Command(Protocol[Result]):
    """A request that may be refused: a frozen dataclass whose fields have a JSON form.

    Its result is a frozen dataclass of the same kind, so that it can be kept under an idempotency key.
    """

    # What a data class has; it is how the fields are found. The result's class cannot be a type
    # variable of a class variable, hence Any.
    __dataclass_fields__: ClassVar[dict[str, Any]]
    returns: ClassVar[type[Any]]

    def carry_out(self, work: Work) -> Result:
        """Decide, and say what came of it.

        Raises:
            Refused: A rule forbids it; nothing is appended.
        """
        ...


class ViewsCannotTake(Exception):
    """Raised while a command is carried out: views cannot take an event that is there, or would be.

    What was appended is undone, and the command is decided again.

    Attributes:
        meanwhile: To be done before, when the right to append is let go of. Where there is nothing to
            be done, the command is carried out without the views.
    """

    def __init__(self, *, meanwhile: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.meanwhile = meanwhile


class CommandHandler:
    """Carries out commands against one event store; any number of threads may use it."""

    def __init__(
        self,
        store: EventStore,
        *,
        clock: Clock,
        ids: IdSource,
        inline: Callable[[Sequence[RecordedEvent]], None] | None = None,
        attempts: int = 20,
        snapshot_after: int | None = None,
    ) -> None:
        """Make a handler.

        Args:
            inline: Called with what was appended before it becomes visible; what it raises undoes
                the append, and `ViewsCannotTake` lets it be done again without being called. Only for
                a store that serialises writers.
            attempts: How often a command is decided before a conflict is passed on.
            snapshot_after: By how many events a stream grows at least until its next snapshot;
                some thousand if it is not given.
        """
        self._store = store
        self._clock = clock
        self._ids = ids
        self._inline = inline
        self._attempts = attempts
        self._states = States(store, snapshot_after=snapshot_after)
        self._mutex = _Turns()
        self._serialised = store if isinstance(store, SerialisesWriters) else None
        self._snapshots = store if isinstance(store, KeepsSnapshots) else None

    def handle(
        self,
        command: Command[R],
        *,
        actor: str,
        key: str | None = None,
        correlation: str | None = None,
        inform: Callable[[Command[R], Work], Command[R]] | None = None,
    ) -> R:
        """Carry out *command* and return its result; what it changed is durable then.

        Args:
            inform: Called with the command and its work each time it is about to be decided, returns
                it with what the log cannot tell it. On a store that serialises writers nobody else
                writes from then until the command is done; on any other, what was read by the work
                before is held against the log when it is appended. What it adds is no part of the
                request that *key* stands for.

        Raises:
            Refused: The domain declines; nothing was appended.
            WrongExpectedVersion: Others were faster each time; trying later may help.
        """
        key = None if key is None else idempotency_key(key)
        with self._mutex:
            try:
                return self._until_done(command, actor, key, correlation, inform)
            finally:
                # What took long to fold need not again, whatever became of the command.
                self._keep_snapshots()

    def _until_done(
        self,
        command: Command[R],
        actor: str,
        key: str | None,
        correlation: str | None,
        inform: Callable[[Command[R], Work], Command[R]] | None,
    ) -> R:
        attempt = reads = 0
        inline = self._inline
        while True:
            attempt += 1
            hurries = self._serialised is not None and reads < self._attempts
            try:
                return self._once(command, actor, key, correlation, inform, inline, hurries=hurries)
            except LongToRead as long:
                # The right to append was let go, so that nobody waits while this is read.
                self._states.read_ahead(long)
                attempt -= 1
                reads += 1
            except WrongExpectedVersion:
                self._states.forget()
                if attempt == self._attempts:
                    raise
            except ViewsCannotTake as stuck:
                self._states.forget()
                if stuck.meanwhile is None:
                    inline = None
                    attempt -= 1
                elif attempt == self._attempts:
                    raise
                else:
                    stuck.meanwhile()
            except Refused:
                raise
            except BaseException:
                # The states may be ahead of a store that failed to take the events.
                self._states.forget()
                raise

    def _once(
        self,
        command: Command[R],
        actor: str,
        key: str | None,
        correlation: str | None,
        inform: Callable[[Command[R], Work], Command[R]] | None,
        inline: Callable[[Sequence[RecordedEvent]], None] | None,
        *,
        hurries: bool,
    ) -> R:
        with self._exclusively():
            self._states.begin(hurries=hurries)
            work = Work(
                self._states,
                actor=actor,
                time=self._clock.now(),
                ids=self._ids,
                alone=self._serialised is not None,
            )
            if key is not None and (done := _done_before(work, command, key)) is not None:
                return done
            try:
                informed = command if inform is None else inform(command, work)
                result = informed.carry_out(work)
            except ValidationError as error:
                raise _unfit(command, error) from error
            if key is not None:
                work.decide(KEY, key_stream(actor, key), _keyed(command, key, result))
            appends = work.appends()
            if not appends:
                return result
            context = Context(actor, work.time, correlation or self._ids.new(), key)
            recorded = list(self._store.append(appends, context))
            if inline is not None:
                inline(recorded)
        self._states.recorded(recorded, work.states_after)
        return result

    def _keep_snapshots(self) -> None:
        if self._snapshots is not None:
            # The events are durable; a snapshot that cannot be kept costs the next start time.
            with suppress(StorageFailed):
                for snapshot in self._states.snapshots_due():
                    self._snapshots.save_snapshot(snapshot)

    def _exclusively(self) -> AbstractContextManager[object]:
        return nullcontext() if self._serialised is None else self._serialised.writing()


class _Turns:
    """A lock that threads get in the order in which they ask for it.

    With an ordinary one, a thread that asks again at once gets it before those that must wake up first.
    """

    def __init__(self) -> None:
        self._mutex = Lock()
        self._taken = False
        self._waiting: deque[Lock] = deque()

    def __enter__(self) -> None:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            turn = Lock()
            turn.acquire()
            self._waiting.append(turn)
        try:
            turn.acquire()
        except BaseException:
            self._leave(turn)
            raise

    def _leave(self, turn: Lock) -> None:
        with self._mutex:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        # The turn had come already.
        self.__exit__()

    def __exit__(self, *_: object) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


def _unfit(command: Command[object], error: ValidationError) -> InvalidSetting:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    return InvalidSetting(
        setting="command", value=type(command).__name__, rule=f"{where}: {first['msg']}"
    )


def fingerprint(command: Command[object]) -> str:
    """Return what tells *command* from any other: a SHA-256 of its kind and fields, in hex.

    Raises:
        InvalidSetting: A field has no JSON form.
    """
    try:
        body = orjson.dumps(asdict(command), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError as error:
        rule = f"it cannot be written as JSON ({error})"
        raise InvalidSetting(setting="command", value=type(command).__name__, rule=rule) from error
    return hashlib.sha256(type(command).__name__.encode() + b"\n" + body).hexdigest()


def key_stream(actor: str, key: str) -> str:
    """Return whose key it is, and which: people who know nothing of each other choose the same ones."""
    return f"{actor.replace('%', '%25').replace('/', '%2F')}/{key}"


def _done_before(work: Work, command: Command[R], key: str) -> R | None:
    before = work.state(KEY, key_stream(work.actor, key))
    if not before.fingerprint:
        return None
    if before.fingerprint != fingerprint(command):
        raise IdempotencyKeyReused(key=key, command=before.command)
    fields = {n: tuple(v) if isinstance(v, list) else v for n, v in before.result}
    done: R = command.returns(**fields)
    return done


def _keyed(command: Command[R], key: str, result: R) -> CommandKeyed:
    return CommandKeyed(
        key=key,
        command=type(command).__name__,
        fingerprint=fingerprint(command),
        result=orjson.loads(orjson.dumps(result)),
    )
