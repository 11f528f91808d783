"""`python -m genmodels.training.corpus --out FOLDER --count N --seed S --workers W` writes a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genmodels.errors import GenModelsError
from genmodels.training.corpus.dataset import write_corpus


def main(
    out: Annotated[Path, typer.Option(help="folder to write; complete items in it are kept")],
    count: Annotated[int, typer.Option(min=1, help="number of pieces")] = 700,
    seed: Annotated[int, typer.Option(min=0, help="piece i has seed SEED + i")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="processes that render at a time")] = 1,
) -> None:
    """Compose and render a training corpus."""
    try:
        items = write_corpus(out, count, seed, workers)
    except GenModelsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    minutes = sum(item.duration_s for item in items) / 60.0
    typer.echo(f"{len(items)} pieces, {minutes:.0f} minutes, in {out}")


if __name__ == "__main__":
    typer.run(main)
