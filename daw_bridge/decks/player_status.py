"""The state of a player, put together from its parts."""

from __future__ import annotations

from collections.abc import Sequence

from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engine_host import EngineHost
from daw_bridge.decks.meter import Meter
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import DeckStatus, Status
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.metrics import Metrics
from daw_bridge.takes.status import TakeStatus

NO_CLOCK_RATE = 48000


def player_status(
    host: EngineHost,
    output: OutputHost,
    clock: SongClock | None,
    decks: Sequence[Deck],
    model: str,
    take: TakeStatus,
    meter: Meter | None,
) -> Status:
    """The present state.

    Args:
        clock: None before the player has started; ``decks`` is empty then.
        model: its name as long as it is not loaded.
        meter: None before the player has started.
    """
    position = output.position()
    if clock is None:
        clock = SongClock(output.sample_rate or NO_CLOCK_RATE)
    moment = clock.moment(max(0.0, position))
    return Status(
        engine=host.state,
        model=host.loaded.model if host.loaded else model,
        device=output.name,
        sample_rate=output.sample_rate,
        latency_s=output.latency_s,
        realtime_factor=host.realtime_factor,
        bar=moment.bar,
        beat=moment.beat,
        beats=moment.beats,
        tempo=clock.tempo_at(position),
        beats_per_bar=clock.beats_per_bar_at(position),
        sample=moment.sample,
        xruns=output.xruns,
        underruns=output.underruns + sum(deck.underruns for deck in decks),
        decks=tuple(
            DeckStatus(
                deck=deck.number,
                state=deck.state(output.written),
                lead_s=deck.lead_s(position),
                realtime_factor=host.realtime_factor,
                prompt=deck.prompt(round(position)),
            )
            for deck in decks
        ),
        take=take,
        metrics=_metrics(host, output, decks, meter, position),
    )


def _metrics(
    host: EngineHost, output: OutputHost, decks: Sequence[Deck], meter: Meter | None, position: float
) -> Metrics:
    leads = (deck.lead_s(position) for deck in decks if deck.active)
    return Metrics(
        realtime_factor=host.realtime_factor,
        lookahead_ms=1000.0 * min(leads, default=0.0),
        control_ms=1000.0 * meter.last_s if meter else 0.0,
        control_p95_ms=1000.0 * meter.p95_s if meter else 0.0,
        underruns=output.underruns + sum(deck.underruns for deck in decks),
        xruns=output.xruns,
        held_s=meter.held_s if meter else 0.0,
        restarts=host.restarts,
        front_mb=host.memory.front_mb,
        worker_mb=host.memory.worker_mb,
        gpu_mb=host.memory.gpu_mb,
    )
