"""What the soaks judge by: whose silence it is, whether memory grows, what is kept and written."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.__main__ import BENCHMARKS, PAGE
from benchmarks.page import write_section
from benchmarks.results import Figure, Outcome
from benchmarks.soak import kills
from benchmarks.soak.memory import Memory
from benchmarks.soak.session import Ending, Session
from benchmarks.soak.silence import CONTEXT, SILENT_RUN, PlayedRecord, Stretch, silent_runs
from benchmarks.soak.slope import slope
from benchmarks.soak.watching import Stopped

RATE = 48000
Samples = NDArray[np.float32]
WHERE: dict[str, str | int] = {
    "cpu": "a processor", "cores": 2, "load": "0.5", "python": "3.11", "torch": "2.11", "gpu": "",
}  # fmt: skip


def music(seconds: float, seed: int = 1) -> Samples:
    rng = np.random.default_rng(seed)
    return rng.uniform(-0.5, 0.5, (round(seconds * RATE), 2)).astype(np.float32)


def stretch(capture: Samples, start: int, length: int, frame: int = 5_000_000) -> Stretch:
    after = start + length
    return Stretch(
        frame + start, length, capture[max(0, start - CONTEXT) : start], capture[after : after + CONTEXT]
    )


def test_silence_is_laid_at_the_door_of_whoever_made_it(tmp_path: Path) -> None:
    played = music(6.0)
    played[100_000:103_000] = 0.0
    soundfile.write(tmp_path / "played.flac", played, RATE, subtype="PCM_24")
    gap = np.zeros((1000, 2), np.float32)
    starved = np.concatenate([played[:50_000], gap, played[50_000:]])
    server = played.copy()
    server[200_000:201_000] = 0.0
    foreign = music(1.0, seed=2)
    record = PlayedRecord(tmp_path / "played.flac")
    assert record.blame(stretch(starved, 50_000, 1000)) == "starved"
    assert record.blame(stretch(starved, 101_000, 3000)) == "played"
    assert record.blame(stretch(server, 200_000, 1000)) == "server"
    assert record.blame(stretch(foreign, 20_000, 1000)) == "unclear"
    assert record.samples([stretch(server, 200_000, 1000)]) == {"server": 1000}
    record.close()


@given(
    st.lists(st.tuples(st.integers(2 * CONTEXT, 40_000), st.integers(1, 3000)), max_size=4),
    st.integers(6000, 30_000),
)
def test_every_silent_run_is_found_once_however_it_is_listened_to(
    gaps: list[tuple[int, int]], size: int
) -> None:
    capture = np.full((60_000, 2), 0.1, np.float32)
    for start, length in gaps:
        capture[start : start + length] = 0.0
    quiet = (capture == 0.0).all(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], quiet, [0]]).astype(int)))
    expected = sum(b - a for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= SILENT_RUN)
    mark, total = 0, 0
    for until in [*range(size, 60_000, size), 60_000]:
        begin = max(0, mark - CONTEXT)
        part = capture[begin:until]
        runs, done = silent_runs(part, np.ones(len(part), np.bool_), mark - begin)
        total += sum(length for _, length in runs)
        mark = begin + done
    assert total == expected


def test_what_the_recorder_missed_is_not_silence() -> None:
    capture = np.full((20_000, 2), 0.1, np.float32)
    capture[5000:7000] = 0.0
    known = np.ones(20_000, np.bool_)
    known[5000:7000] = False
    assert silent_runs(capture, known, 0)[0] == []


def test_memory_that_grows_is_told_from_memory_that_moves() -> None:
    rng = np.random.default_rng(3)
    times = [2.0 * n for n in range(900)]
    moving = slope(times, [100.0 + float(noise) for noise in rng.normal(0.0, 2.0, 900)])
    assert moving is not None
    assert moving.low < 0.0 < moving.high
    leaking = slope(times, [100.0 + float(rng.normal(0.0, 2.0)) + 0.02 * t for t in times])
    assert leaking is not None
    assert leaking.hourly == pytest.approx(72.0, rel=0.1)
    assert leaking.low > 0.0


def test_memory_that_fills_at_first_is_not_held_against_it_and_too_short_a_look_says_nothing() -> None:
    times = [2.0 * n for n in range(300)]
    found = slope(times, [100.0 + min(t, 150.0) for t in times])
    assert found is not None
    assert found.hourly == pytest.approx(0.0, abs=1e-6)
    assert slope(times[:60], [100.0] * 60) is None
    assert slope([], []) is None


def test_a_soaks_section_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Before\n<!-- figures -->\nan old table\n<!-- end of figures -->\nafter\n")
    for name, value in (("stage", 1.0), ("fuzz", 60_000.0), ("stage", 0.0)):
        figure = Figure("samples of silence", value, "", at_most=0, note="of many")
        write_section(Outcome(name, [figure]), "in full", WHERE, page)
    text = page.read_text()
    assert text.count("### stage") == text.count("### fuzz") == 1
    assert "| samples of silence | 0 | <= 0 | yes | of many |" in text
    assert "| samples of silence | 60,000 | <= 0 | **no** | of many |" in text
    assert text.startswith("# Before\n")
    assert text.endswith("after\n")
    assert "old table" not in text


def test_curves_stand_beside_the_page_in_their_own_section(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- figures -->\n<!-- end of figures -->\n")
    write_section(Outcome("front killed", [], {"sorted sound lost": [1.0, 2.0]}), "in full", WHERE, page)
    write_section(Outcome("stage", [], {"front, MB": [100.0, 101.0]}), "in full", WHERE, page)
    write_section(Outcome("fuzz", []), "in full", WHERE, page)
    assert sorted(each.name for each in tmp_path.glob("*.png")) == ["page-front-killed.png", "page-stage.png"]
    sections = page.read_text().split("### ")
    assert ["(page-front-killed.png)" in each for each in sections] == [False, True, False, False]
    assert ["(page-stage.png)" in each for each in sections] == [False, False, True, False]


def test_a_worker_that_is_replaced_is_judged_by_itself() -> None:
    memory = Memory()
    for n in range(600):
        restarts = int(n >= 200)
        # the second one is smaller and grows: a fall from one to the other must not hide that
        worker = 900.0 - 0.1 * n if not restarts else 500.0 + 0.02 * n
        memory.note((6.0, 600.0, 0.0, 0.0, 0, 0.0, restarts, 200.0, worker, 0.0), 2.0 * n)
    memory.note((6.0, 600.0, 0.0, 0.0, 0, 0.0, 2, 200.0, 0.0, 0.0), 1200.0)
    found = {figure.name: figure for figure in memory.figures()}
    assert len(memory.worker.times) == 400
    assert found["worker's memory grows"].value == pytest.approx(36.0, rel=0.05)
    assert found["worker's memory grows"].reached is False
    assert found["front's memory grows"].reached is True
    assert found["worker's memory at the end"].value == pytest.approx(500.0 + 0.02 * 599)


def test_a_kill_after_which_nothing_comes_back_counts_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        replies: tuple[object, ...] = ()

    monkeypatch.setattr(kills, "BACK_LIMIT_S", 0.1)
    assert kills.back_after(Silent(), time.monotonic()) == 0.1  # type: ignore[arg-type]
    worst, middle = kills.back_figures([0.05, 0.02, 0.1])
    assert worst.value == pytest.approx(0.1 / kills.BAR_S)
    assert "1 not back" in worst.note
    assert middle.value == 0.05


def test_a_soak_that_ended_before_its_first_kill_has_no_figures_of_kills() -> None:
    assert kills.back_figures([]) == []
    assert kills.lost_figures([]) == []


def test_the_page_says_how_long_all_benchmarks_take() -> None:
    minutes = sum(benchmark.minutes for benchmark in BENCHMARKS.values())
    page = PAGE.read_text()
    assert f"# all of it, about {minutes:.0f} minutes" in page
    assert [name for name in BENCHMARKS if f"- **{name}**: " not in page] == []


def test_an_interrupted_run_goes_on_with_what_is_left(tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    outcome = Outcome("stage", [Figure("minutes", 60.0, "", note="load 1")], {"front, MB": [1.0, 2.0]})
    Session(False, path).keep("stage", outcome)
    again = Session(True, path)
    assert again.outcomes == {"stage": outcome}
    assert Session(False, path).outcomes == {}
    again.close()
    assert Session(True, path).outcomes == {}


def test_the_first_interrupt_ends_a_soak_and_the_second_all() -> None:
    ending = Ending()
    ending.check()
    with ending.watched():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Stopped):
            ending.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
