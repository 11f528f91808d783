"""The state of a player, put together from its parts."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from daw_bridge.clock.status import ClockStatus
from daw_bridge.decks.agenda import Agenda
from daw_bridge.decks.choices import Choices
from daw_bridge.decks.deck import Deck
from daw_bridge.decks.engines import Engines
from daw_bridge.decks.heard import NOTHING
from daw_bridge.decks.meter import Meter
from daw_bridge.decks.output_host import OutputHost
from daw_bridge.decks.protocol import NO_CHOICES, DeckStatus, Planned, Status
from daw_bridge.decks.song_clock import SongClock
from daw_bridge.metrics import Metrics
from daw_bridge.takes.status import TakeStatus

NO_CLOCK_RATE = 48000


def player_status(
    host: Engines,
    output: OutputHost,
    clock: SongClock | None,
    decks: Sequence[Deck],
    model: str,
    take: TakeStatus,
    meter: Meter | None,
    agenda: Agenda | None,
    choices: Choices | None,
) -> Status:
    """The present state.

    Args:
        clock: None before the player has started; ``decks`` is empty then.
        model: its name as long as it is not loaded.
        meter, agenda, choices: None before the player has started.
    """
    position = output.position()
    if clock is None:
        clock = SongClock(output.sample_rate or NO_CLOCK_RATE)
    moment = clock.moment(max(0.0, position))
    return Status(
        engine=host.state,
        model=host.loaded.model if host.loaded else model,
        compute=host.loaded.device if host.loaded else "",
        precision=host.loaded.precision if host.loaded else "",
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
            _deck_status(deck, clock, position, output.written, host.realtime_factor, agenda, choices)
            for deck in decks
        ),
        take=take,
        metrics=_metrics(host, output, decks, meter, position),
        origin=clock.origin,
    )


def with_clock(status: Status, clock: ClockStatus, waiting: Set[int]) -> Status:
    """The state with the clock that is followed, and with the decks that wait for its song: armed."""
    decks = tuple(
        replace(deck, state="armed") if deck.deck in waiting and deck.state == "stopped" else deck
        for deck in status.decks
    )
    return replace(status, decks=decks, clock=clock)


def _deck_status(
    deck: Deck,
    clock: SongClock,
    position: float,
    written: int,
    factor: float,
    agenda: Agenda | None,
    choices: Choices | None,
) -> DeckStatus:
    began, here = deck.began(position), clock.moment(position)
    return DeckStatus(
        deck=deck.number,
        state=deck.state(written),
        lead_s=deck.lead_s(position),
        realtime_factor=factor,
        prompt=deck.score.prompt(round(position)),
        bar=0 if began is None else here.bar - clock.moment(began).bar + 1,
        beat=0.0 if began is None else here.beat,
        following=_following(deck, clock, position, agenda),
        underruns=deck.underruns,
        held_s=deck.held_s,
        heard=NOTHING if began is None else deck.heard.at(round(position)),
        choices=choices.status(deck.number) if choices else NO_CHOICES,
    )


def _following(deck: Deck, clock: SongClock, position: float, agenda: Agenda | None) -> Planned | None:
    """What is next: in the deck, or in the agenda as long as that has an output sample."""
    found = [found] if (found := deck.following(position)) else []
    entry = agenda.following(deck.number) if agenda else None
    if entry is not None and (entry.beat is None or deck.active):
        found.append((entry.path.rpartition("}/")[2], entry.sample))
    if not found:
        return None
    name, sample = min(found, key=lambda pair: pair[1])
    moment = clock.moment(sample + 0.5)
    return Planned(name, moment.bar, moment.beat, max(0.0, (sample - position) / clock.map.sample_rate))


def _metrics(
    host: Engines, output: OutputHost, decks: Sequence[Deck], meter: Meter | None, position: float
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
        output_underruns=output.underruns,
        silence_s=output.silence_s,
        used_up_ms=1000.0 * output.lateness.recent_s,
    )
