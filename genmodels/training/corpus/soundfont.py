"""The soundfont's instruments: stems rendered by libfluidsynth, one for each track."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes.util import find_library
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genmodels.errors import GenModelsError

SAMPLE_RATE = 32000
BLOCK = 64
MAX_STEMS = 16
_DRUM_BANK = 128
_FOLDERS = (
    "/usr/share/sounds/sf3",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_FONTS = ("FluidR3Mono_GM.sf3", "FluidR3_GM.sf2", "FluidR3_GM2-2.sf2", "default-GM.sf3", "default-GM.sf2")

Samples = npt.NDArray[np.float32]
Event = tuple[float, int, int, int]
"""Seconds, stem, MIDI key, velocity; velocity 0 ends the note."""


_Pointers = ctypes.c_void_p * MAX_STEMS


class RenderError(GenModelsError):
    """FluidSynth or its soundfont is missing, or a render failed."""


def find_soundfont() -> Path:
    """The General MIDI soundfont: `$SOUNDFONT`, or the first known one in the usual folders.

    Raises RenderError that names the package to install."""
    chosen = os.environ.get("SOUNDFONT")
    if chosen:
        if not Path(chosen).is_file():
            raise RenderError(f"SOUNDFONT={chosen!r} is not a file; set it to an .sf2 or .sf3 file")
        return Path(chosen)
    for font in _FONTS:
        for folder in _FOLDERS:
            path = Path(folder) / font
            if path.is_file():
                return path
    raise RenderError(
        f"no soundfont {_FONTS[0]} in {', '.join(_FOLDERS)}: install it (Debian/Ubuntu: apt-get install "
        "fluidr3mono-gm-soundfont) or set SOUNDFONT to an .sf2 or .sf3 file"
    )


def find_fluidsynth() -> str:
    """Name of the FluidSynth library. Raises RenderError that names the package to install."""
    library = find_library("fluidsynth")
    if library is None:
        raise RenderError(
            "no library libfluidsynth: install it (Debian/Ubuntu: apt-get install fluidsynth; macOS: brew "
            "install fluid-synth)"
        )
    return library


class StemSynth:
    """A synthesizer without effects that renders each MIDI channel by itself.

    Presets that were used stay loaded, so that a process decodes each of the soundfont's samples once. Notes
    begin on blocks of 64 samples, at most 2 ms late.

    Raises:
        RenderError: the library or the soundfont is missing or cannot be read.
    """

    def __init__(self) -> None:
        self._api = _library(find_fluidsynth())
        font = find_soundfont()
        self._settings = self._api.new_fluid_settings()
        for name, value in (
            ("synth.audio-channels", MAX_STEMS),
            ("synth.audio-groups", MAX_STEMS),
            ("synth.midi-channels", MAX_STEMS),
            ("synth.reverb.active", 0),
            ("synth.chorus.active", 0),
            ("synth.cpu-cores", 1),
            ("synth.polyphony", 128),
            ("synth.dynamic-sample-loading", 1),
        ):
            self._api.fluid_settings_setint(self._settings, name.encode(), value)
        for name, number in (("synth.sample-rate", float(SAMPLE_RATE)), ("synth.gain", 0.5)):
            self._api.fluid_settings_setnum(self._settings, name.encode(), number)
        # this synthesizer only keeps the soundfont; those that sound borrow it
        self._keeper = self._api.new_fluid_synth(self._settings)
        number = self._api.fluid_synth_sfload(self._keeper, str(font).encode(), 0)
        if number < 0:
            raise RenderError(f"{font}: FluidSynth cannot read this soundfont")
        self._font = self._api.fluid_synth_get_sfont_by_id(self._keeper, number)
        self._api.fluid_synth_remove_sfont(self._keeper, self._font)

    def stems(self, programs: Sequence[tuple[int, bool]], events: Sequence[Event], samples: int) -> Samples:
        """Mono stems [len(programs), samples], at most 16, each from silence.

        A fresh synthesizer plays them: one that has played before sounds a little different.

        Args:
            programs: (General MIDI program from 0, whether it is a drum kit) of each stem.
            events: in any order; a note's end before its next beginning at the same moment.
            samples: a multiple of 64.
        Raises:
            RenderError: too many stems, or the soundfont has no such program.
        """
        if len(programs) > MAX_STEMS:
            raise RenderError(f"{len(programs)} stems, at most {MAX_STEMS} can be rendered at a time")
        api = self._api
        synth = api.new_fluid_synth(self._settings)
        font = api.fluid_synth_add_sfont(synth, self._font)
        try:
            for channel, (program, drums) in enumerate(programs):
                self._select(synth, font, channel, program, drums)
            return self._play(synth, len(programs), events, samples)
        finally:
            api.fluid_synth_system_reset(synth)
            api.fluid_synth_remove_sfont(synth, self._font)
            api.delete_fluid_synth(synth)

    def _select(self, synth: int, font: int, channel: int, program: int, drums: bool) -> None:
        bank = _DRUM_BANK if drums else 0
        self._api.fluid_synth_pin_preset(synth, font, bank, program)
        if self._api.fluid_synth_program_select(synth, channel, font, bank, program) != 0:
            kind = "drum kit" if drums else "instrument"
            raise RenderError(f"the soundfont has no {kind} with program {program}")

    def _play(self, synth: int, count: int, events: Sequence[Event], samples: int) -> Samples:
        left = np.zeros((MAX_STEMS, samples), np.float32)
        right = np.zeros((MAX_STEMS, samples), np.float32)
        position = 0
        for seconds, channel, key, velocity in sorted(events, key=lambda event: (event[0], event[3] > 0)):
            moment = min(samples, round(seconds * SAMPLE_RATE / BLOCK) * BLOCK)
            if moment > position:
                self._write(synth, left, right, position, moment)
                position = moment
            if velocity:
                self._api.fluid_synth_noteon(synth, channel, key, velocity)
            else:
                self._api.fluid_synth_noteoff(synth, channel, key)
        if position < samples:
            self._write(synth, left, right, position, samples)
        return np.asarray((left[:count] + right[:count]) * 0.5, np.float32)

    def _write(self, synth: int, left: Samples, right: Samples, start: int, stop: int) -> None:
        rows = []
        for half in (left, right):
            first, stride = half.ctypes.data + 4 * start, half.strides[0]
            rows.append(_Pointers(*range(first, first + MAX_STEMS * stride, stride)))
        self._api.fluid_synth_nwrite_float(synth, stop - start, rows[0], rows[1], None, None)


@lru_cache(maxsize=1)
def stem_synth() -> StemSynth:
    """The process's synthesizer. Raises RenderError as `StemSynth` does."""
    return StemSynth()


