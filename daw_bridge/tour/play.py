"""`daw-bridge play`: the daemon, the script, and what its take says."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from daw_bridge.errors import TourError
from daw_bridge.takes.export import export
from daw_bridge.takes.library import TAKES, folders
from daw_bridge.takes.take import Take
from daw_bridge.tour.daemon import Daemon
from daw_bridge.tour.link import Link
from daw_bridge.tour.picture import draw
from daw_bridge.tour.report import report, sections
from daw_bridge.tour.story import Story, perform

_SHORTEST_S = 8.0


def play(
    seconds: float = 60.0,
    folder: Path = Path("build/play"),
    arguments: tuple[str, ...] = (),
    console: Console | None = None,
) -> Story:
    """Play the tour.

    Args:
        seconds: length of the music, 8 and up.
        folder: takes the take, its sound as `play.wav`, its picture `play.png` and the daemon's log.
        arguments: more arguments of `daw-bridge serve`, such as `device=null`. With `data=` the take goes
            where that says.

    Raises:
        TourError: the daemon does not start or does not answer, or there is no take.
    """
    out = console or Console(soft_wrap=True, highlight=False)
    folder.mkdir(parents=True, exist_ok=True)
    data = [Path(text.removeprefix("data=")).expanduser() for text in arguments if text.startswith("data=")]
    root = (data[-1] if data else folder) / TAKES
    before = set(folders(root))
    with Daemon((f"data={folder}", *arguments, "takes=1"), folder / "daemon.log") as daemon:
        out.print(f"[bold]{daemon.ready_line}")
        with Link(daemon.host, daemon.port) as link:
            story = perform(link, max(seconds, _SHORTEST_S), out)
    made = [path for path in folders(root) if path not in before]
    if not made:
        raise TourError(f"the daemon kept no take in {root}: see {folder / 'daemon.log'}")
    take = Take(made[-1])
    parts = sections(take, story)
    recording, picture = folder / "play.wav", folder / "play.png"
    export(take, recording)
    draw(take, parts, picture)
    report(take, story, parts, out)
    for name, text in {
        "recording": recording,
        "picture": picture,
        "take": take.folder,
        "replay": f'daw-bridge takes replay "{take.folder}"',
        "a loop": f'daw-bridge takes export "{take.folder}" --bars 2:3 --out loop.wav',
    }.items():
        out.print(f"{name:10} {text}", markup=False)
    return story
