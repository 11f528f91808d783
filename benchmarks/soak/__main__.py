"""`python -m benchmarks.soak [--minutes M] [--count N] [--docs] [NAME ...]`: run, show and keep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from benchmarks.page import DOCS, write_section
from benchmarks.results import Outcome, machine, save, show
from benchmarks.soak.session import Ending, Pace, Session
from benchmarks.soak.watching import Progress

PAGE = DOCS / "reliability.md"


@dataclass(frozen=True)
class Soak:
    """One of them.

    Attributes:
        full, least: how much a full one and the shortest take, in minutes or else in trials.
        text: what it measures.
        unit: of ``full``.
    """

    run: Callable[[float, Progress], Outcome]
    full: float
    least: float
    minutes: bool
    text: str
    unit: str = "minutes"

    def form(self, wanted: float, ended_early: bool) -> str:
        """How much of it was run, in words."""
        if wanted >= self.full and not ended_early:
            return "in full"
        early = ", ended early" if ended_early else ""
        return f"short form: {wanted:,g} of {self.full:,g} {self.unit}{early}"


def _control(trials: float, progress: Progress) -> Outcome:
    from benchmarks.rig import control_to_sound

    outcome = control_to_sound(int(trials))
    progress(1.0)
    p95 = [replace(figure, at_most=200.0) if "p95" in figure.name else figure for figure in outcome.figures]
    return replace(outcome, figures=p95)


def _beat(minutes: float, progress: Progress) -> Outcome:
    from benchmarks.soak.beat import beat

    return beat(minutes, progress)


def _stage(minutes: float, progress: Progress) -> Outcome:
    from benchmarks.soak.stage import stage

    return stage(minutes, progress)


def _kill(kills: float, progress: Progress) -> Outcome:
    from benchmarks.soak.kills import kill_worker

    return kill_worker(int(kills), progress)


def _front(kills: float, progress: Progress) -> Outcome:
    from benchmarks.soak.kills import kill_front

    return kill_front(int(kills), progress)


def _fuzz(datagrams: float, progress: Progress) -> Outcome:
    from benchmarks.soak.fuzz import fuzz

    return fuzz(int(datagrams), progress)


SOAKS = {
    "control": Soak(
        _control, 60, 12, False, "from a prompt's datagram to the first changed sample, on JACK", "trials"
    ),
    "beat": Soak(_beat, 30, 0.3, True, "bar lines after changing tempi, by exact arithmetic and by ear"),
    "stage": Soak(_stage, 60, 0.2, True, "two decks, 2,000 messages a second, a CPU burner"),
    "kill": Soak(_kill, 50, 3, False, "the model worker killed every 20 s", "kills"),
    "front": Soak(_front, 20, 3, False, "the front killed while a take is recorded", "kills"),
    "fuzz": Soak(_fuzz, 1_000_000, 100_000, False, "mutated datagrams into the OSC ports", "datagrams"),
}


def amount(soak: Soak, minutes: float | None, count: int | None) -> float:
    """How much of a soak was asked for; without ``count``, numbers shrink as the minutes do against a full
    evening of 60."""
    if soak.minutes:
        return soak.full if minutes is None else max(soak.least, min(minutes, soak.full))
    if count is not None:
        return count
    share = 1.0 if minutes is None else min(1.0, minutes / 60.0)
    return max(soak.least, round(soak.full * share))


@dataclass
class Watch:
    """Shows how far a soak is, and ends it early when that is wanted."""

    bars: RichProgress
    task: TaskID
    pace: Pace
    ending: Ending

    def __call__(self, done: float) -> None:
        self.bars.update(self.task, completed=done)
        line = self.pace.line(done)
        if line and not self.bars.console.is_terminal:
            self.bars.console.print(line)
        self.ending.check()


def _arguments() -> argparse.Namespace:
    listing = "\n".join(f"  {name:8} {soak.text}" for name, soak in SOAKS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks.soak",
        description=f"Soaks:\n{listing}\n\nCtrl-C ends the one that runs with what it has measured so far.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all, about two and a half hours")
    parser.add_argument(
        "--minutes", type=float, help="length of those that take time; the others shrink alike"
    )
    parser.add_argument("--count", type=int, help="kills, trials or datagrams of those that count")
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/reliability.md, too")
    parser.add_argument(
        "--resume", action="store_true", help="leave out what an interrupted run has finished"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(SOAKS)
    if unknown:
        parser.error(f"no soak {', '.join(sorted(unknown))}; there are {', '.join(SOAKS)}")
    return options


def main() -> int:
    """Run the soaks named, or all; the exit code is 1 when a target was missed or one could not be run."""
    options = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 130)
    where = machine()
    console.print("  ".join(f"{key} {value}" for key, value in where.items() if value != ""))
    session, ending, failed = Session(options.resume), Ending(), False
    names = [name for name in options.names or SOAKS if name not in session.outcomes]
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with ending.watched(), RichProgress(*columns, console=console, transient=True) as bars:
        for name in names:
            soak = SOAKS[name]
            wanted = amount(soak, options.minutes, options.count)
            task = bars.add_task(f"{name}: {soak.text}", total=1.0)
            try:
                outcome = soak.run(wanted, Watch(bars, task, Pace(name), ending))
            except Exception as error:
                failed = True
                console.print(f"[red]{name} could not be measured: {type(error).__name__}: {error}")
            else:
                show([outcome], console)
                if options.docs:
                    write_section(outcome, soak.form(wanted, ending.wanted), where, PAGE)
                if not ending.wanted:
                    session.keep(name, outcome)
                    where = machine()
            bars.remove_task(task)
            if ending.wanted:
                console.print("ended early: --resume goes on with what is left")
                failed = True
                break
    outcomes = list(session.outcomes.values())
    if not failed:
        session.close()
    console.print(f"kept in {save(outcomes, options.minutes is not None or options.count is not None)}")
    missed = any(figure.reached is False for outcome in outcomes for figure in outcome.figures)
    return int(failed or missed)


if __name__ == "__main__":
    raise SystemExit(main())
