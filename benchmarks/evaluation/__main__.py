"""`python -m benchmarks.evaluation [--quick] [NAME ...]`: does the bundled model do what it is asked?"""

from __future__ import annotations

import argparse
import sys

from rich.console import Console

from benchmarks.evaluation.evaluation import Evaluation
from benchmarks.evaluation.parts import PARTS, estimate, play
from benchmarks.manner import DEFAULT, Manner
from benchmarks.page import DOCS, write_section
from benchmarks.results import Outcome, machine, save, show
from genmodels.conditioning.attributes import Conditions
from genmodels.errors import GenModelsError

PAGE = DOCS / "mini.md"


def main() -> int:
    """Judge the parts named, or all."""
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 130)
    where = machine()
    console.print("  ".join(f"{key} {value}" for key, value in where.items() if value != ""))
    evaluation = Evaluation(
        options.model, options.quick, options.workers, options.again, _manner(options), options.tuning
    )
    names = list(options.names or PARTS)
    console.print(estimate(evaluation, names, options.ceilings))
    if options.estimate:
        return 0
    if not options.ceilings:
        play(evaluation, names)
    outcomes = []
    for name in names:
        console.print(f"{name}: {PARTS[name].about}")
        own = [] if options.ceilings else PARTS[name].own(evaluation)
        outcomes.append(Outcome(name, own + PARTS[name].ceilings(evaluation)))
        if outcomes[-1].figures:
            show(outcomes[-1:], console)
            if options.docs:
                write_section(outcomes[-1], "short form" if options.quick else "in full", where, PAGE)
    console.print(f"kept in {save(outcomes, options.quick)}")
    return 0


def _options() -> argparse.Namespace:
    listing = "\n".join(f"  {name:9} {part.about}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        "python -m benchmarks.evaluation",
        description=f"Parts:\n{listing}",
        epilog="Renders and clips are kept in build/evaluation: what an interrupted call made is not made "
        "again, so that the parts can be measured one by one before all of them are written with --docs.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--quick", action="store_true", help="few clips, for a first look")
    parser.add_argument("--model", default="mini", help="name or folder of the model")
    parser.add_argument("--docs", action="store_true", help="write the figures into docs/mini.md, too")
    parser.add_argument("--ceilings", action="store_true", help="only held-out renders; nothing is played")
    parser.add_argument("--estimate", action="store_true", help="only say how long it would take")
    parser.add_argument(
        "--again", action="store_true", help="play the clips again, as after a change of code"
    )
    parser.add_argument("--guidance", type=float, default=DEFAULT.guidance, help="default %(default)s")
    parser.add_argument("--temperature", type=float, default=DEFAULT.temperature, help="default %(default)s")
    parser.add_argument("--top-k", type=int, default=DEFAULT.top_k, help="default %(default)s; 0 is all")
    parser.add_argument("--tuning", action="store_true", help="other seeds, for comparing such settings")
    parser.add_argument("--workers", type=int, default=2, help="processes that work, default %(default)s")
    options = parser.parse_args()
    unknown = set(options.names) - set(PARTS)
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    try:
        _manner(options).of(Conditions())
    except GenModelsError as error:
        parser.error(str(error))
    if options.docs and (options.tuning or _manner(options) != DEFAULT):
        parser.error(
            "--docs writes what the defaults do: leave out --guidance, --temperature, --top-k and --tuning"
        )
    return options


def _manner(options: argparse.Namespace) -> Manner:
    return Manner(options.guidance, options.temperature, options.top_k)


if __name__ == "__main__":
    raise SystemExit(main())
