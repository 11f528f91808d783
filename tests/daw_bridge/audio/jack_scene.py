"""Run as a program on a JACK server: plays through `RtmixerOutput`, stalls once, and prints what it saw."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
from numpy.typing import NDArray

from daw_bridge.audio.devices import find_output
from daw_bridge.audio.feeder import Feeder
from daw_bridge.audio.rtmixer_output import RtmixerOutput
from daw_bridge.errors import DeviceError


class Tone:
    """A sine that keeps the feeder waiting when told to."""

    stall_s = 0.0

    def read(self, start: int, count: int) -> NDArray[np.float32]:
        pause, self.stall_s = self.stall_s, 0.0
        time.sleep(pause)
        tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(start, start + count) / 48000)
        return np.repeat(tone[:, None], 2, axis=1).astype(np.float32)


def look(output: RtmixerOutput) -> dict[str, float]:
    return {
        "time": time.monotonic(),
        "position": output.position(),
        "written": output.written,
        "underruns": output.underruns,
        "silence": output.silence_s,
        "alive": output.alive,
    }


def main() -> None:
    refused = ""
    try:
        find_output("no such device")
    except DeviceError as error:
        refused = str(error)
    output = RtmixerOutput("JACK", lead_s=0.06, first_sample=1000)
    tone = Tone()
    feeder = Feeder(output, tone)
    feeder.start()
    time.sleep(0.6)
    seen = [look(output)]
    time.sleep(1.0)
    seen.append(look(output))
    tone.stall_s = 0.3
    time.sleep(1.2)
    seen.append(look(output))
    latency, name = output.latency_s, output.name
    if "wait" in sys.argv:
        print("ready", flush=True)
        sys.stdin.readline()
        time.sleep(1.3)
        seen.append(look(output))
    began = time.monotonic()
    feeder.stop()
    print(
        json.dumps(
            {
                "refused": refused,
                "name": name,
                "latency": latency,
                "seen": seen,
                "stopping": time.monotonic() - began,
            }
        )
    )


if __name__ == "__main__":
    main()
