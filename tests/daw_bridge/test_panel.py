from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from daw_bridge.decks.protocol import ChoicesStatus, DeckStatus, Status, SwapStatus
from daw_bridge.melody.status import CaptureStatus
from daw_bridge.metrics import Metrics
from daw_bridge.panel import Panel, drawn
from daw_bridge.takes.status import TakeStatus
from tests.daw_bridge.fake_player import FakePlayer

STATUS = replace(
    FakePlayer().status(),
    bar=12,
    beat=3.9,
    tempo=92.0,
    decks=(DeckStatus(1, "playing", 1.4, 3.5, "warm [b]piano[/b]"), DeckStatus(2, "holding", 99.0, 0.5, "")),
    take=TakeStatus("recording", "first night", 75.0),
    metrics=Metrics(3.5, 1400.0, 131.0, 182.0, 2, 1, 4.25, 3, 310.0, 620.0, 1500.0),
)


def text(status: Status, width: int = 160) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    with console.capture() as capture:
        console.print(drawn(status))
    return capture.get()


@pytest.mark.parametrize(
    "shown",
    [
        "bar 12 beat 3/4", "92.0 BPM", "first night 1:15", "deck 1", "playing", "warm [b]piano[/b]",
        "holding",
        "3.5x real time", "ahead 1400 ms", "control to sound 131 ms (p95 182)", "underruns 2", "held 4.2 s",
        "restarts 3", "xruns 1", "310 + 620 MB", "GPU 1500 MB",
    ],
)  # fmt: skip
def test_the_panel_shows(shown: str) -> None:
    assert shown in text(STATUS)


@pytest.mark.parametrize("engine", ["loading", "ready", "restarting", "failed"])
@pytest.mark.parametrize("take", ["off", "waiting", "recording", "failed"])
def test_every_state_can_be_drawn_before_anything_is_measured(engine: str, take: str) -> None:
    status = replace(FakePlayer().status(), engine=engine, take=TakeStatus(take))
    assert "control to sound -" in text(status)
    assert text(status, width=30)


def test_the_panel_shows_the_model_that_is_to_take_over() -> None:
    assert "loading: mine" not in text(STATUS)
    assert "loading: mine" in text(replace(STATUS, swap=SwapStatus("loading", "mine")))


def test_the_panel_shows_how_far_the_capture_of_a_melody_is() -> None:
    assert "melody:" not in text(STATUS)
    assert "melody: count-in 3" in text(replace(STATUS, capture=CaptureStatus("count-in", 1, 3)))
    overdub = text(replace(STATUS, capture=CaptureStatus("overdub")))
    assert "melody: overdub " in overdub
    assert "overdub 0" not in overdub


def test_the_panel_shows_choices_where_there_are_any() -> None:
    prepared = ChoicesStatus("preparing", 4, 2, 4, cued=1, committed=2, bar=17)
    deck = replace(STATUS.decks[0], choices=prepared)
    assert "choices" not in text(STATUS)
    assert "choices 2/4, cue 1, 2 at bar 17" in text(replace(STATUS, decks=(deck,)), width=200)


def test_lines_printed_meanwhile_stay_and_the_panel_goes() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=120, _environ={})
    panel = Panel(console)
    panel.start()
    panel.show(STATUS)
    console.print("all is quiet")
    panel.show(STATUS)
    panel.stop()
    panel.stop()
    assert "all is quiet" in file.getvalue()
    assert file.getvalue().endswith(("\x1b[2K", "\x1b[1A\x1b[2K", "\x1b[?25h"))


def test_a_terminal_that_was_closed_ends_the_drawing_and_nothing_else() -> None:
    class Closed(io.StringIO):
        gone = False

        def write(self, text: str) -> int:
            if self.gone:
                raise OSError("input/output error")
            return super().write(text)

    file = Closed()
    panel = Panel(Console(file=file, force_terminal=True, width=120, _environ={}))
    panel.start()
    file.gone = True
    panel.show(STATUS)
    panel.show(STATUS)
    panel.stop()


def test_what_a_deck_hears_is_a_bar_for_each_pitch_class_and_the_names_of_the_strong() -> None:
    heard = (0.3, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.6, 0.0, 0.0)
    status = replace(STATUS, decks=(replace(STATUS.decks[0], heard=heard),))
    assert "▂···█····▅·· E A " in text(status)
