"""Dispatcher: from messages of any transport to the player, and back with answers."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from daw_bridge import __version__
from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.control.client import Client
from daw_bridge.control.limiter import ReplyLimiter
from daw_bridge.control.pattern import Pattern, is_pattern
from daw_bridge.control.replies import deck_replies, metrics_reply, position_reply, status_replies, take_reply
from daw_bridge.control.subscriptions import Subscriptions
from daw_bridge.decks.protocol import Ack, Notice, Player, Result, When
from daw_bridge.errors import BridgeError, ParameterError, ScheduleError, UnknownAddressError, shorten_text
from daw_bridge.parameters import MAX_DECKS, Address, AddressTable, Atom, Parameter, Values
from genmodels.errors import GenModelsError

log = logging.getLogger(__name__)

COALESCE_S = 0.005
SLICE = 256
MAX_WAITING = 8192
MAX_REASON = 600

_BY_ITSELF = {
    "/bridge/position": position_reply,
    "/bridge/take/state": take_reply,
    "/bridge/metrics": metrics_reply,
}
_quantum = lru_cache(maxsize=256)(Quantum.parse)
_table = lru_cache(maxsize=MAX_DECKS)(AddressTable)


@dataclass(eq=False)
class _Entry:
    client: Client
    address: str
    action: Callable[[], None]
    superseded: bool = False
    replaces: str = ""


class Dispatcher:
    """Checks messages against the table, carries them out in order, and answers.

    Each message is checked when it comes. Accepted ones wait at most `COALESCE_S` (not at all when it is
    quiet); of several values for one address with no command or query between them only the last is set and
    acknowledged, so that a flood costs the instrument at most 200 changes a second for each address.

    To be called from the event loop's thread only. No method raises on bad input: it is answered.

    Args:
        player: the instrument.
        limiter: rations error replies.
    """

    def __init__(self, player: Player, limiter: ReplyLimiter | None = None) -> None:
        self.player = player
        self.subscriptions = Subscriptions(player.status)
        self.limiter = limiter or ReplyLimiter()
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Entry] = deque()
        self._latest: dict[str, _Entry] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushed_at = -1.0
        self._matching = lru_cache(maxsize=256)(_match)
        self._own_commands: dict[str, Callable[[Client, Values], None]] = {
            "/bridge/status": self._send_status,
            "/bridge/subscribe": self._subscribe,
            "/bridge/unsubscribe": self._unsubscribe,
            "/bridge/ping": lambda client, _: client.send("/bridge/pong", __version__),
        }

    @property
    def table(self) -> AddressTable:
        """The addresses that there are now."""
        return _table(self.player.deck_count)

    def add_commands(self, commands: Mapping[str, Callable[[Client, Values], None]]) -> None:
        """Have commands of the table, by their addresses, carried out by others than the player.

        They answer the client themselves; what they raise is answered with its reason.
        """
        self._own_commands.update(commands)

    def submit(
        self, client: Client, address: str, args: tuple[object, ...] = (), at: float | None = None
    ) -> None:
        """Take one message: a set, a query (an address without arguments), or a command.

        A pattern addresses all that it matches; without arguments it asks for values, and carries out
        commands only when it matches nothing else.

        Args:
            at: Unix time at which it is to be heard, for what `plans` says yes to.
        """
        found = self.table.by_text.get(address)
        try:
            targets = (found,) if found else self._targets(address, not args)
        except (BridgeError, ValueError) as error:
            self.refuse(client, address, error)
            return
        for target in targets:
            self._take(client, target, args, at)

    def plans(self, address: str, args: tuple[object, ...]) -> bool:
        """Whether a message can be given before its time: a value that is set, a start or a stop, unless it
        says itself when."""
        try:
            found = self.table.by_text.get(address)
            targets = (found,) if found else self._targets(address, not args)
            return all(_plannable(target.parameter, target.text, args) for target in targets)
        except (BridgeError, ValueError):
            return False

    def refuse(self, client: Client, address: str, error: Exception | str) -> None:
        """Answer ``/bridge/error address reason``, unless this client has had too many."""
        if not self.limiter.allows(client):
            return
        reason = str(error)
        if isinstance(error, Exception) and not isinstance(error, BridgeError | GenModelsError | ValueError):
            log.error("%s failed", shorten_text(address), exc_info=error)
            reason = f"failed inside: {type(error).__name__}: {reason}"
        client.send("/bridge/error", shorten_text(address, 200), shorten_text(reason, MAX_REASON))

    def notice(self, notice: Notice) -> None:
        """Pass on something that happened by itself."""
        self.subscriptions.notice(notice)

    def forget(self, client: Client) -> None:
        """The client has vanished: end its subscription."""
        self.subscriptions.remove(client)

    def close(self) -> None:
        """End subscriptions and drop what waits."""
        self.subscriptions.close()
        if self._timer is not None:
            self._timer.cancel()
        self._waiting.clear()
        self._latest.clear()

    def _targets(self, address: str, asks: bool) -> tuple[Address, ...]:
        if not is_pattern(address):
            return (self.table.lookup(address),)
        matched = self._matching(address, self.player.deck_count)
        if not matched:
            raise UnknownAddressError(address, "the pattern matches nothing")
        values = tuple(target for target in matched if target.parameter.kind != "command")
        return values if asks and values else matched

    def _take(self, client: Client, target: Address, args: tuple[object, ...], at: float | None) -> None:
        try:
            self._check_in(client, target, args, at)
        except BridgeError as error:
            self.refuse(client, target.text, error)

    def _check_in(self, client: Client, target: Address, args: tuple[object, ...], at: float | None) -> None:
        kind = target.parameter.kind
        if kind == "command":
            values = target.parameter.coerce(args, target.text)
            self._enqueue(_Entry(client, target.text, partial(self._command, client, target, values, at)))
        elif not args:
            self._enqueue(_Entry(client, target.text, partial(self._query, client, target)))
        elif kind == "readonly":
            raise ParameterError(target.text, args, "no arguments: it can be asked for, not set")
        else:
            given, word = target.parameter.split_when(args, target.text)
            values = target.parameter.coerce(given, target.text)
            when = self._when(target, word, at)
            entry = _Entry(client, target.text, partial(self._set, client, target, values, when))
            self._enqueue(entry, f"{target.text} {word} {at}")

    def _when(self, target: Address, word: Atom | None, at: float | None) -> Callable[[], When]:
        """When a value takes effect, to be asked when it is its turn."""
        arrived = self._loop.time()

        def when() -> When:
            if word is not None:
                return self._launch(word)
            if at is not None:
                return When(at=at)
            if target.parameter.takes != "deck":
                return When(asked=arrived)
            quantum = str(self.player.get("/bridge/deck/{deck}/quantum", target.deck)[0])
            return When(_quantum(quantum), asked=arrived)

        return when

    def _enqueue(self, entry: _Entry, replaces: str = "") -> None:
        """``replaces`` names the value and the time that a later entry overrules; empty for no value."""
        if len(self._waiting) >= MAX_WAITING:
            raise ScheduleError(f"{entry.address}: {MAX_WAITING} messages are waiting: send fewer")
        entry.replaces = replaces
        if replaces:
            earlier = self._latest.get(replaces)
            if earlier is not None:
                earlier.superseded = True
            self._latest[replaces] = entry
        else:
            self._latest.clear()
        self._waiting.append(entry)
        if self._timer is None:
            self._timer = self._loop.call_at(self._flushed_at + COALESCE_S, self._flush)

    def _flush(self) -> None:
        try:
            for _ in range(min(SLICE, len(self._waiting))):
                entry = self._waiting.popleft()
                if entry.superseded:
                    continue
                if self._latest.get(entry.replaces) is entry:
                    del self._latest[entry.replaces]
                self._carry_out(entry)
        finally:
            self._flushed_at = self._loop.time()
            self._timer = self._loop.call_later(0, self._flush) if self._waiting else None

    def _carry_out(self, entry: _Entry) -> None:
        try:
            entry.action()
        except Exception as error:
            self.refuse(entry.client, entry.address, error)

    def _query(self, client: Client, target: Address) -> None:
        if target.parameter.kind == "value":
            client.send(target.text, *self.player.get(target.parameter.path, target.deck))
            return
        status = self.player.status()
        if target.deck is not None:
            if target.deck > len(status.decks):
                raise UnknownAddressError(target.text, f"decks are 1..{len(status.decks)}")
            replies = dict(deck_replies(status.decks[target.deck - 1]))
            client.send(target.text, *replies[target.text])
        else:
            reply = _BY_ITSELF[target.parameter.path](status)
            client.send(reply[0], *reply[1])

    def _set(self, client: Client, target: Address, values: Values, when: Callable[[], When]) -> None:
        ack = self.player.set(target.parameter.path, target.deck, values, when())
        self._acknowledge(client, target, ack)
        self.subscriptions.changed(target.text, values, client)

    def _command(self, client: Client, target: Address, values: Values, at: float | None) -> None:
        path = target.parameter.path
        if own := self._own_commands.get(path):
            own(client, values)
        elif target.parameter.takes == "launch":
            when = self._launch(values[0]) if at is None else When(at=at)
            self._acknowledge(client, target, self.player.command(path, target.deck, (), when))
        else:
            answer = partial(self._answer, client, target)
            self._acknowledge(client, target, self.player.command(path, target.deck, values, When(), answer))

    def _launch(self, when: float | int | str) -> When:
        if isinstance(when, str):
            return When(_quantum(when or str(self.player.get("/bridge/quantum", None)[0])))
        return When(NOW, bar=int(when))

    def _acknowledge(self, client: Client, target: Address, ack: Ack) -> None:
        client.send("/bridge/ack", target.text, float(ack.beat), float(ack.seconds), ack.bar)

    def _answer(self, client: Client, target: Address, result: Result) -> None:
        if result.error:
            self.refuse(client, target.text, result.error)
        else:
            client.send("/bridge/clip/done", *result.values)

    def _send_status(self, client: Client, _: Values) -> None:
        for address, args in status_replies(self.player.status()):
            client.send(address, *args)

    def _subscribe(self, client: Client, values: Values) -> None:
        self.subscriptions.add(client, float(values[0]))

    def _unsubscribe(self, client: Client, _: Values) -> None:
        self.subscriptions.remove(client)


def _match(text: str, decks: int) -> tuple[Address, ...]:
    pattern = Pattern.parse(text)
    return tuple(address for address in _table(decks) if pattern.matches(address.text))


def _plannable(parameter: Parameter, address: str, args: tuple[object, ...]) -> bool:
    if parameter.kind == "value":
        return bool(args) and parameter.split_when(args, address)[1] is None
    return parameter.takes == "launch" and not args
