"""`python -m genmodels.training.ablation [STUDY] [--docs] [key=value …]`: train, compare, tell."""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import date
from pathlib import Path

from genmodels.errors import GenModelsError
from genmodels.training.ablation.corpus import OWN, corpora
from genmodels.training.ablation.report import draw, publish, table
from genmodels.training.ablation.studies import STUDIES

DOCS = Path("docs")


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    listing = "\n".join(f"  {name:15} {study.about}" for name, study in STUDIES.items())
    parser = argparse.ArgumentParser(
        "python -m genmodels.training.ablation",
        description=f"Comparisons of codec trainings:\n{listing}\n\n"
        "What is complete is not trained again, what was interrupted goes on. A changed setting starts its\n"
        "trainings anew.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--docs", action="store_true", help="write table and picture into docs, too")
    parser.add_argument(
        "words", nargs="*", metavar="STUDY | key=value", help="default: discriminators; keys: CodecTraining"
    )
    options = parser.parse_args(arguments)
    names = [word for word in options.words if "=" not in word] or ["discriminators"]
    if len(names) > 1 or names[0] not in STUDIES:
        parser.error(f"{' '.join(names)}: choose one of {', '.join(STUDIES)}")
    try:
        _compare(names[0], [word for word in options.words if "=" in word], options.docs)
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _compare(name: str, overrides: list[str], docs: bool) -> None:
    study = STUDIES[name]
    outcomes = study.run(*corpora(), overrides)
    text = table(study.columns, outcomes)
    picture = OWN / f"{name}.png"
    draw(picture, outcomes, study.curves, study.by_minutes)
    (OWN / f"{name}.md").write_text(text, encoding="utf-8")
    print(f"\n{text}\nkept in {OWN / name}.md and {picture}")
    if docs:
        shown = f"![{study.about}](ablation-{name}.png)"
        shutil.copyfile(picture, DOCS / f"ablation-{name}.png")
        publish(DOCS / "training.md", name, f"Measured {date.today()}.\n\n{text}\n{shown}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
