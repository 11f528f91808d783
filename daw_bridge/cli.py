"""The command ``daw-bridge``. Every command imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from daw_bridge import takes_command
from daw_bridge.errors import BridgeError

if TYPE_CHECKING:
    from daw_bridge.decks.protocol import RenderRequest

app = typer.Typer(
    name="daw-bridge",
    help="A live instrument: music-generation models, played over OSC, on the beat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.add_typer(takes_command.app, name="takes")

KeyValues = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...", help="Options and values, e.g. tempo=92 deck.1.prompt='warm piano'."
    ),
]


def main() -> None:
    """Run the command line.

    Exit codes: 0 done, 1 error, 2 wrong usage or value, 3 port in use, 4 model cannot be loaded,
    130 interrupted.
    """
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if isinstance(error, BridgeError):
            code = error.exit_code
        elif type(error).__module__ == "genmodels.errors":
            code = 1
        else:
            raise
        print(f"error: {error}", file=sys.stderr)
        sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        from daw_bridge import __version__

        typer.echo(f"daw-bridge {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    """Options of the whole program."""


@app.command()
def serve(
    words: KeyValues = None,
    preset: Annotated[str | None, typer.Option(help="YAML file, or the name of a bundled preset.")] = None,
    port: Annotated[int | None, typer.Option(help="UDP port (7400); 0 takes any free one.")] = None,
    device: Annotated[
        str | None, typer.Option(help="Sound device by name or number; 'null' plays without one.")
    ] = None,
    record: Annotated[Path | None, typer.Option(help="WAV or FLAC file that takes the whole output.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of a panel, for logs.")] = False,
) -> None:
    """Run the instrument until Ctrl-C. All options and addresses: docs/control.md.

    Exit codes: 2 for a wrong preset or value, 3 when the port is in use, 4 when the model cannot be loaded.
    """
    import logging

    from daw_bridge.presets import load
    from daw_bridge.serve import run

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    named = {"port": port, "device": device, "record": record}
    run(
        load(
            preset, [*(words or []), *(f"{key}={value}" for key, value in named.items() if value is not None)]
        ),
        plain,
    )
    _leave()


def _leave() -> None:
    """End the process when all has been closed: tidying the interpreter up would take longer than that."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


@app.command()
def render(
    prompt: Annotated[str, typer.Argument(help="What to play, in words.")],
    out: Annotated[Path, typer.Option(help="WAV file to write.")] = Path("clip.wav"),
    bars: Annotated[int, typer.Option(help="Length in bars.")] = 8,
    tempo: Annotated[float, typer.Option(help="BPM.")] = 120.0,
    meter: Annotated[int, typer.Option(help="Beats a bar, 3 or 4.")] = 4,
    key: Annotated[str, typer.Option(help="Such as 'A minor'; empty is off.")] = "",
    chords: Annotated[str, typer.Option(help="One a bar, such as 'Am F C G'; empty is off.")] = "",
    seed: Annotated[int, typer.Option(help="The same seed renders the same clip.")] = 0,
    guidance: Annotated[float, typer.Option(help="How strictly the prompt is followed, 0..10.")] = 3.0,
    temperature: Annotated[float, typer.Option(help="How freely the model chooses, 0..2.")] = 1.0,
    top_k: Annotated[int, typer.Option(help="Choose among the k likeliest; 0 is off.")] = 250,
    top_p: Annotated[float, typer.Option(help="Choose among this much probability; 0 is off.")] = 0.0,
    model: Annotated[str, typer.Option(help="'mini', a hub name, a folder or a file.")] = "mini",
    compute: Annotated[str, typer.Option(help="auto, cpu, cuda ...")] = "auto",
    precision: Annotated[
        str, typer.Option(help="Number format of the model: auto, fp32, half, int8 or native.")
    ] = "auto",
    sample_rate: Annotated[int, typer.Option(help="Hz; 0 keeps the model's.")] = 0,
) -> None:
    """Render a bar-exact clip to a WAV file."""
    from daw_bridge.decks.protocol import RenderRequest
    from daw_bridge.errors import ClipError, ParameterError
    from daw_bridge.options import OPTIONS
    from daw_bridge.parameters import lookup

    deck = "/bridge/deck/{deck}"
    lookup("/bridge/clip/render").coerce((prompt, bars, tempo), "render")
    for path, value in {
        "/bridge/meter": meter,
        f"{deck}/key": key,
        f"{deck}/chords": chords,
        f"{deck}/seed": seed,
        f"{deck}/guidance": guidance,
        f"{deck}/temperature": temperature,
        f"{deck}/top_k": top_k,
        f"{deck}/top_p": top_p,
    }.items():
        lookup(path).coerce([value], f"--{path.rpartition('/')[2].replace('_', '-')}")
    for name, given in {"sample_rate": sample_rate, "compute": compute, "precision": precision}.items():
        arg = OPTIONS[name].arg
        try:
            arg.coerce(given)
        except ValueError:
            raise ParameterError(f"--{name.replace('_', '-')}", given, arg.range_text()) from None
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ClipError(f"folder {out.parent} cannot be made: {error.strerror}") from error
    request = RenderRequest(
        prompts=((prompt, 1.0),),
        bars=bars,
        tempo=tempo,
        out=out,
        beats_per_bar=meter,
        seed=seed,
        key=key,
        chords=chords,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        guidance=guidance,
        model=model,
        compute=compute,
        precision=precision,
        sample_rate=sample_rate,
    )
    typer.echo(_render_with_bar(request))


