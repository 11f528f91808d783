"""A process that sends MIDI clock through JACK: PORT BPM SECONDS. Prints when beat 0 was, by the monotonic
clock; notes, running status and active sensing come between the clocks."""

from __future__ import annotations

import sys
import time

import rtmidi


def wait_for(midi: rtmidi.MidiOut, name: str) -> int:
    """The number of the port whose name contains ``name``."""
    for _ in range(100):
        for number, port in enumerate(midi.get_ports()):
            if name in port:
                return number
        time.sleep(0.05)
    raise SystemExit(f"no port {name}: {midi.get_ports()}")


def main() -> None:
    name, bpm, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
    midi = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "sender")
    midi.open_port(wait_for(midi, name), "out")
    time.sleep(0.2)
    period, first = 60.0 / bpm / 24, time.monotonic() + 0.1
    print(first, flush=True)
    for tick in range(int(seconds / period)):
        time.sleep(max(0.0, first + tick * period - time.monotonic()))
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
