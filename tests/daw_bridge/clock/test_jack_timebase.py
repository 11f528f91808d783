from __future__ import annotations

import pytest

from daw_bridge.clock import InternalClock
from daw_bridge.clock.jack_timebase import JackTimebase
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock import fake_jack


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> fake_jack.FakeServer:
    return fake_jack.install(monkeypatch)


def timebase() -> JackTimebase:
    clock = InternalClock(48000, 120.0, 4)
    return JackTimebase(lambda _: clock.moment(0), lambda: 120.0, lambda _: 4)


def test_a_second_master_is_refused_and_leaves_no_client(server: fake_jack.FakeServer) -> None:
    first = timebase()
    with pytest.raises(DeviceError, match="already"):
        timebase()
    assert server.clients == 1
    first.close()
    first.close()
    assert (server.clients, server.master) == (0, None)


def test_a_server_that_ends_while_it_is_opened_is_an_error_and_leaves_no_client(
    server: fake_jack.FakeServer,
) -> None:
    server.ending = True
    with pytest.raises(DeviceError, match="the server ended while daw_bridge_timebase"):
        timebase()
    assert server.clients == 0


def test_it_is_closed_without_a_word_where_its_server_has_ended(server: fake_jack.FakeServer) -> None:
    base, client = timebase(), server.master
    assert client is not None
    assert base.connected
    client.dead = True
    client.shut_down(None, "the server has been closed")
    assert not base.connected
    base.close()
    assert server.clients == 0


def test_after_a_server_has_ended_nothing_is_opened_on_another(server: fake_jack.FakeServer) -> None:
    base, client = timebase(), server.master
    assert client is not None
    client.dead = True
    client.shut_down(None, "the server has been closed")
    base.close()
    with pytest.raises(DeviceError, match="restart the instrument"):
        timebase()
    assert server.clients == 0


def test_it_is_closed_where_another_has_become_master(server: fake_jack.FakeServer) -> None:
    base = timebase()
    server.master = None
    base.close()
    assert server.clients == 0
