"""Renders pieces to audio with the FluidSynth command line and a General MIDI soundfont."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import soundfile

from genmodels.errors import GenModelsError
from genmodels.training.corpus.piece import Piece, Track

SAMPLE_RATE = 32000
HOP_LENGTH = 640
TARGET_RMS = 10.0 ** (-20.0 / 20.0)
PEAK_LIMIT = 10.0 ** (-1.0 / 20.0)
_TICKS_PER_BEAT = 10000
_TEMPO_US = 500_000
_TICKS_PER_SECOND = _TICKS_PER_BEAT * 1_000_000 // _TEMPO_US
_RENDER_TAIL_S = 0.5
_DRUM_CHANNEL = 9
_SYNTH_OPTIONS = (
    "synth.cpu-cores=1",
    "synth.dynamic-sample-loading=1",
    "synth.polyphony=128",
    "synth.reverb.room-size=0.35",
    "synth.reverb.damp=0.4",
    "synth.reverb.level=0.35",
    "synth.reverb.width=0.5",
)
_FOLDERS = (
    "/usr/share/sounds/sf3",
    "/usr/share/sounds/sf2",
    "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts",
)
_FONTS = ("FluidR3Mono_GM.sf3", "FluidR3_GM.sf2", "FluidR3_GM2-2.sf2", "default-GM.sf3", "default-GM.sf2")


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
    """Path of the fluidsynth program. Raises RenderError that names the package to install."""
    program = shutil.which("fluidsynth")
    if program is None:
        raise RenderError(
            "no program fluidsynth on PATH: install it (Debian/Ubuntu: apt-get install fluidsynth)"
        )
    return program


def write_midi(piece: Piece, path: Path) -> None:
    """The piece as a standard MIDI file whose ticks are 50 microseconds, whatever its tempo."""
    midi = mido.MidiFile(type=1, ticks_per_beat=_TICKS_PER_BEAT)
    channel = 0
    for track in piece.tracks:
        if channel == _DRUM_CHANNEL:
            channel += 1
        midi.tracks.append(_midi_track(piece, track, _DRUM_CHANNEL if track.is_drums else channel))
        channel += 0 if track.is_drums else 1
    midi.save(str(path))


def render(piece: Piece) -> np.ndarray:
    """The piece as float32 mono at 32 kHz, `[frames * 640]` samples in -1..1.

    Cut at the last whole frame of its last bar; RMS about -20 dBFS, peaks under -1 dBFS.
    Raises RenderError."""
    program, font = find_fluidsynth(), find_soundfont()
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        midi, wav = Path(folder) / "piece.mid", Path(folder) / "piece.wav"
        write_midi(piece, midi)
        command = [
            program, "-ni", "-q", "-F", str(wav), "-T", "wav", "-O", "float",
            "-r", str(SAMPLE_RATE), "-g", "0.3", "-C", "0", "-R", "1",
            *(word for option in _SYNTH_OPTIONS for word in ("-o", option)),
            str(font), str(midi),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or not wav.is_file():
            raise RenderError(
                f"fluidsynth failed on seed {piece.seed} (exit {done.returncode}): {done.stderr[-500:]}"
            )
        stereo, _ = soundfile.read(str(wav), dtype="float32", always_2d=True)
    return _finish(piece, stereo.mean(axis=1))


def frame_count(piece: Piece) -> int:
    """Whole frames of 640 samples in the piece."""
    return int(piece.duration_s * SAMPLE_RATE) // HOP_LENGTH


def _finish(piece: Piece, audio: np.ndarray) -> np.ndarray:
    samples = frame_count(piece) * HOP_LENGTH
    if len(audio) < samples:
        raise RenderError(
            f"fluidsynth made {len(audio)} samples of seed {piece.seed}, at least {samples} expected"
        )
    audio = audio[:samples].astype(np.float32)
    if piece.cutoff_hz:
        audio = _low_pass(audio, piece.cutoff_hz)
    audio = audio * (TARGET_RMS / max(_rms(audio), 1e-9))
    if piece.drive:
        audio = np.tanh(audio * piece.drive) / piece.drive
        audio = audio * (TARGET_RMS / max(_rms(audio), 1e-9))
    return _limit(audio)


def _limit(audio: np.ndarray) -> np.ndarray:
    """Under the limit: by gain down to half, and what still exceeds 60 % of the limit bends by tanh."""
    peak = float(np.abs(audio).max())
    if peak <= PEAK_LIMIT:
        return audio
    audio = audio * max(PEAK_LIMIT / peak, 0.5)
    knee = PEAK_LIMIT * 0.6
    over = np.abs(audio) - knee
    room = PEAK_LIMIT - knee
    bent = np.sign(audio) * (knee + room * np.tanh(np.maximum(over, 0.0) / room))
    return np.where(over > 0, bent, audio).astype(np.float32)


def _low_pass(audio: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Zero-phase roll-off of 12 dB an octave, in the spectrum of the whole piece."""
    size = 1 << (len(audio) - 1).bit_length()
    spectrum = np.fft.rfft(audio, size)
    frequencies = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    shaped = np.fft.irfft(spectrum / (1.0 + (frequencies / cutoff_hz) ** 2), size)
    return shaped[: len(audio)].astype(np.float32)


def _rms(audio: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))


def _midi_track(piece: Piece, track: Track, channel: int) -> mido.MidiTrack:
    seconds = piece.seconds_per_beat
    end = piece.duration_s + _RENDER_TAIL_S
    events: list[tuple[float, int, mido.Message]] = [
        (0.0, 0, mido.Message("program_change", channel=channel, program=track.program)),
        (0.0, 0, mido.Message("control_change", channel=channel, control=7, value=track.volume)),
    ]
    for note in track.notes:
        on = note.start * seconds
        off = max(on + 0.02, (note.start + note.length) * seconds)
        events.append(
            (on, 2, mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity))
        )
        events.append((off, 1, mido.Message("note_off", channel=channel, note=note.pitch)))
    if track.pump:
        events.extend(_pump(piece, channel))
    result = mido.MidiTrack()
    result.append(mido.MetaMessage("set_tempo", tempo=_TEMPO_US))
    now = 0
    for time, _, message in sorted(events, key=lambda event: event[:2]):
        tick = max(now, round(min(time, end) * _TICKS_PER_SECOND))
        result.append(message.copy(time=tick - now))
        now = tick
    result.append(
        mido.Message("control_change", channel=channel, control=3, value=0, time=_end_tick(end) - now)
    )
    result.append(mido.MetaMessage("end_of_track", time=0))
    return result


def _end_tick(end_s: float) -> int:
    return round(end_s * _TICKS_PER_SECOND) + 1


def _pump(piece: Piece, channel: int) -> list[tuple[float, int, mido.Message]]:
    """Expression that falls on each beat and rises again: the side-chain of dance music."""
    curve = ((0.0, 50), (0.12, 65), (0.25, 90), (0.38, 110), (0.5, 124))
    return [
        ((beat + part) * piece.seconds_per_beat, 0,
         mido.Message("control_change", channel=channel, control=11, value=value))
        for beat in range(piece.bars * piece.beats_per_bar)
        for part, value in curve
    ]  # fmt: skip
