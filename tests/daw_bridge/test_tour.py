from __future__ import annotations

import sys
from pathlib import Path

import pytest

from daw_bridge import tour
from daw_bridge.control.packet import encode
from daw_bridge.control.port import bind


@pytest.mark.parametrize(
    ("listens", "reached"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("::1", "::1"), ("10.1.2.3",) * 2],
)
def test_the_daemon_is_found_on_whatever_host_it_listens(listens: str, reached: str, tmp_path: Path) -> None:
    daemon = tour._Daemon((), tmp_path / "daemon.log")
    said = f"ready on {listens}:7499 (OSC over UDP): model mini"
    daemon._command = [sys.executable, "-c", f"print('loading mini ...'); print({said!r})"]
    with daemon:
        assert (daemon.host, daemon.port, daemon.ready_line) == (reached, 7499, said)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_talks_over_either_protocol_of_the_internet(host: str) -> None:
    with bind(host, 0) as sock, tour._Link(host, sock.getsockname()[1]) as link:
        sock.setblocking(True)
        sock.settimeout(2.0)
        link.send("/bridge/ping")
        _, sender = sock.recvfrom(999)
        sock.sendto(encode("/bridge/pong", ["1"]), sender)
        assert link.wait_for("/bridge/pong").params == ["1"]
