"""Lines of the MIDI desk: whoever looks for ports goes on looking."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from daw_bridge.control.midi.line import Watcher


@dataclass
class Port:
    name: str
    error: Exception | None = None
    looked: int = 0

    def watch(self) -> bool:
        self.looked += 1
        if self.error is not None:
            raise self.error
        return True


@dataclass
class Ports:
    ports: list[Port] = field(default_factory=list)


def test_a_port_that_cannot_be_looked_for_is_said_once_and_hides_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd, good = Port("odd", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "odd")), Port("good")
    changed: list[str] = []
    watcher = Watcher([Ports([odd, good])], lambda line, port: changed.append(port.name))  # type: ignore[list-item]
    watcher.look()
    watcher.look()
    assert changed == ["good", "good"]
    assert odd.looked == 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "odd" in caplog.text
