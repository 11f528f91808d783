"""A process that is a controller on JACK: it sends what comes on its input as lines of hexadecimal messages,
and prints those that it receives; at a line "blink" its output goes and comes back at once."""

from __future__ import annotations

import sys

import rtmidi


def output() -> rtmidi.MidiOut:
    """Its keys."""
    source = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, "controller")
    source.open_virtual_port("keys out")
    return source


def main() -> None:
    source = output()
    target = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "controller")
    target.set_callback(lambda event, _: print(bytes(event[0]).hex(), flush=True))
    target.open_virtual_port("keys in")
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "blink":
            source.delete()
            source = output()
            continue
        for message in line.split():
            source.send_message(bytes.fromhex(message))
    for port in (source, target):
        port.close_port()
        port.delete()


if __name__ == "__main__":
    main()
