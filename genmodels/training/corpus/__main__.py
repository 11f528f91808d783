"""`python -m genmodels.training.corpus --out FOLDER --count N --seed S --workers W` writes a corpus;
`--pictures FILE.png` draws a few of its pieces instead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from genmodels.errors import GenModelsError
from genmodels.training.corpus.dataset import write_corpus
from genmodels.training.corpus.pictures import draw


def main(
    out: Annotated[Path, typer.Option(help="folder to write; complete items in it are kept")] = Path(
        "build/corpus"
    ),
    count: Annotated[int, typer.Option(min=1, help="number of items")] = 2400,
    seed: Annotated[int, typer.Option(min=0, help="item i has seed SEED + i")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="processes that render at a time")] = 1,
    pictures: Annotated[
        Path | None, typer.Option(help="draw piano rolls and spectrograms of a few pieces into this PNG file")
    ] = None,
) -> None:
    """Compose and render a training corpus, or draw spot checks of it."""
    try:
        if pictures is not None:
            draw(pictures)
            typer.echo(f"wrote {pictures}")
            return
        items = write_corpus(out, count, seed, workers)
    except GenModelsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error
    hours = sum(item.duration_s for item in items) / 3600.0
    typer.echo(f"{len(items)} items, {hours:.1f} hours, in {out}")


if __name__ == "__main__":
    typer.run(main)
