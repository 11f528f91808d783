"""The trackers that judge the bundled model, on sounds of which the answer is known."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.evaluation import clips as clips_module
from benchmarks.evaluation import codec as codec_part
from benchmarks.evaluation import material
from benchmarks.evaluation.clips import TOGETHER, Asked, Player, Wish, played
from benchmarks.evaluation.codec import steady
from benchmarks.evaluation.description import describe, stretched
from benchmarks.evaluation.features import RATE, level_db, log_mel, onset_rate, pieces
from benchmarks.evaluation.foreign import SPEECH, bursts, speech, sweeps
from benchmarks.evaluation.material import Cut, decoded_corpus, described
from benchmarks.evaluation.normality import ranges
from benchmarks.evaluation.probe import Probe
from benchmarks.evaluation.seams import auc, detectability
from benchmarks.evaluation.sketches import FAMILIES, sketch
from benchmarks.manner import DEFAULT, Manner
from genmodels.training.corpus.dataset import read_corpus, write_corpus
from genmodels.training.corpus.render import RenderError, find_fluidsynth, find_soundfont
from genmodels.training.corpus.scenes import scenes
from genmodels.training.corpus.styles import STYLE_NAMES
from tests.genmodels.tiny import tiny_musicgen


def tone(hz: float, seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    wave = 0.3 * np.sin(2 * np.pi * hz * rng.uniform(0.97, 1.03) * time + rng.uniform(0, 6))
    return (wave + 0.001 * rng.standard_normal(len(time))).astype(np.float32)


def clicks(per_second: float, seconds: float = 2.0, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    sound = 0.001 * rng.standard_normal(round(seconds * RATE))
    for at in np.arange(0.1, seconds - 0.05, 1.0 / per_second):
        first = round(at * RATE)
        sound[first : first + 600] += 0.5 * rng.standard_normal(600) * np.exp(-np.arange(600) / 120)
    return sound.astype(np.float32)


def can_render() -> bool:
    try:
        find_fluidsynth()
        find_soundfont()
    except RenderError:
        return False
    return True


def test_a_description_does_not_depend_on_the_level() -> None:
    np.testing.assert_allclose(
        describe(log_mel(clicks(5))), describe(log_mel(0.25 * clicks(5))), rtol=0.02, atol=0.05
    )
    assert level_db(0.5 * tone(440)) == pytest.approx(level_db(tone(440)) - 6.02, abs=0.01)


def test_another_tempo_keeps_the_spectrum() -> None:
    mel = log_mel(tone(440))
    slower = stretched(mel, 1.5)
    assert len(slower) == 1.5 * len(mel)
    np.testing.assert_allclose(slower.mean(0), mel.mean(0), atol=0.05)


def test_onsets_are_counted() -> None:
    assert onset_rate(clicks(4.0)) == pytest.approx(4.0, abs=0.6)
    assert len(pieces(tone(440, 2.1), 0.5)) == 4


def test_sketches_take_styles_and_leading_families_in_turn() -> None:
    bands = [sketch(seed)[0].style for seed in range(0, 2 * len(STYLE_NAMES), 2)]
    assert sorted(bands) == sorted(STYLE_NAMES)
    leads = [scenes(sketch(seed))[0].lead_family for seed in range(1, 2 * len(FAMILIES), 2)]
    assert sorted(leads) == sorted(FAMILIES)
    assert sketch(7) == sketch(7)


def test_a_clip_is_played_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(((0.0, Wish("piano")),), 1.0, kept_s=0.4)
    player = Player(tiny_musicgen("fp32"), tmp_path)
    assert player.missing_s([asked]) == 1.0
    first = player.play(asked)
    assert len(first) == round(0.4 * player.model.sample_rate)
    assert player.missing_s([asked]) == 0.0
    monkeypatch.setattr(clips_module, "Continuation", None)
    np.testing.assert_array_equal(player.play(asked), first)
    assert player.missing_s([Asked(((0.0, Wish("drums")),), 1.0)]) == 1.0
    assert Player(player.model, tmp_path, fresh=True).missing_s([asked]) == 1.0


def test_a_probe_tells_what_it_was_taught_and_knows_nothing_of_shuffled_labels() -> None:
    sounds = [
        make(seed)
        for seed in range(24)
        for make in (lambda s: tone(220, seed=s), lambda s: clicks(5, seed=s))
    ]
    described = np.array([describe(log_mel(sound)) for sound in sounds])
    labels = ["tone", "clicks"] * 24
    probe = Probe(("tone", "clicks"))
    probe.train(described[:32], labels[:32])
    assert probe.heard(described[32:]) == labels[32:]
    np.testing.assert_allclose(probe.probabilities(described).sum(1), 1.0, atol=1e-5)
    shuffled = np.random.default_rng(1).permutation(labels)
    assert np.mean(np.array(probe.heard(described)) == shuffled) < 0.75


def test_seams_are_found_where_there_are_any() -> None:
    rng = np.random.default_rng(3)
    noises = [0.1 * rng.standard_normal(20 * RATE).astype(np.float32) for _ in range(6)]
    boundaries, periods = [[5.0, 10.0, 15.0]] * len(noises), [0.53] * len(noises)
    assert 0.3 < detectability(noises, boundaries, periods) < 0.7
    for noise in noises:
        for second in boundaries[0]:
            noise[round(second * RATE) :] *= -3.0 if noise[0] > 0 else 0.3
    assert detectability(noises, boundaries, periods) > 0.9
    assert auc([1.0, 2.0], [0.0, 1.0]) == 0.875


def test_a_boundary_on_a_beat_is_compared_with_beats() -> None:
    beats = [clicks(2.0, 20.0, seed) for seed in range(4)]
    on_a_click = [[5.1, 10.1, 15.1]] * 4
    assert 0.3 < detectability(beats, on_a_click, [0.5] * 4) < 0.7


def test_what_leaves_the_usual_range_is_seen() -> None:
    usual = ranges([level * tone(440, 0.5, seed=n) for n, level in enumerate(np.linspace(0.5, 1.0, 20))])
    level = usual[0]
    assert level.share_inside([level_db(0.7 * tone(440))]) == 1.0
    assert level.share_inside([level_db(0.1 * tone(440))]) == 0.0


def test_a_clip_changes_its_wish_at_the_second_and_not_before() -> None:
    model = tiny_musicgen("fp32")
    wishes = (0.0, Wish("piano")), (0.6, Wish("drums"))
    clips = [Asked(wishes[:1], 1.2), Asked(wishes, 1.2)]
    (_, plain), (_, changed) = played(model, clips, DEFAULT)
    assert len(plain) == len(changed) == round(1.2 * model.sample_rate)
    first = int(np.flatnonzero(plain != changed)[0])
    rate = model.sample_rate
    assert round(0.55 * rate) <= first <= round(0.8 * rate)


def test_clips_that_are_played_together_are_those_that_are_played_alone() -> None:
    model = tiny_musicgen("fp32")
    lengths = np.random.default_rng(0).uniform(0.3, 3.0, TOGETHER + 3)
    clips = [Asked(((0.0, Wish("piano", seed=n)),), seconds) for n, seconds in enumerate(lengths)]
    reported: list[float] = []
    together = dict(played(model, clips, DEFAULT, reported.append))
    assert set(together) == set(clips)
    assert sum(reported) == pytest.approx(sum(lengths), abs=0.01)
    for clip in clips:
        ((_, alone),) = played(model, [clip], DEFAULT)
        np.testing.assert_allclose(together[clip], alone, atol=1e-5)


def test_another_manner_plays_other_clips_and_keeps_them_apart(tmp_path: Path) -> None:
    asked = Asked(((0.0, Wish("piano")),), 1.0)
    model = tiny_musicgen("fp32")
    usual, calm = Player(model, tmp_path), Player(model, tmp_path, manner=Manner(temperature=0.1))
    assert not np.array_equal(usual.play(asked), calm.play(asked))
    assert usual.folder != calm.folder
    assert calm.missing_s([asked]) == 0.0


def test_material_is_made_anew_where_an_item_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "items"
    if not can_render():
        pytest.skip("FluidSynth or the soundfont is not there")
    corpus = write_corpus(folder, 1, 970_001, composer=sketch)
    heard: list[str] = []

    def halved(codec: object, sound: np.ndarray) -> np.ndarray:
        heard.append("decoded")
        return 0.5 * sound

    monkeypatch.setattr(material, "through", halved)
    codec, cut = tiny_musicgen("fp32").compression_model, Cut(4.0, 4.0)
    first = described(decoded_corpus(corpus, codec, "items"), cut)
    again = described(decoded_corpus(corpus, codec, "items"), cut)
    np.testing.assert_array_equal(first.values, again.values)
    assert heard == ["decoded"]
    soundfile.write(str(corpus[0].audio_path), corpus[0].audio()[::-1], RATE)
    changed = described(decoded_corpus(read_corpus(folder), codec, "items"), cut)
    assert heard == ["decoded"] * 2
    assert len(changed.scenes) == len(first.scenes)
    assert not np.array_equal(changed.values, first.values)


def test_sounds_that_are_foreign_to_the_corpus_are_the_same_every_time_and_differ_from_one_another() -> None:
    for make in (bursts, sweeps):
        one, again = make(1.0), make(1.0)
        assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
        assert not np.array_equal(one[0], one[1])
        assert all(len(sound) == RATE and np.abs(sound).max() == pytest.approx(0.5) for sound in one)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not there")
def test_speech_is_spoken_as_long_as_asked() -> None:
    spoken = speech(2.0)
    assert len(spoken) == len(SPEECH)
    assert all(len(sound) == 2 * RATE and np.abs(sound).max() == pytest.approx(0.5) for sound in spoken)


def test_steady_noise_keeps_a_sounds_spectrum_and_nothing_of_its_time() -> None:
    sound = clicks(2.0, 4.0)
    noise = steady(sound, 0)
    np.testing.assert_allclose(
        np.abs(np.fft.rfft(noise))[1:-1], np.abs(np.fft.rfft(sound))[1:-1], rtol=0.02, atol=0.02
    )
    assert np.abs(noise).max() < 0.3 * np.abs(sound).max()


def test_a_codec_that_keeps_everything_has_no_distance_and_its_floor_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codec_part, "speech", lambda _: [])
    monkeypatch.setattr(codec_part, "through", lambda _, sound: sound)
    codec = tiny_musicgen("fp32").compression_model
    sounds = [clicks(3.0, 4.0), tone(220, 4.0)]
    figures = {figure.name: figure for figure in codec_part.codec_figures(codec, sounds)}
    for kind in ("held-out renders", "noise bursts", "sine sweeps"):
        assert figures[f"{kind}, mel distance"].value == pytest.approx(0.0, abs=1e-6)
        assert figures[f"{kind}, mel distance of steady noise"].value > 0.3
        assert figures[f"{kind}, SI-SDR"].value > 60 > figures[f"{kind}, SI-SDR of steady noise"].value
    assert np.isnan(figures["speech, mel distance"].value)
    assert figures["decode"].value > figures["encode and decode"].value > 0
