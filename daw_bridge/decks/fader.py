"""Which values fade, and how: what the parameters that end in ``glide`` say of gains and crossfade."""

from __future__ import annotations

from collections.abc import Callable

from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.fades import beats_line, seconds_line
from daw_bridge.decks.mixer import Faded, Mixer
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.values import ParameterValues
from daw_bridge.parameter import Values

GAIN, CROSSFADE, DECK_GAIN = "/bridge/gain", "/bridge/crossfade", f"{DECK}gain"
GLIDES = tuple(f"{path}/glide" for path in (GAIN, CROSSFADE, DECK_GAIN))


class Fader:
    """Makes fades of values. For the event loop's thread."""

    def __init__(self, values: ParameterValues, clock: SongClock, mixer: Mixer) -> None:
        self._values = values
        self._mixer = mixer
        self._lines = {
            "beats": beats_line(lambda: clock.map),
            "seconds": seconds_line(clock.map.sample_rate),
        }

    def fade(self, path: str, deck: int | None, values: Values) -> Callable[[], None] | None:
        """What lets a value be reached in the time that its glide says, for `Mixer.plan`; None for one that
        does not fade, or is to be there at once."""
        what: Faded
        if path == DECK_GAIN and deck is not None:
            what = deck - 1
        elif path in (GAIN, CROSSFADE):
            what = "master" if path == GAIN else "crossfade"
        else:
            return None
        time, unit = self._values.get(f"{path}/glide", deck)
        if not time:
            return None
        return lambda: self._mixer.fade(what, float(values[0]), float(time), self._lines[str(unit)])
