"""A host to follow."""

from __future__ import annotations

import pytest

from daw_bridge.clock import ClockSource, ManualSource
from daw_bridge.decks import following
from daw_bridge.errors import DeviceError
from tests.daw_bridge.clock.line_source import LineSource


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> LineSource:
    """What ``/bridge/clock midi:HOST`` follows: nothing yet."""
    source = LineSource(name="the host", has_transport=True, tempo_owner="the host")

    def make(name: str, *_: object) -> ClockSource:
        if name == "link":
            raise DeviceError("link needs a package")
        return ManualSource() if name == "internal" else source

    monkeypatch.setattr(following, "make_source", make)
    return source
