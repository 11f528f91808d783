from __future__ import annotations

import socket

import pytest

from daw_bridge.control.guard import Guard
from daw_bridge.control.port import AddressError, is_this_machine


def own_address() -> str:
    """The address from which this machine would reach others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(sock.getsockname()[0])


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", own_address()])
def test_this_machine_may_always_play(host: str) -> None:
    assert is_this_machine(host)
    assert Guard("0.0.0.0", ["10.1.0.0/16"]).admits(host)


@pytest.mark.parametrize("host", ["198.51.100.7", "2001:db8::1", "nonsense", "fe80::1%nowhere"])
def test_others_are_not_this_machine(host: str) -> None:
    assert not is_this_machine(host)


def test_networks_and_addresses_of_the_list_may_play_and_others_are_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = Guard("0.0.0.0", ["10.1.0.0/16", "192.0.2.9", "2001:db8:1::/48"])
    for host in ("10.1.2.3", "192.0.2.9", "2001:db8:1::5", "::ffff:10.1.9.9"):
        assert guard.admits(host)
    for host in ("10.2.0.1", "198.51.100.8", "2001:db8:2::5", "10.2.0.1"):
        assert not guard.admits(host)
    assert caplog.text.count("10.2.0.1 is not in the allow-list") == 1


def test_a_list_that_cannot_be_read_or_is_missing_is_an_address_error() -> None:
    with pytest.raises(AddressError, match="home"):
        Guard("0.0.0.0", ["home"])
    with pytest.raises(AddressError, match="allow="):
        Guard("192.0.2.1")
    assert Guard("127.0.0.1").admits("127.0.0.1")
