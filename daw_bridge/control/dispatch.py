"""Dispatcher: from messages of any transport to the player, and back with answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache, partial

from daw_bridge import __version__
from daw_bridge.clock.quantum import NOW, Quantum
from daw_bridge.control.backlog import Backlog, Entry
from daw_bridge.control.client import Client
from daw_bridge.control.limiter import ReplyLimiter
from daw_bridge.control.listeners import LISTEN, UNLISTEN, Listeners
from daw_bridge.control.pattern import Pattern, is_pattern
from daw_bridge.control.reading import ASKED, check_deck, read
from daw_bridge.control.replies import CLIP_DONE, DONE, status_replies
from daw_bridge.control.subscriptions import Subscriptions
from daw_bridge.decks.protocol import Ack, Notice, Player, Result, When
from daw_bridge.errors import BridgeError, ParameterError, UnknownAddressError, shorten_text
from daw_bridge.parameters import MAX_DECKS, Address, AddressTable, Atom, Parameter, Values
from genmodels.errors import GenModelsError

log = logging.getLogger(__name__)

MAX_REASON = 600

_quantum = lru_cache(maxsize=256)(Quantum.parse)
_table = lru_cache(maxsize=MAX_DECKS)(AddressTable)


class Dispatcher:
    """Checks messages against the table, carries them out in order, and answers.

    Each message is checked when it comes. Accepted ones are carried out in order by a `Backlog`, which keeps
    only the last of several values for one address, so that a flood costs the instrument at most 200 changes
    a second for each address.

    To be called from the event loop's thread only. No method raises on bad input: it is answered.

    Args:
        player: the instrument.
        limiter: rations error replies.
    """

    def __init__(self, player: Player, limiter: ReplyLimiter | None = None) -> None:
        self.player = player
        self.subscriptions = Subscriptions(player.status)
        self.listeners = Listeners(player)
        self.limiter = limiter or ReplyLimiter()
        self._loop = asyncio.get_running_loop()
        self._backlog = Backlog(self.refuse)
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
            if found is None and address.endswith((LISTEN, UNLISTEN)):
                self._take_listening(client, address)
                return
            targets = (found,) if found else self._targets(address, self.player.deck_count, not args)
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
            targets = (found,) if found else self._targets(address, self.player.deck_count, not args)
            return all(_plannable(target.parameter, target.text, args) for target in targets)
        except (BridgeError, ValueError):
            return False

    def refuse(self, client: Client, address: str, error: Exception | str) -> None:
        """Answer ``/bridge/error address reason``, unless this client has had too many."""
        if not self.limiter.allows(client):
            return
        # the address is an argument of its own
        reason = str(error).removeprefix(f"{shorten_text(address)}: ")
        if isinstance(error, UnknownAddressError):
            reason += self.table.near_miss(address)
        if isinstance(error, Exception) and not isinstance(error, BridgeError | GenModelsError | ValueError):
            log.error("%s failed", shorten_text(address), exc_info=error)
            reason = f"failed inside: {type(error).__name__}: {reason}"
        client.send("/bridge/error", shorten_text(address, 200), shorten_text(reason, MAX_REASON))

    def notice(self, notice: Notice) -> None:
        """Pass on something that happened by itself."""
        self.subscriptions.notice(notice)

    def forget(self, client: Client) -> None:
        """The client has vanished: send it nothing more by itself."""
        self.subscriptions.remove(client)
        self.listeners.forget(client)

    def standing(self) -> set[Client]:
        """Who is sent messages by itself: subscribers and listeners."""
        return {*self.subscriptions, *self.listeners}

    def close(self) -> None:
        """End subscriptions and listening, and drop what waits."""
        self.subscriptions.close()
        self.listeners.close()
        self._backlog.close()

    def _targets(self, address: str, decks: int, asks: bool) -> tuple[Address, ...]:
        if not is_pattern(address):
            return (_table(decks).lookup(address),)
        matched = self._matching(address, decks)
        if not matched:
            raise UnknownAddressError(
                address, f"the pattern matches nothing{_table(decks).missing_deck(address)}"
            )
        values = tuple(target for target in matched if target.parameter.kind != "command")
        return values if asks and values else matched

    def _take_listening(self, client: Client, address: str) -> None:
        """Take a message that begins or ends listening; its arguments do not count, as many tablets cannot
        send without."""
        what, _, ending = address.rpartition("/")
        begins = f"/{ending}" == LISTEN
        # who listens to a deck that has gone may end that
        decks = self.player.deck_count if begins else MAX_DECKS
        targets = [each for each in self._targets(what, decks, True) if each.parameter.kind != "command"]
        if not targets:
            raise ParameterError(address, (), "the address of a value: a command has none to listen to")
        change = self.listeners.add if begins else self.listeners.remove
        for target in targets:
            self._backlog.add(Entry(client, f"{target.text}/{ending}", partial(change, client, target)))

    def _take(self, client: Client, target: Address, args: tuple[object, ...], at: float | None) -> None:
        try:
            self._check_in(client, target, args, at)
        except BridgeError as error:
            self.refuse(client, target.text, error)

    def _check_in(self, client: Client, target: Address, args: tuple[object, ...], at: float | None) -> None:
        kind = target.parameter.kind
        if not args and target.parameter.path in ASKED:
            self._backlog.add(Entry(client, target.text, partial(self._query, client, target)))
        elif kind == "command":
            # nil and impulse are how some programs press a button
            values = target.parameter.coerce([arg for arg in args if arg is not None], target.text)
            self._backlog.add(Entry(client, target.text, partial(self._command, client, target, values, at)))
        elif not args:
            self._backlog.add(Entry(client, target.text, partial(self._query, client, target)))
        elif kind == "readonly":
            raise ParameterError(target.text, args, "no arguments: it can be asked for, not set")
        else:
            given, word = target.parameter.split_when(args, target.text)
            values = target.parameter.coerce(given, target.text)
            when = self._when(target, word, at)
            action = partial(self._set, client, target, values, when)
            apart = target.parameter.apart
            replaces = f"{target.text} {word} {at} {apart(values) if apart else ''}"
            self._backlog.add(Entry(client, target.text, action, replaces))

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

    def _query(self, client: Client, target: Address) -> None:
        client.send(target.text, *read(self.player, target))

    def _set(self, client: Client, target: Address, values: Values, when: Callable[[], When]) -> None:
        check_deck(self.player, target)
        refused = partial(self._answer, client, target)
        ack = self.player.set(target.parameter.path, target.deck, values, when(), refused)
        self._acknowledge(client, target, ack)
        self.subscriptions.changed(target.text, values, client)
        self.listeners.changed(target.text, values, client)

    def _command(self, client: Client, target: Address, values: Values, at: float | None) -> None:
        check_deck(self.player, target)
        path = target.parameter.path
        if own := self._own_commands.get(path):
            own(client, values)
        elif target.parameter.takes == "launch":
            when = self._launch(values[-1]) if at is None else When(at=at)
            given = values[:-1]
            answer = partial(self._answer, client, target) if path in DONE else None
            self._acknowledge(client, target, self.player.command(path, target.deck, given, when, answer))
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
            client.send(DONE.get(target.parameter.path, CLIP_DONE), *result.values)

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
    return parameter.takes == "launch" and len(args) < len(parameter.args)
