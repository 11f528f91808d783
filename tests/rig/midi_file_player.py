"""A process that plays a MIDI file to a JACK port of its own, as any MIDI file player does: FILE CLIENT PORT.

It begins when a line comes on its input.
"""

from __future__ import annotations

import sys

import mido
import rtmidi


def main() -> None:
    path, client, port = sys.argv[1:]
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, client)
    out.open_virtual_port(port)
    print("ready", flush=True)
    sys.stdin.readline()
    for message in mido.MidiFile(path).play():
        out.send_message(message.bytes())
    print("played", flush=True)
    sys.stdin.readline()
    out.close_port()
    out.delete()


if __name__ == "__main__":
    main()
