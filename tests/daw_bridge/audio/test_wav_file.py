from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from daw_bridge.audio import wav_file
from daw_bridge.audio.wav_file import Music, chunks, write_wav


def written(path: Path, music: Music, frames: int = 4801, channels: int = 1) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = rng.uniform(-1, 1, (frames, channels)).astype(np.float32)
    write_wav(path, (sound[:1000], sound[1000:]), frames, channels, 48000, chunks(music, 48000, frames))
    return sound


@pytest.mark.parametrize("channels", [1, 2])
def test_another_library_reads_the_same_samples(channels: int, tmp_path: Path) -> None:
    sound = written(tmp_path / "a.wav", Music(92.0, 12.0), channels=channels)
    back, rate = soundfile.read(tmp_path / "a.wav", always_2d=True)
    assert rate == 48000
    assert soundfile.info(tmp_path / "a.wav").subtype == "PCM_24"
    assert np.abs(back - sound).max() < 1.3 / 2**23
    assert back.shape == sound.shape


def test_another_library_reads_tempo_metre_key_loop_and_bars(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", Music(92.5, 9.0, 3, "Bb minor", True, (0, 1600, 3200)))
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        said = file.extra_info
    facts = {
        name.strip(): value.strip() for name, _, value in (line.partition(":") for line in said.splitlines())
    }
    assert facts["Meter"] == "3/4"
    assert (float(facts["Tempo"]), facts["Beats"], facts["Root note"]) == (92.5, "9", "0x46")
    assert facts["Count"] == "3"
    assert "Offset :  3200" in said
    assert "Start :     0  End :  4800" in said


def test_what_is_no_loop_says_so(tmp_path: Path) -> None:
    written(tmp_path / "a.wav", Music(120.0, 4.0, loop=False))
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert "smpl" not in file.extra_info


@pytest.mark.parametrize("frames", [33, 34])
def test_what_is_too_long_for_a_wav_is_an_rf64_with_all_its_chunks(
    frames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wav_file, "MAX_BYTES", 33 * 3)
    sound = written(tmp_path / "a.wav", Music(92.0, 12.0, cues=(0, 16)), frames)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.format, info.frames) == ("RF64" if frames == 34 else "WAV", frames)
    assert np.abs(soundfile.read(tmp_path / "a.wav", always_2d=True)[0] - sound).max() < 1.3 / 2**23
    head = (tmp_path / "a.wav").read_bytes()[: -3 * frames]
    assert all(name in head for name in (b"acid", b"cue ", b"smpl"))
    assert len(info.extra_info.splitlines()) > 5


def test_full_scale_is_clipped_not_wrapped() -> None:
    assert (
        wav_file.pcm_24(np.array([[1.5, -1.5, 0.0]], np.float32)) == b"\xff\xff\x7f\x00\x00\x80\x00\x00\x00"
    )
