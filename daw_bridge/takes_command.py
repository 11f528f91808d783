"""The commands ``daw-bridge takes ...``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from daw_bridge.errors import TakeError

if TYPE_CHECKING:
    from rich.table import Table

    from daw_bridge.takes.replay import Replay
    from daw_bridge.takes.take import Take

app = typer.Typer(help="What was played: list, show, name, export and replay takes.", no_args_is_help=True)

Data = Annotated[
    Path | None, typer.Option(help="Data folder of the daemon; ~/.local/share/daw-bridge by default.")
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="TAKE", help="'last', a number of the list, a name, how its folder's name begins, or a path."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_takes(data: Data = None, as_json: AsJson = False) -> None:
    """List the takes, oldest first."""
    from daw_bridge.takes.library import folders

    rows = [{"number": number, **_row(folder)} for number, folder in enumerate(folders(_root(data)), 1)]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        typer.echo(f"no takes in {_root(data)}")
    else:
        _print(_list_table(rows))


@app.command()
def show(
    take: Name,
    data: Data = None,
    as_json: AsJson = False,
    picture: Annotated[Path | None, typer.Option(help="Draw it too: a PNG, PDF or SVG.")] = None,
) -> None:
    """Show what was done in a take, and when it sounded."""
    found = _take(data, take)
    if picture is not None:
        from daw_bridge.takes.picture import draw

        draw(found, picture)
    if as_json:
        events = [vars(event) for event in found.events]
        typer.echo(json.dumps({**_facts(found), "events": events}, indent=2, ensure_ascii=False))
        return
    for name, value in _facts(found).items():
        shown = ", ".join(value) if isinstance(value, list) else "" if value is None else value
        typer.echo(f"{name:12} {shown}")
    _print(_events_table(found))
    if picture is not None:
        typer.echo(picture)


@app.command("name")
def name_take(
    take: Name,
    name: Annotated[str, typer.Argument(help="By which it is found; '' takes its name away.")],
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Name a take that has ended. A take with a name is never removed by age or size."""
    from daw_bridge.takes.library import give_name

    folder = _take(data, take).folder
    give_name(folder, name)
    typer.echo(json.dumps({"folder": str(folder), "name": name}, ensure_ascii=False) if as_json else folder)


@app.command()
def export(
    take: Name,
    out: Annotated[
        Path | None,
        typer.Option(help="WAV, FLAC, or NPZ for the tokens; by default TAKE.wav in this folder."),
    ] = None,
    bars: Annotated[
        str, typer.Option(metavar="FIRST:LAST", help="These bars, both included, as a seamless loop.")
    ] = "",
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Write a take's sound, or bars of it, with tempo, key and bars in the file and a JSON file beside it."""
    from daw_bridge.takes.export import export as write

    found = _take(data, take)
    path = out or Path(f"{found.name or found.folder.name}{' ' + bars.replace(':', '-') if bars else ''}.wav")
    write(found, path, _bars(bars))
    typer.echo(json.dumps({"path": str(path)}) if as_json else path)


@app.command()
def replay(
    take: Name,
    data: Data = None,
    compute: Annotated[str, typer.Option(help="cpu, cuda ...; by default as it was recorded.")] = "",
    as_json: AsJson = False,
) -> None:
    """Generate a take again and compare its tokens; exits with 1 where one differs, and says where."""
    from rich.console import Console
    from rich.progress import Progress

    from daw_bridge.takes.replay import replay as play_again

    found = _take(data, take)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("replay", total=1.0)
        result = play_again(found, lambda share: bar.update(task, completed=share), compute or None)
    if as_json:
        typer.echo(json.dumps(_replay_facts(result), indent=2))
    else:
        _say_replay(result)
    if not result.identical:
        raise typer.Exit(1)


def _root(data: Path | None) -> Path:
    from daw_bridge.decks.protocol import PlayerOptions
    from daw_bridge.takes.library import TAKES

    return (data or PlayerOptions().data) / TAKES


def _take(data: Path | None, name: str) -> Take:
    from daw_bridge.takes.library import find
    from daw_bridge.takes.take import Take

    return Take(find(_root(data), name))


def _row(folder: Path) -> dict[str, Any]:
    """A take in the list, or why it cannot be read."""
    from daw_bridge.takes.library import size
    from daw_bridge.takes.take import Take

    try:
        return {**_facts(Take(folder)), "bytes": size(folder)}
    except TakeError as error:
        return {"folder": str(folder), "error": str(error)}


def _bars(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    first, _, last = text.partition(":")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise TakeError(f"--bars {text!r} is refused: give FIRST:LAST, such as 5:8") from None


def _facts(take: Take) -> dict[str, Any]:
    return {
        "folder": str(take.folder),
        "name": take.name,
        "started": take.header["started"],
        "seconds": round(take.seconds, 3),
        "tempo": take.tempo if take.tempo_known else None,
        "model": take.model["name"],
        "weights": take.model["weights"],
        "hardware": take.model["hardware"],
        "prompts": take.prompts,
        "ending": take.ending,
    }


def _print(table: Table) -> None:
    from rich.console import Console

    Console(highlight=False).print(table)


def _list_table(rows: list[dict[str, Any]]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("", "started", "length", "BPM", "model", "MB", "name", "prompts", ""):
        table.add_column(title, justify="right" if title in ("", "length", "BPM", "MB") else "left")
    for row in rows:
        if "error" in row:
            table.add_row(str(row["number"]), *[""] * 5, escape(row["error"]))
            continue
        minutes, seconds = divmod(round(row["seconds"]), 60)
        table.add_row(
            str(row["number"]),
            row["started"][:19].replace("T", " "),
            f"{minutes}:{seconds:02}",
            "" if row["tempo"] is None else f"{row['tempo']:g}",
            escape(row["model"]),
            f"{row['bytes'] / 1e6:.1f}",
            escape(row["name"]),
            escape("; ".join(row["prompts"])),
            row["ending"] if row["ending"] in ("recording", "interrupted") else "",
        )
    return table


def _events_table(take: Take) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for title in ("s", "bar", "beat", "", ""):
        table.add_column(title, justify="right" if title else "left")
    for event in take.events:
        seconds = (event.sample - take.first_sample) / take.sample_rate
        table.add_row(f"{seconds:.2f}", str(event.bar), f"{event.beat:.2f}", event.kind, escape(event.text))
    return table


def _replay_facts(result: Replay) -> dict[str, Any]:
    voices = [
        {
            "deck": voice.deck,
            "voice": voice.voice,
            "first_bar": voice.first_bar,
            "frames": voice.frames,
            "difference": None if voice.difference is None else vars(voice.difference),
        }
        for voice in result.voices
    ]
    return {"identical": result.identical, "warnings": list(result.warnings), "voices": voices}


def _say_replay(result: Replay) -> None:
    for warning in result.warnings:
        typer.echo(f"note: {warning}")
    for voice in result.voices:
        where = f"deck {voice.deck}, from bar {voice.first_bar}: {voice.frames} frames"
        difference = voice.difference
        if difference is None:
            typer.echo(f"{where}, all tokens identical")
        else:
            typer.echo(
                f"{where}, first difference at bar {difference.bar}, beat {difference.beat:.2f}, frame "
                f"{difference.frame}, codebook {difference.codebook}: recorded {difference.recorded}, "
                f"replayed {difference.replayed}"
            )
    if not result.voices:
        typer.echo("the take holds no tokens")
