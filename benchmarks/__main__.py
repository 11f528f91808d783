"""`python -m benchmarks [--quick] [NAME ...]`: run, show and keep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from benchmarks.page import DOCS, write_section
from benchmarks.results import Outcome, machine, save, show

PAGE = DOCS / "benchmarks.md"


def _lm(quick: bool) -> Outcome:
    from benchmarks.lm_step import lm_step

    return lm_step(steps=120 if quick else 600, rounds=2 if quick else 5)


def _realtime(quick: bool) -> Outcome:
    from benchmarks.realtime import realtime

    return realtime(seconds=6.0 if quick else 30.0)


def _decks(quick: bool) -> Outcome:
    from benchmarks.decks import decks

    return decks(rounds=8 if quick else 40)


def _start(quick: bool) -> Outcome:
    from benchmarks.rig import start_to_sound

    return start_to_sound(trials=4 if quick else 20)


def _control(quick: bool) -> Outcome:
    from benchmarks.rig import control_to_sound

    return control_to_sound(trials=5 if quick else 40)


def _notes(quick: bool) -> Outcome:
    from benchmarks.notes import note_to_sound

    return note_to_sound(trials=8 if quick else 40)


def _flood(quick: bool) -> Outcome:
    from benchmarks.rig import flood

    return flood(seconds=20.0 if quick else 300.0)


def _lookahead(quick: bool) -> Outcome:
    from benchmarks.lookahead import lookahead

    return lookahead(seconds=12.0 if quick else 30.0, rounds=1 if quick else 4)


@dataclass(frozen=True)
class Benchmark:
    """One of them.

    Attributes:
        run: takes whether it is to be a short form.
        minutes: that it takes in full on two cores, roughly.
        text: what it measures.
    """

    run: Callable[[bool], Outcome]
    minutes: float
    text: str


BENCHMARKS = {
    "lm": Benchmark(_lm, 2, "milliseconds of an LM step, against Transformers in the same run"),
    "realtime": Benchmark(_realtime, 0.5, "generation with guidance and decoding, times real time"),
    "decks": Benchmark(_decks, 1.5, "speed of 1 to 8 decks on one model, in one batch and one by one"),
    "start": Benchmark(_start, 1, "from `start` to the first sample, on JACK"),
    "control": Benchmark(_control, 4.5, "from a prompt's datagram to the first changed sample, on JACK"),
    "notes": Benchmark(_notes, 4.5, "from a key of another program to the first changed sample, on JACK"),
    "flood": Benchmark(_flood, 5.5, "underruns in 5 minutes with 1,000 messages a second"),
    "lookahead": Benchmark(
        _lookahead, 12.5, "holds against the lookahead, beside a process that burns a core"
    ),
}


def main() -> int:
    """Run the benchmarks named, or all; the exit code is 1 when one could not be run."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print("  ".join(f"{key} {value}" for key, value in machine().items() if value != ""))
    outcomes: list[Outcome] = []
    failed = False
    for name in options.names or BENCHMARKS:
        benchmark, where = BENCHMARKS[name], machine()
        with console.status(f"{name}: {benchmark.text}"):
            try:
                outcomes.append(benchmark.run(options.quick))
            except (RuntimeError, TimeoutError) as error:
                failed = True
                console.print(f"[red]{name} could not be measured: {error}")
                continue
        if options.docs:
            write_section(outcomes[-1], "short form" if options.quick else "in full", where, PAGE)
    show(outcomes, console)
    console.print(f"kept in {save(outcomes, options.quick)}")
    return int(failed)


def _options() -> argparse.Namespace:
    minutes = sum(benchmark.minutes for benchmark in BENCHMARKS.values())
    listing = "\n".join(
        f"  {name:10} {each.text} ({each.minutes:g} min)" for name, each in BENCHMARKS.items()
    )
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=f"Benchmarks, and roughly how long they take:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all, about {minutes:.0f} minutes")
    parser.add_argument("--quick", action="store_true", help="a short form of each, for a first look")
    parser.add_argument(
        "--docs", action="store_true", help="write the sections of those named into docs/benchmarks.md, too"
    )
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
