"""`python -m benchmarks [--quick] [NAME ...]`: run, show and keep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from rich.console import Console

from benchmarks.results import Outcome, machine, publish, save, show


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


def _obedience(quick: bool) -> Outcome:
    from benchmarks.obedience import obedience

    return obedience(seconds=8.0, seeds=1 if quick else 3)


def _melody(quick: bool) -> Outcome:
    from benchmarks.melody import melody

    return melody(melodies=16 if quick else 120, seconds=8.0)


def _lookahead(quick: bool) -> Outcome:
    from benchmarks.lookahead import lookahead

    return lookahead(seconds=12.0 if quick else 30.0, rounds=1 if quick else 4)


BENCHMARKS: dict[str, tuple[Callable[[bool], Outcome], str]] = {
    "lm": (_lm, "milliseconds of an LM step, against Transformers in the same run"),
    "realtime": (_realtime, "generation with guidance and decoding, times real time"),
    "decks": (_decks, "speed of 1 to 8 decks on one model, in one batch and one after the other"),
    "start": (_start, "from `start` to the first sample, on JACK"),
    "control": (_control, "from a prompt's datagram to the first changed sample, on JACK"),
    "notes": (_notes, "from a key of another program to the first changed sample, on JACK"),
    "flood": (_flood, "underruns in 5 minutes with 1,000 messages a second"),
    "lookahead": (_lookahead, "holds against the lookahead, beside a process that burns a core"),
    "obedience": (_obedience, "what the bundled model makes of tempo and prompt"),
    "melody": (_melody, "what the bundled model makes of melodies"),
}


def main() -> int:
    """Run the benchmarks named, or all; the exit code is 1 when one could not be run."""
    listing = "\n".join(f"  {name:10} {text}" for name, (_, text) in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=f"Benchmarks:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--quick", action="store_true", help="a short form of each, for a first look")
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/benchmarks.md, too")
    options = parser.parse_args()
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    console = Console(width=None if sys.stdout.isatty() else 130)
    console.print("  ".join(f"{key} {value}" for key, value in machine().items() if value != ""))
    outcomes: list[Outcome] = []
    failed = False
    for name in options.names or BENCHMARKS:
        run, text = BENCHMARKS[name]
        with console.status(f"{name}: {text}"):
            try:
                outcomes.append(run(options.quick))
            except (RuntimeError, TimeoutError) as error:
                failed = True
                console.print(f"[red]{name} could not be measured: {error}")
    show(outcomes, console)
    if options.docs:
        publish(outcomes, options.quick)
    console.print(f"kept in {save(outcomes, options.quick)}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
