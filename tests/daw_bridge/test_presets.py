from __future__ import annotations

from pathlib import Path

import pytest

from daw_bridge.errors import PresetError
from daw_bridge.options import Setup
from daw_bridge.presets import bundled, load


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def test_a_section_for_controllers_is_read_and_its_scenes_are_checked(tmp_path: Path) -> None:
    text = "tempo: 90\nmidi:\n  scenes: {drop: {values: {%s}}}\n  map: [{note: 36, scene: drop}]\n"
    setup = load(write(tmp_path, text % "deck: {1: {top_k: 3}}, gain: -6"))
    assert values(setup) == {"/bridge/tempo": (90.0,)}
    scene = setup.midi.scenes["drop"]
    assert {a.text: v for a, v in scene.values} == {"/bridge/deck/1/top_k": (3,), "/bridge/gain": (-6.0,)}
    with pytest.raises(PresetError, match=r"mine\.yaml: midi\.scenes\.drop: gain.*-60\.\.12"):
        load(write(tmp_path, text % "gain: 99"))
    with pytest.raises(PresetError, match="model is fixed while the daemon runs"):
        load(write(tmp_path, text % "model: other"))


def test_the_controllers_of_another_file_replace_those_of_the_preset(tmp_path: Path) -> None:
    path = write(tmp_path, "tempo: 90\nmidi:\n  map: [{cc: 1, to: gain}]\n")
    setup = load("lofi", [f"midi={path}"])
    assert setup.midi.bindings[0].source.control.number == 1
    assert values(setup)["/bridge/tempo"] == (84.0,)
    with pytest.raises(PresetError, match=r"lofi.*midi"):
        load(path, ["midi=lofi"])


def values(setup: Setup) -> dict[str, tuple[object, ...]]:
    return {address.text: given for address, given in setup.values}


@pytest.mark.parametrize("name", bundled())
def test_every_bundled_preset_is_valid_and_says_what_it_is_for(name: str) -> None:
    setup = load(name)
    assert setup.options["title"]
    assert setup.options["about"]
    assert "/bridge/deck/1/prompt" in values(setup)


def test_the_four_promised_presets_are_there() -> None:
    assert {"lofi", "techno", "ambient", "jazz"} <= set(bundled())


def test_nested_flat_and_whole_addresses_mean_the_same(tmp_path: Path) -> None:
    nested = load(write(tmp_path, "deck:\n  1:\n    top_k: 9\n    chroma/enable: false\n"))
    flat = load(write(tmp_path, "deck.1.top_k: 9.0\n/bridge/deck/1/chroma/enable: 0\n"))
    assert values(nested) == values(flat)
    assert values(nested) == {"/bridge/deck/1/top_k": (9,), "/bridge/deck/1/chroma/enable": (False,)}


def test_words_of_the_command_line_overrule_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "tempo: 90\nport: 7500\ndeck.1.prompt: old\n")
    setup = load(path, ["tempo=100.5", "port=0", "deck.1.prompt=a: [new] 808, {one}"])
    assert setup.options["port"] == 0
    assert values(setup) == {"/bridge/tempo": (100.5,), "/bridge/deck/1/prompt": ("a: [new] 808, {one}",)}


def test_weighted_prompts_and_chroma_are_lists(tmp_path: Path) -> None:
    setup = load(write(tmp_path, "deck.1.prompts: [808, 0.5, piano, 1]\n"), ["deck.2.prompts=[a, 1, b, 0.5]"])
    assert values(setup)["/bridge/deck/1/prompts"] == ("808", 0.5, "piano", 1.0)
    assert values(setup)["/bridge/deck/2/prompts"] == ("a", 1.0, "b", 0.5)


def test_using_a_deck_makes_it(tmp_path: Path) -> None:
    assert load(None, ["deck.3.gain=-6"]).player_options().decks == 3
    with pytest.raises(PresetError, match="deck 3"):
        load(None, ["deck.3.gain=-6", "decks=2"])


def test_player_options_have_paths_and_the_defaults() -> None:
    options = load(None, ["record=~/a.wav", "device=null", "lookahead_ms=500"]).player_options()
    assert options.record == Path("~/a.wav").expanduser()
    assert (options.device, options.lookahead_ms, options.model) == ("null", 500.0, "mini")
    assert load().player_options().record is None


def test_the_allow_list_is_words_or_a_yaml_list(tmp_path: Path) -> None:
    assert load(write(tmp_path, "allow: [10.0.0.1, 10.1.0.0/16]\n")).allow == ("10.0.0.1", "10.1.0.0/16")
    assert load(None, ["allow=10.0.0.1,10.0.0.2"]).allow == ("10.0.0.1", "10.0.0.2")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("deck.1.temperature: 3", ["deck.1.temperature", "3", "0..2"]),
        ("deck.1.promt: x", ["deck.1.promt", "deck.1.prompt"]),
        ("tempo: fast", ["tempo", "fast", "40..240"]),
        ("tempo:", ["tempo", "None", "40..240"]),
        ("port: 99999", ["port", "99999", "0..65535"]),
        ("compute: tpu", ["compute", "tpu", "cuda"]),
        ("sample_rate: 7999", ["sample_rate", "7999", "8000..384000, or 0"]),
        ("blocksize: 1", ["blocksize", "16..8192, or 0"]),
        ("deck.9.gain: 0", ["deck.9.gain"]),
        ("deck: {1: {prompts: [a]}}", ["deck.1.prompts", "1 to 4 times"]),
        ("deck.1.start: now", ["deck.1.start"]),
        ("tempo: [", ["cannot be read"]),
        ("just words", ["just words"]),
        ("tempo: ${nowhere}", ["cannot be read"]),
    ],
)
def test_a_wrong_file_is_one_error_that_names_file_key_and_range(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PresetError) as refusal:
        load(path)
    message = str(refusal.value)
    assert "\n" not in message
    assert all(word in message for word in [str(path), *words])


@pytest.mark.parametrize("word", ["tempo", "tempo=1000", "=1", "nothing=1", "deck.1.top_k=[1"])
def test_a_wrong_word_names_the_command_line(word: str) -> None:
    with pytest.raises(PresetError, match="command line"):
        load(None, [word])


def test_a_missing_preset_lists_the_bundled_ones() -> None:
    with pytest.raises(PresetError, match="lofi"):
        load("nowhere")
