"""Commands: what is carried out once, as opposed to values that are set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daw_bridge.clock.internal import Moment
from daw_bridge.clock.parameters import TAP
from daw_bridge.clock.quantum import Quantum
from daw_bridge.decks.choices import COMMANDS, Choices
from daw_bridge.decks.clip_render import ClipRenderer, clip_name, clip_request
from daw_bridge.decks.conditions import CONDITIONING, DECK
from daw_bridge.decks.controls import Controls
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.following import Following
from daw_bridge.decks.host_transport import HostTransport
from daw_bridge.decks.launcher import Launcher
from daw_bridge.decks.model_desk import MODEL, PRESET, ModelDesk
from daw_bridge.decks.protocol import OnResult, PlayerOptions, When
from daw_bridge.decks.take_desk import GRAB, TAKE, TakeDesk
from daw_bridge.decks.values import ParameterValues
from daw_bridge.errors import EngineError, ParameterError
from daw_bridge.parameter import Values
from daw_bridge.parameters import PARAMETERS

START, STOP, PLAY, CANCEL = f"{DECK}start", f"{DECK}stop", f"{DECK}play", f"{DECK}cancel"
CANCEL_ALL = "/bridge/cancel"
RENDER = "/bridge/clip/render"


@dataclass(frozen=True)
class Commands:
    """Carries commands out. For the event loop's thread.

    Attributes:
        heard: the moment that is being heard. written: that of the first sample that has not been asked for.
    """

    options: PlayerOptions
    values: ParameterValues
    host: Engines
    decks: Sequence[Deck]
    launcher: Launcher
    controls: Controls
    clips: ClipRenderer
    choices: Choices
    takes: TakeDesk
    following: Following
    transport: HostTransport
    models: ModelDesk
    heard: Callable[[], Moment]
    written: Callable[[], Moment]

    def resolve(self, path: str, deck: int | None, args: Values, when: When) -> tuple[str, Values, When]:
        """A command as it is carried out and kept: ``play`` is a start or a stop at the launch quantum,
        unless the deck plays on anyway."""
        if path != PLAY or deck is None or (args[0] and self.decks[deck - 1].plays_on):
            return path, args, when
        quantum = Quantum.parse(str(self.values.get("/bridge/quantum", None)[0]))
        return START if args[0] else STOP, (), When(quantum)

    def carry_out(
        self, path: str, deck: int | None, args: Values, when: When, on_result: OnResult
    ) -> tuple[Moment, bool]:
        """Carry out a command; returns its moment, and whether there is nothing to wait for.

        Raises:
            BridgeError, GenModelsError: it is refused.
        """
        if path == START and deck is not None:
            self._require_engine()
            if self.transport.hold(deck, when):
                return self.heard(), True
            return self.start(deck, when), False
        if path == STOP and deck is not None:
            self.transport.release(deck)
            each = self.decks[deck - 1]
            at_once = not each.active
            return self.launcher.stop(each, when), at_once
        if path in COMMANDS and deck is not None:
            self._require_engine()
            return self.choices.carry_out(path, deck, args, when, self.launcher, self.written())
        if path in (CANCEL, CANCEL_ALL):
            name = cancellable(path, str(args[0]))
            self.controls.cancel(deck, name)
            if name in ("", "start"):
                self.transport.release(deck)
            if deck is None and name in ("", MODEL, PRESET):
                self.models.swap.give_up("it was cancelled")
            return self.written(), True
        if path == RENDER:
            self._render(args, on_result)
            return self.written(), True
        heard = self.heard()
        if path == TAP:
            self.following.tap()
            return heard, True
        if path == MODEL:
            self.models.change(str(args[0]), (), when, on_result, lambda *_: None)
            return heard, True
        if path == GRAB and deck is not None:
            self.takes.grab(deck, int(args[0]), heard.sample, on_result)
        elif path.startswith(TAKE):
            self.takes.command(path.removeprefix(TAKE), args, heard)
        elif path != PLAY:
            raise EngineError(f"{path}: the player does not know this command")
        return heard, True

    def start(self, deck: int, when: When) -> Moment:
        """Start a deck with its seed and length.

        Raises:
            ScheduleError: the bar cannot be reached any more.
        """
        length = float(self.values.get(f"{DECK}length", deck)[0])
        seed = int(self.values.get(f"{DECK}seed", deck)[0])
        return self.launcher.start(self.decks[deck - 1], when, seed, length)

    def _render(self, args: Values, on_result: OnResult) -> None:
        self._require_engine()
        prompt, bars, tempo, name = args
        out = self.clips.path(self.options.data, str(name) or clip_name(str(prompt), float(tempo)))
        request = clip_request(self.values.get, self.options, str(prompt), int(bars), float(tempo), out)
        self.clips.submit(request, on_result)

    def _require_engine(self) -> None:
        if self.host.state == "failed":
            raise EngineError("the model worker has failed for good: restart daw-bridge")
        if self.host.state != "ready":
            raise EngineError("the model worker is being restarted: try again in a few seconds")


def cancellable(path: str, name: str) -> str:
    """The name of what is to be cancelled, checked: without a deck's prefix, or a whole address.

    Raises:
        ParameterError: nothing has this name.
    """
    of_decks = {p.path.removeprefix(DECK) for p in PARAMETERS if p.per_deck and p.kind == "value"}
    others = {p.path.removeprefix("/bridge/"): p.path for p in PARAMETERS if not p.per_deck}
    if name in ("", "start", "stop", "commit", *CONDITIONING, *of_decks):
        return name
    if path == CANCEL_ALL and name in others:
        return others[name]
    raise ParameterError(path, name, "a parameter such as 'prompt', 'start', 'stop', or nothing for all")
