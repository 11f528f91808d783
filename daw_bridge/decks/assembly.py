"""The parts of a player that has its model and its output, put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daw_bridge.decks.agenda import Agenda
from daw_bridge.decks.changes import Changes
from daw_bridge.decks.choice_parameters import CUE_OUTPUTS
from daw_bridge.decks.choices import Choices
from daw_bridge.decks.clip_render import ClipRenderer
from daw_bridge.decks.commands import Commands
from daw_bridge.decks.conditions import DECK
from daw_bridge.decks.controls import Controls
from daw_bridge.decks.cue import Cue, first_outputs
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.exchange import Exchange
from daw_bridge.decks.following import Following
from daw_bridge.decks.geometry import Geometry
from daw_bridge.decks.host_transport import HostTransport
from daw_bridge.decks.launcher import Launcher
from daw_bridge.decks.mixer import Mixer
from daw_bridge.decks.model_desk import ModelDesk
from daw_bridge.decks.model_swap import ModelSwap
from daw_bridge.decks.moments import Moments
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import PlayerOptions, When
from daw_bridge.decks.recovery import Notify, Recovery
from daw_bridge.decks.removal import Removal
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.decks.take_desk import TakeDesk
from daw_bridge.decks.timing import Timing
from daw_bridge.decks.together import Together
from daw_bridge.decks.values import ParameterValues
from daw_bridge.engine.protocol import Loaded
from daw_bridge.errors import EngineError
from daw_bridge.parameters import MAX_DECKS


@dataclass(frozen=True)
class Parts:
    """What exists once the player has started."""

    clock: SongClock
    mixer: Mixer
    decks: tuple[Deck, ...]
    changes: Changes
    controls: Controls
    commands: Commands
    clips: ClipRenderer
    choices: Choices
    recovery: Recovery
    following: Following
    transport: HostTransport
    models: ModelDesk


def assemble(
    options: PlayerOptions,
    values: ParameterValues,
    host: Engines,
    output: OutputHost,
    takes: TakeDesk,
    timing: Timing,
    notify: Notify,
    played: Callable[[Loaded], None],
) -> Parts:
    """Build the parts.

    Raises:
        EngineError: the host has not loaded a model yet.
    """
    model, rate = host.loaded, output.sample_rate
    if model is None:
        raise EngineError("the model is not loaded yet: wait for the ready line")

    def written() -> int:
        return output.written

    def seed(deck: int) -> int:
        return int(values.get(f"{DECK}seed", deck)[0])

    clock, geometry, agenda = SongClock(rate), Geometry(model, rate), Agenda()
    # those beyond the number of decks cost nothing, and are there when it grows
    decks = tuple(Deck(n + 1, clock, host, geometry, timing) for n in range(MAX_DECKS))
    cue = Cue(clock, len(decks))
    mixer = Mixer(decks, rate, output.channels, beside=(cue,))
    moments = Moments(clock, output.position)
    changes = Changes(clock, decks, timing, written, agenda)
    launcher = Launcher(clock, decks, changes, timing, moments, written, takes.starting)
    clips = ClipRenderer(host)
    transport = HostTransport(
        decks,
        lambda deck, when: commands.start(deck, when),
        lambda deck: launcher.stop(decks[deck - 1], When()),
        notify,
    )
    exchange = Exchange(values, notify)
    following = Following(clock, changes, values, output, transport, exchange, options.midi_api, notify)
    choices = Choices(decks, clock, host, timing, cue, values, written, notify)
    removal = Removal(values, clock, mixer, agenda, transport, written)
    controls = Controls(
        values, clock, decks, mixer, changes, moments, timing, written, agenda, following, removal
    )
    together = Together(values, decks, changes, controls)
    swap = ModelSwap(
        host, clock, decks, changes, together, moments, timing, takes, written, seed, played, notify
    )
    models = ModelDesk(options, host, swap, together, clock, changes, moments, written)
    commands = Commands(
        options, values, host, decks, launcher, controls, clips, choices, takes, following, transport,
        models, lambda: clock.moment(output.position()), lambda: clock.moment(written()),
    )  # fmt: skip
    controls.set(CUE_OUTPUTS, None, first_outputs(output.channels), When())
    recovery = Recovery(
        clock, decks, clips, choices, timing, lambda: host.state == "ready", written, seed, notify
    )
    return Parts(
        clock,
        mixer,
        decks,
        changes,
        controls,
        commands,
        clips,
        choices,
        recovery,
        following,
        transport,
        models,
    )
