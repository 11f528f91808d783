"""What the instrument says by itself: the messages of its state."""

from __future__ import annotations

from collections.abc import Iterator

from daw_bridge.decks.protocol import DeckStatus, Planned, Status

Reply = tuple[str, tuple[float | int | str, ...]]

CLIP_DONE = "/bridge/clip/done"
DONE = {"/bridge/model": "/bridge/model/done", "/bridge/preset": "/bridge/preset/done"}
"""Where the outcome of commands is told that take their time; that of all others at `CLIP_DONE`."""

STATUS_MESSAGES = (
    (
        "/bridge/status",
        "engine s, model s, device s, sample rate i (Hz), latency f (ms), factor f, underruns i, decks i, "
        "xruns i (gaps that the device reported)",
    ),
    ("/bridge/position", "bar i, beat f, tempo f (BPM), seconds f"),
    ("/bridge/take/state", "state s, name s, seconds f"),
    (
        "/bridge/metrics",
        "factor f, lookahead f (ms), control to sound f (ms, the last), f (ms, 95th percentile), "
        "underruns i, held f (seconds), worker restarts i, memory of front f, worker f "
        "(with the spare process that waits to take its place) and GPU f (MB)",
    ),
    ("/bridge/clock/state", "source s, state s, tempo f (BPM), error f (ms)"),
    ("/bridge/output", "underruns i, silence f (seconds), used up f (ms), latency f (ms), gaps i"),
    ("/bridge/engine", "state s, model s, compute s, precision s"),
    ("/bridge/model/state", "state s, name s (of the model that is to take over)"),
    ("/bridge/melody/state", "state s, bars i, beats i (that are left)"),
    ("/bridge/deck/N/state", "state s, lead f (seconds), factor f; one for each deck, as those that follow"),
    ("/bridge/deck/N/position", "bar i, beat f"),
    ("/bridge/deck/N/next", "what s, bar i, beat f, seconds f"),
    ("/bridge/deck/N/held", "underruns i, seconds f"),
    ("/bridge/deck/N/heard", "strength f of the twelve pitch classes from C that the deck hears"),
    (
        "/bridge/deck/N/choices/state",
        "state s, choices i, ready i, bars i, cued i, committed i, bar i (at which that begins)",
    ),
)
OTHER_MESSAGES = (
    (
        "/bridge/ack",
        "address s, beat f, seconds f, bar i",
        "A change was accepted: the beat (from 0, since the clock's start) and bar (from 1) at which it will "
        "be heard, and how many seconds from now.",
    ),
    ("/bridge/error", "address s, reason s", "A message was refused; nothing changed."),
    (CLIP_DONE, "path s, seconds f", "A clip was rendered, or bars grabbed: they lie here."),
    (
        DONE["/bridge/model"],
        "name s, bar i, beat f",
        "Another model has taken over: at this bar (from 1), and the beat in it from 1.0.",
    ),
    (DONE["/bridge/preset"], "name s, bar i, beat f", "The values of a preset hold: from there on."),
    (
        "/bridge/notice",
        "kind s, text s, deck i",
        "To subscribers: something happened (info, warning, error, deck); to which deck, or 0.",
    ),
    ("/bridge/pong", "version s", "Answer to /bridge/ping."),
    (
        "/bridge/page",
        "address s, index i, total i, first i, ...",
        "Over UDP: a part of a message that is too long for one datagram.",
    ),
)


def status_replies(status: Status) -> Iterator[Reply]:
    """All messages of a state, in order."""
    yield (
        "/bridge/status",
        (
            status.engine,
            status.model,
            status.device,
            status.sample_rate,
            status.latency_s * 1000.0,
            status.realtime_factor,
            status.underruns,
            len(status.decks),
            status.xruns,
        ),
    )
    yield position_reply(status)
    yield take_reply(status)
    yield metrics_reply(status)
    yield output_reply(status)
    yield engine_reply(status)
    yield clock_reply(status)
    yield model_reply(status)
    yield melody_reply(status)
    for deck in status.decks:
        yield from deck_replies(deck)


def position_reply(status: Status) -> Reply:
    """``/bridge/position bar beat tempo seconds``."""
    seconds = status.sample / status.sample_rate
    return "/bridge/position", (status.bar, status.beat, status.tempo, seconds)


def take_reply(status: Status) -> Reply:
    """``/bridge/take/state state name seconds``."""
    return "/bridge/take/state", (status.take.state, status.take.name, status.take.seconds)


def metrics_reply(status: Status) -> Reply:
    """``/bridge/metrics``: see `daw_bridge.metrics.Metrics`."""
    metrics = status.metrics
    return "/bridge/metrics", (
        metrics.realtime_factor,
        metrics.lookahead_ms,
        metrics.control_ms,
        metrics.control_p95_ms,
        metrics.underruns,
        metrics.held_s,
        metrics.restarts,
        metrics.front_mb,
        metrics.worker_mb,
        metrics.gpu_mb,
    )


def clock_reply(status: Status) -> Reply:
    """``/bridge/clock/state``: see `daw_bridge.clock.status.ClockStatus`."""
    clock = status.clock
    return "/bridge/clock/state", (clock.source, clock.state, clock.tempo, clock.error_ms)


def output_reply(status: Status) -> Reply:
    """``/bridge/output``: how the sound device is served."""
    metrics = status.metrics
    latency_ms = 1000.0 * status.latency_s
    return "/bridge/output", (
        metrics.output_underruns,
        metrics.silence_s,
        metrics.used_up_ms,
        latency_ms,
        metrics.xruns,
    )


def engine_reply(status: Status) -> Reply:
    """``/bridge/engine``: what generates."""
    return "/bridge/engine", (status.engine, status.model, status.compute, status.precision)


def model_reply(status: Status) -> Reply:
    """``/bridge/model/state``: see `daw_bridge.decks.protocol.SwapStatus`."""
    return "/bridge/model/state", (status.swap.state, status.swap.model)


def melody_reply(status: Status) -> Reply:
    """``/bridge/melody/state``: see `daw_bridge.melody.status.CaptureStatus`."""
    return "/bridge/melody/state", (status.capture.state, status.capture.bars, status.capture.beats)


def deck_reply(deck: DeckStatus) -> Reply:
    """``/bridge/deck/N/state state lead factor``."""
    return f"/bridge/deck/{deck.deck}/state", (deck.state, deck.lead_s, deck.realtime_factor)


def deck_replies(deck: DeckStatus) -> Iterator[Reply]:
    """All messages of a deck."""
    yield deck_reply(deck)
    yield f"/bridge/deck/{deck.deck}/position", (deck.bar, deck.beat)
    following = deck.following or Planned("", 0, 0.0, 0.0)
    yield (
        f"/bridge/deck/{deck.deck}/next",
        (following.name, following.bar, following.beat, following.seconds),
    )
    yield f"/bridge/deck/{deck.deck}/held", (deck.underruns, deck.held_s)
    yield f"/bridge/deck/{deck.deck}/heard", deck.heard
    choices = deck.choices
    yield (
        f"/bridge/deck/{deck.deck}/choices/state",
        (
            choices.state,
            choices.count,
            choices.ready,
            choices.bars,
            choices.cued,
            choices.committed,
            choices.bar,
        ),
    )
