"""Messages between the front process and the model worker: small frozen dataclasses over one ordered pipe.

Frames count the model's tokens from a deck's opening (frame 0); samples are at the model's rate, sample 0
being the first of frame 0. A deck number is used once in the life of an engine: a deck that starts anew
gets a new number, so that late events of an old one cannot be mistaken.

``epoch`` counts the changes sent to a deck (`SetConditions`, `RollBack`). Whoever sends one lowers his own
reading limit to ``(frame - lookahead_frames) * hop_length`` first, and from then on ignores `Produced` of
older epochs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from daw_bridge.engine.ring import RingInfo

if TYPE_CHECKING:
    from genmodels.conditioning.attributes import Conditions

DEFAULT_LOADER = "daw_bridge.engine.models:load_genmodels"


@dataclass(frozen=True)
class Load:
    """Load and warm up a model; answered by `Loaded`, or by `Failed` with ``deck=None``.

    Attributes:
        model: bundled name, hub name, folder or file.
        device: ``'auto'``, ``'cpu'``, ``'cuda'``, ``'cuda:1'`` ...
        threads: threads of the model's arithmetic; 0 chooses one, which misses deadlines least on a CPU.
        loader: ``'module:function'`` called as ``function(model, device, precision)``, returning an
            `EngineModel`. Never taken from a message of a control surface.
        precision: number format of the model's arithmetic: ``'auto'``, ``'fp32'``, ``'half'``, ``'int8'`` or
            ``'native'``, see `genmodels.lm.decoder.make_decoder`.
        gently: give way to what plays while loading; of no meaning to what is loaded.
    """

    model: str
    device: str = "auto"
    threads: int = 0
    loader: str = DEFAULT_LOADER
    precision: str = "auto"
    gently: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class OpenDeck:
    """Start a continuation at frame 0; nothing is generated before the first `Advance`.

    Attributes:
        seed: the voice's randomness.
        ring: shared memory that takes its PCM.
        background: generated only when no other deck lacks anything.
        prompt: tokens [K, T] to continue from, which become frames 0..T-1, or None.
    """

    deck: int
    seed: int
    conditions: Conditions
    ring: RingInfo
    background: bool = False
    prompt: NDArray[np.int16] | None = None


@dataclass(frozen=True)
class SetConditions:
    """Use ``conditions`` from frame ``from_frame`` on; rolls back when that was generated already.

    A frame that the voice cannot go back to any more counts as the oldest to which it can.
    """

    deck: int
    epoch: int
    from_frame: int
    conditions: Conditions


@dataclass(frozen=True)
class Advance:
    """Generate until the tokens of all frames < ``to_frame`` are complete. Never lowers an earlier target."""

    deck: int
    to_frame: int


@dataclass(frozen=True)
class Promote:
    """A background deck is one like the others from now on."""

    deck: int


@dataclass(frozen=True)
class RollBack:
    """Drop everything from frame ``frame`` on and generate it anew."""

    deck: int
    epoch: int
    frame: int


@dataclass(frozen=True)
class CloseDeck:
    """Forget a deck and let go of its ring."""

    deck: int


@dataclass(frozen=True)
class Ping:
    """Answered by `Pong` between two chunks, whatever the worker does: how a worker that hangs is found."""


@dataclass(frozen=True)
class Shutdown:
    """End the worker."""


@dataclass(frozen=True)
class Loaded:
    """The model is ready.

    Attributes:
        sample_rate: Hz. hop_length: samples a frame. frame_rate: frames a second.
        lookahead_frames: PCM of frame f needs the tokens of frames <= f + lookahead_frames.
        max_delay: steps between the first and the last codebook of a frame.
        realtime_factor: seconds generated per second, with guidance, measured at warm-up.
        device: where it runs.
        takes: which of ``'text'``, ``'chroma'`` (by frame, or as a recording that is made of it) and
            ``'transport'`` it can be conditioned on.
        channels: of its sound.
        kind: ``'musicgen'`` for music, ``'audiogen'`` for sound effects.
        weights: fingerprint of the weights. hardware: name of what computes, and how.
        codec: fingerprint of the codec's weights; models that share it go on from each other's tokens.
        precision: number format in which it runs: ``'fp32'``, ``'half'``, ``'int8'`` or ``'native'``.
    """

    model: str
    sample_rate: int
    hop_length: int
    frame_rate: float
    lookahead_frames: int
    max_delay: int
    realtime_factor: float
    device: str
    takes: frozenset[str] = frozenset({"text", "chroma", "transport"})
    channels: int = 1
    kind: str = "musicgen"
    weights: str = ""
    hardware: str = ""
    codec: str = ""
    precision: str = ""


@dataclass(frozen=True)
class Pong:
    """Answer to `Ping`."""


@dataclass(frozen=True)
class DeckOpened:
    """The deck exists."""

    deck: int


@dataclass(frozen=True)
class RolledBack:
    """A change of epoch ``epoch`` is in effect; ``pcm_sample`` is the first sample that will be
    (re)written.
    """

    deck: int
    epoch: int
    pcm_sample: int


@dataclass(frozen=True)
class Produced:
    """All samples < ``samples_end`` of this epoch are in the ring.

    Attributes:
        first_frame: frame of the first column of ``tokens``; what was known from there on is replaced.
        tokens: [K, n] codes of the frames completed since the last message.
    """

    deck: int
    epoch: int
    samples_end: int
    first_frame: int
    tokens: NDArray[np.int16]


@dataclass(frozen=True)
class Stats:
    """Running speed of a deck, seconds generated per second of computing, and the bytes that the worker has
    taken of its GPU."""

    deck: int
    realtime_factor: float
    gpu_bytes: int = 0


@dataclass(frozen=True)
class Refused:
    """Deck ``deck`` was told conditions that its model does not take: it goes on under the earlier ones."""

    deck: int
    what: str


@dataclass(frozen=True)
class Failed:
    """Deck ``deck`` is closed after an error; with ``deck=None`` the model or the worker failed.

    Attributes:
        out_of_memory: the cause was memory; the deck can be opened again, since it takes less anew.
    """

    deck: int | None
    what: str
    out_of_memory: bool = False


@dataclass(frozen=True)
class Ending:
    """The worker ends itself: after such an error nothing can be computed in its process any more. Its last
    word; `daw_bridge.engine.local.LocalEngine` makes a `Failed` of it."""

    what: str


Command: TypeAlias = (
    Load | OpenDeck | SetConditions | Advance | Promote | RollBack | CloseDeck | Ping | Shutdown
)
Event: TypeAlias = Loaded | Pong | DeckOpened | RolledBack | Produced | Stats | Refused | Failed | Ending
