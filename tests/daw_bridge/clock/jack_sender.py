"""A process that sends MIDI clock through JACK: PORT BPM SECONDS [BPM SECONDS ...]. Prints when beat 0 was,
by the monotonic clock; notes, running status and active sensing come between the clocks."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence

import rtmidi


def wait_for(midi: rtmidi.MidiOut, name: str) -> int:
    """The number of the port whose name contains ``name``."""
    for _ in range(100):
        for number, port in enumerate(midi.get_ports()):
            if name in port:
                return number
        time.sleep(0.05)
    raise SystemExit(f"no port {name}: {midi.get_ports()}")


def tick_times(tempi: Sequence[float]) -> Iterator[float]:
    """Seconds of the ticks after beat 0, for (BPM, seconds) one after the other."""
    time, end = 0.0, 0.0
    for bpm, seconds in zip(tempi[::2], tempi[1::2], strict=True):
        end += seconds
        while time < end - 1e-9:
            yield time
            time += 60.0 / bpm / 24


def main() -> None:
    name, tempi = sys.argv[1], [float(word) for word in sys.argv[2:]]
    midi = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "sender")
    midi.open_port(wait_for(midi, name), "out")
    time.sleep(0.2)
    first = time.monotonic() + 0.1
    print(first, flush=True)
    for tick, due in enumerate(tick_times(tempi)):
        time.sleep(max(0.0, first + due - time.monotonic()))
        if tick == 0:
            midi.send_message([0xFA])
        midi.send_message([0xF8])
        if tick % 5 == 0:
            midi.send_message([0x90, 60, tick % 2 * 100])
            midi.send_message([0xFE])
    midi.send_message([0xFC])
    time.sleep(1.0)
    midi.close_port()
    midi.delete()


if __name__ == "__main__":
    main()
