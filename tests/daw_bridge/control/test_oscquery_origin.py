from __future__ import annotations

import socket

import pytest

from daw_bridge.control.host_names import announced_host
from daw_bridge.control.oscquery.origin import is_own_host, is_own_origin

NAME = socket.gethostname()


@pytest.mark.parametrize(
    "host",
    [None, "127.0.0.1:7401", "127.0.0.1", "localhost:7401", "LOCALHOST", "[::1]:7401", "192.168.1.9:7401",
     f"{NAME}:7401", f"{NAME.partition('.')[0]}.local", announced_host()],
)  # fmt: skip
def test_a_number_or_the_machines_name_is_an_own_host(host: str | None) -> None:
    assert is_own_host(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example:7401", "127.0.0.1.evil.example", "localhost.evil.example", "", "[::1", "a b", "evil@x",
     "127.0.0.1@evil.example", "0x7f.1", "2130706433"],
)  # fmt: skip
def test_a_name_that_others_can_point_here_is_none(host: str) -> None:
    assert not is_own_host(host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (None, "127.0.0.1:7401"),
        ("http://127.0.0.1:7401", "127.0.0.1:7401"),
        ("http://localhost:3000", "127.0.0.1:7401"),
        ("http://192.168.1.9:7401", "192.168.1.9:7401"),
    ],
)
def test_this_port_and_pages_of_this_machine_are_an_own_origin(origin: str | None, host: str) -> None:
    assert is_own_origin(origin, host)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "https://localhost.evil.example", "null", "", "file://", "http://192.168.1.9",
     "http://192.168.1.9:7402", "http://127.0.0.1.evil.example", "chrome-extension://localhost", "http://[::1"],
)  # fmt: skip
def test_any_other_page_is_none(origin: str) -> None:
    assert not is_own_origin(origin, "192.168.1.9:7401")
