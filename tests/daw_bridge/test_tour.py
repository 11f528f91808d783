from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest
import soundfile
from rich.console import Console

from daw_bridge.control.packet import encode
from daw_bridge.control.port import bind
from daw_bridge.parameters import lookup
from daw_bridge.takes.library import folders
from daw_bridge.takes.replay import replay
from daw_bridge.takes.take import Take
from daw_bridge.tour.daemon import Daemon
from daw_bridge.tour.link import Link
from daw_bridge.tour.play import play
from daw_bridge.tour.script import SCRIPT
from genmodels.checkpoints.bundled import BUNDLED


@pytest.mark.parametrize(
    ("listens", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::1", "::1"), ("10.1.2.3",) * 2],
)
def test_the_daemon_is_found_on_whatever_host_it_listens(listens: str, reached: str, tmp_path: Path) -> None:
    daemon = Daemon((), tmp_path / "daemon.log")
    said = f"ready on {listens}:7499 (OSC over UDP): model mini"
    daemon._command = [sys.executable, "-c", f"print('loading mini ...'); print({said!r})"]
    with daemon:
        assert (daemon.host, daemon.port, daemon.ready_line) == (reached, 7499, said)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_talks_over_either_protocol_of_the_internet(host: str) -> None:
    with bind(host, 0) as sock, Link(host, sock.getsockname()[1]) as link:
        sock.setblocking(True)
        sock.settimeout(2.0)
        link.send("/bridge/ping")
        _, sender = sock.recvfrom(999)
        sock.sendto(encode("/bridge/pong", ["1"]), sender)
        assert link.wait_for("/bridge/pong").params == ["1"]


def test_the_script_sends_what_changes_and_nothing_that_would_be_refused() -> None:
    before = None
    for cue in SCRIPT:
        sent = dict(cue.messages(before))
        for address, values in sent.items():
            lookup(address.replace("/deck/1/", "/deck/{deck}/")).coerce(values, address)
        assert ("/bridge/tempo" in sent) == (before is None or before.tempo != cue.tempo)
        before = cue
    assert any(cue.melody for cue in SCRIPT)
    assert not SCRIPT[-1].melody


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.skipif(not (BUNDLED / "config.yaml").is_file(), reason="the bundled model is not there")
def test_a_short_tour_leaves_its_take_with_sound_and_picture_and_the_take_replays(tmp_path: Path) -> None:
    said = StringIO()
    story = play(20.0, tmp_path, ("device=null",), Console(file=said, width=200))
    assert [heard.cue for heard in story.heard] == list(SCRIPT)
    assert [heard.bar for heard in story.heard] == sorted(heard.bar for heard in story.heard)
    (folder,) = folders(tmp_path / "takes")
    take = Take(folder)
    assert str(folder) in said.getvalue()
    assert "beat 0." in said.getvalue() or "beat 1." in said.getvalue()
    assert soundfile.info(tmp_path / "play.wav").frames == take.samples
    assert (tmp_path / "play.png").stat().st_size > 10_000
    assert [segment.bpm for segment in take.clock.tempi][-2:] == [84.0, 126.0]
    assert replay(take).identical