def _library(name: str) -> Any:
    api = ctypes.CDLL(name)
    pointer, text, number, whole = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_double, ctypes.c_int
    for function, result, arguments in (
        ("new_fluid_settings", pointer, ()),
        ("fluid_settings_setint", whole, (pointer, text, whole)),
        ("fluid_settings_setnum", whole, (pointer, text, number)),
        ("new_fluid_synth", pointer, (pointer,)),
        ("delete_fluid_synth", None, (pointer,)),
        ("fluid_synth_sfload", whole, (pointer, text, whole)),
        ("fluid_synth_get_sfont_by_id", pointer, (pointer, whole)),
        ("fluid_synth_add_sfont", whole, (pointer, pointer)),
        ("fluid_synth_remove_sfont", whole, (pointer, pointer)),
        ("fluid_synth_system_reset", whole, (pointer,)),
        ("fluid_synth_pin_preset", whole, (pointer, whole, whole, whole)),
        ("fluid_synth_program_select", whole, (pointer, whole, whole, whole, whole)),
        ("fluid_synth_noteon", whole, (pointer, whole, whole, whole)),
        ("fluid_synth_noteoff", whole, (pointer, whole, whole)),
        ("fluid_synth_nwrite_float", whole, (pointer, whole, *4 * (pointer,))),
    ):
        entry = getattr(api, function)
        entry.restype, entry.argtypes = result, arguments
    for level in range(5):
        # without a log function the library is silent
        api.fluid_set_log_function(level, None, None)
    return api
