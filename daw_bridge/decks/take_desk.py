"""What the player has to do with takes: recording them, their commands, and bars taken after the fact."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from daw_bridge.clock.internal import Moment
from daw_bridge.decks.clip_render import ClipRenderer, clip_name
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.mixer import soft_limit
from daw_bridge.decks.protocol import Ack, NoticeKind, OnResult, PlayerOptions, Result
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.values import DECKS
from daw_bridge.engine.protocol import Load, Loaded
from daw_bridge.errors import ClipError
from daw_bridge.parameter import Atom, Values
from daw_bridge.parameters import PARAMETERS
from daw_bridge.takes.clip import publish_clip
from daw_bridge.takes.keeper import TakeKeeper
from daw_bridge.takes.library import TAKES, Limits
from daw_bridge.takes.memory import GrabbedBars

TAKE = "/bridge/take/"
GRAB = f"{DECK}grab"

Get = Callable[[str, int | None], Values]


@dataclass(frozen=True)
class _Stage:
    """What there is once the player has started."""

    clock: SongClock
    decks: Sequence[Deck]
    clips: ClipRenderer


class TakeDesk:
    """Keeps the takes of a player and hands out bars. For the event loop's thread.

    Args:
        get: gives a parameter's values by path and deck.
        notify: takes what whoever plays should know.

    Attributes:
        keeper: is told everything that happens.
        model: name of the one that plays.
    """

    def __init__(self, options: PlayerOptions, get: Get, notify: Callable[[NoticeKind, str], None]) -> None:
        self._options = options
        self.model = options.model
        self._get = get
        self._stage: _Stage | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self.keeper = TakeKeeper(
            options.data / TAKES,
            options.takes,
            Limits(options.takes_days, options.takes_gb),
            lambda text: notify("error", text),
        )

    def prepare(
        self, rate: int, channels: int, load: Load, loaded: Loaded, clock: SongClock, decks: Sequence[Deck],
        clips: ClipRenderer,
    ) -> None:  # fmt: skip
        """The player has started."""
        self._stage = _Stage(clock, decks, clips)
        self.keeper.prepare(rate, channels, load, loaded)

    def change_model(self, load: Load, loaded: Loaded) -> None:
        """Another model plays from now on."""
        self.model = loaded.model
        if self._stage is not None:
            self.keeper.change_model(load, loaded, self._values(), self._stage.clock.map)

    def starting(self) -> None:
        """A deck is about to start: a take begins with the first that does."""
        if not self.keeper.recording and self._stage is not None:
            self.keeper.begin(self._values(), self._stage.clock.map)

    def accepted(self, path: str, deck: int | None, values: Values, ack: Ack) -> None:
        """A value was set or a command carried out."""
        if self.keeper.recording and self._stage is not None:
            address = path.replace("{deck}", str(deck))
            _, beat = self._stage.clock.map.bar_beat(ack.beat)
            self.keeper.command(address, values, ack.sample, ack.bar, beat)

    def watch(self, written: int, idle: bool) -> None:
        """Look after the take; cheap, to be called often.

        Args:
            written: the first output sample that has not been asked for.
            idle: whether no deck sounds or will.
        """
        if not self.keeper.recording or self._stage is None:
            return
        places = [place for deck in self._stage.decks for place in deck.places()]
        states = {deck.number: deck.state(written) for deck in self._stage.decks}
        self.keeper.watch(self._stage.clock.map, places, states, written)
        if idle:
            self.keeper.end()

    def command(self, name: str, args: Values, heard: Moment) -> None:
        """Carry out ``/bridge/take/`` ``new``, ``mark`` or ``name``.

        Raises:
            TakeError: no take is being recorded.
        """
        assert self._stage is not None
        if name == "new":
            self.keeper.renew(self._values(), self._stage.clock.map)
        elif name == "mark":
            self.keeper.mark(str(args[0]), heard.sample, heard.bar, heard.beat)
        else:
            self.keeper.name(str(args[0]))

    def grab(self, deck: int, bars: int, heard: float, on_result: OnResult) -> None:
        """Write the last whole bars of a deck as a loop clip; ``on_result`` gets path and seconds.

        Raises:
            ClipError: that many bars have not sounded yet, or are more than is remembered.
        """
        assert self._stage is not None
        key = str(self._get(f"{DECK}key", deck)[0]) if self._get(f"{DECK}chroma/enable", deck)[0] else ""
        grabbed = self._stage.decks[deck - 1].memory.grab(bars, heard, key)
        task = asyncio.get_running_loop().create_task(self._write(deck, grabbed, on_result))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        """End the take when nothing is written to the output any more."""
        await asyncio.to_thread(self.keeper.close)

    async def _write(self, deck: int, grabbed: GrabbedBars, on_result: OnResult) -> None:
        try:
            path, seconds = await asyncio.to_thread(self._publish, deck, grabbed)
        except ClipError as error:
            on_result(Result(error=str(error)))
        else:
            on_result(Result((path, seconds)))

    def _publish(self, deck: int, grabbed: GrabbedBars) -> tuple[str, float]:
        assert self._stage is not None
        last = grabbed.first_bar + grabbed.bars - 1
        bars = f"bar {last}" if grabbed.bars == 1 else f"bars {grabbed.first_bar}-{last}"
        path = self._stage.clips.path(
            self._options.data, clip_name(f"deck {deck} {bars}", round(grabbed.music.tempo, 2))
        )
        rate = self._stage.clock.map.sample_rate
        sound = soft_limit(grabbed.sound)
        facts = {
            "deck": deck,
            "first_bar": grabbed.first_bar,
            "bars": grabbed.bars,
            "prompts": list(self._get(f"{DECK}prompts", deck)),
            "model": self.model,
        }
        publish_clip(path, (sound,), len(sound), sound.shape[1], rate, grabbed.music, facts)
        return str(path), len(sound) / rate

    def _values(self) -> dict[str, tuple[Atom, ...]]:
        """All values by address."""
        found = {}
        for parameter in PARAMETERS:
            if parameter.kind == "value":
                decks = range(1, int(self._get(DECKS, None)[0]) + 1) if parameter.per_deck else (None,)
                found.update({parameter.address(d): self._get(parameter.path, d) for d in decks})
        return found