def _render_with_bar(request: RenderRequest) -> Path:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from daw_bridge.decks.render import render_clip

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"{request.bars} bars", total=1.0)
        return render_clip(request, lambda share: bar.update(task, completed=share))


@app.command()
def devices() -> None:
    """List the sound devices that can play."""
    from daw_bridge.audio.devices import output_devices

    found = output_devices()
    for device in found:
        star = "*" if device.default else " "
        typer.echo(
            f"{star} {device.index:2}  {device.name} ({device.host}), {device.channels} channels, "
            f"{device.sample_rate} Hz"
        )
    typer.echo(
        "  null  no device: a clock in the computer"
        + ("" if found else " (taken when nothing else is there)")
    )


@app.command()
def presets() -> None:
    """List the bundled presets."""
    from daw_bridge.presets import bundled, load

    for name, path in bundled().items():
        setup = load(path)
        typer.echo(f"{name:10} {setup.options['title']}: {setup.options['about']}")


@app.command()
def models(
    data: Annotated[Path | None, typer.Option(help="Data folder; its folder models is listed, too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON list, sizes in bytes.")] = False,
) -> None:
    """List the models that load by name: size, licence, and what is on this machine."""
    from daw_bridge import models_command
    from daw_bridge.decks.protocol import PlayerOptions

    folder = data.expanduser() if data else PlayerOptions().data
    typer.echo(models_command.as_json(folder) if as_json else models_command.as_text(folder))


@app.command()
def doctor(
    port: Annotated[int, typer.Option(help="UDP port that should be free.")] = 7400,
    model: Annotated[str, typer.Option(help="Model that should be there.")] = "mini",
    precision: Annotated[str, typer.Option(help="Number format that should be there.")] = "auto",
) -> None:
    """Check what the instrument needs, a line each: OK, WARNING or ERROR. Exits with 1 after an ERROR."""
    from daw_bridge.doctor import checks

    failed = False
    for check in checks(port, model, precision):
        typer.echo(f"{check.level:8}{check.subject}: {check.text}")
        failed = failed or check.level == "ERROR"
    if failed:
        raise typer.Exit(1)


@app.command()
def play(
    words: KeyValues = None,
    seconds: Annotated[float, typer.Option(help="Length of the music, 8 and up.")] = 60.0,
    folder: Annotated[Path, typer.Option(help="Takes the take, its sound and picture, and the log.")] = Path(
        "build/play"
    ),
) -> None:
    """A tour: a minute of music, played over OSC; its take is measured and drawn."""
    from daw_bridge.tour.play import play as play_tour

    play_tour(seconds, folder, tuple(words or ()))
