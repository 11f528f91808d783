"""A process that is a singer on JACK: it sings an A while it is told to, or as soon as it hears something.

It reads lines: ``sing``, ``silent``, and ``answer`` (sing from the first sound that another program makes).
"""

from __future__ import annotations

import sys

import jack
import numpy as np

PITCH_HZ = 440.0
LEVEL = 0.3
LOUD = 1e-3


class Singer:
    """A JACK client with an ear and a voice."""

    def __init__(self) -> None:
        self._client = jack.Client("singer", no_start_server=True)
        self._ear = self._client.inports.register("in")
        self._voice = self._client.outports.register("out")
        self._mode = "silent"
        self._place = 0
        self._client.set_process_callback(self._process)

    def run(self) -> None:
        """Do as the lines say until they end."""
        with self._client:
            print("ready", flush=True)
            for line in sys.stdin:
                if line.strip() == "answer":
                    self._listen()
                self._mode = line.strip()

    def _listen(self) -> None:
        for port in self._client.get_ports(is_audio=True, is_output=True):
            ours = port.name.startswith(("singer:", "system:", "recorder:"))
            if not ours and port not in self._client.get_all_connections(self._ear):
                self._client.connect(port, self._ear)

    def _process(self, frames: int) -> None:
        if self._mode == "answer" and np.abs(self._ear.get_array()).max() > LOUD:
            self._mode = "sing"
        voice = self._voice.get_array()
        time = (self._place + np.arange(frames)) / self._client.samplerate
        voice[:] = LEVEL * np.sin(2 * np.pi * PITCH_HZ * time) if self._mode == "sing" else 0.0
        self._place += frames


if __name__ == "__main__":
    Singer().run()
