"""The page docs/models.md: published models, what proves each, and the reference of genmodels' public API."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import genmodels
from genmodels.checkpoints.names import MODELS, PublishedModel

ROOT = Path(__file__).resolve().parent.parent

INTRODUCTION = """# Models

Generated from the table of names and the docstrings of `genmodels` by `make docs`; do not edit.

```python
from genmodels import MusicGen

model = MusicGen.get_pretrained("mini")            # ours, comes with the package
model = MusicGen.get_pretrained("small")           # facebook/musicgen-small, fetched on first use
model = MusicGen.get_pretrained("path/to/folder")  # of state_dict.bin, or of config.json
sound = model.generate(["warm lo-fi piano, soft drums"], seed=1)   # [B, C, T] float32
```

- A name is one of the table below, a Hugging Face hub id, a folder, a file (its codec lies beside it), or an
  https URL of a file.
- **AudioCraft's format** (`state_dict.bin`, `compression_state_dict.bin`) of the first release and of today,
  and **Transformers' format** (`config.json` with safetensors or `pytorch_model.bin`, also sharded) are told
  apart by the files. Where a model has both, AudioCraft's is taken.
- Fetched files are kept in `AUDIOCRAFT_CACHE_DIR`, or in the hub's cache (`HF_HOME`). What is there is used
  without asking the hub; with `HF_HUB_OFFLINE=1` it is never asked. T5, MERT and CLAP are kept in the hub's
  cache.
- No code from a file ever runs: pickled files are read with `weights_only`. AudioCraft's training checkpoints
  have to be exported first, with its `audiocraft.utils.export`.
- `daw-bridge models` says what is on this machine.
"""

LIMITS = """What could not be proven without the published weights: that the files on the hub have exactly the
layout that is written down in the tests (names and shapes of all tensors, keys of the configuration), and
how the models sound. Everything else is proven with random weights: in the layouts of the published files,
in small geometries, against Transformers' independent implementation; and in the real geometries by names,
shapes and sizes.
"""


@dataclass(frozen=True)
class Proof:
    """What shows that a part works.

    Args:
        part: in words.
        tests: as path below tests/genmodels, '::', name.
        open: what needs the published weights; empty if nothing does.
    """

    part: str
    tests: tuple[str, ...]
    open: str = ""


_AUDIOCRAFT = "checkpoints/test_audiocraft_format.py::"
_TRANSFORMERS = "checkpoints/test_transformers_format.py::"
_GEOMETRY = "checkpoints/test_published_geometries.py::"
_MELODY = "checkpoints/test_melody_and_style.py::"

PROOFS = (
    Proof(
        "MusicGen small, medium, large",
        (
            _AUDIOCRAFT + "test_greedy_tokens_and_sound_equal_those_of_transformers_with_the_same_weights",
            _TRANSFORMERS + "test_greedy_tokens_and_sound_equal_those_of_transformers",
            "lm/test_transformers_parity.py::"
            "test_real_geometry_gives_the_logits_and_the_greedy_tokens_of_transformers",
            _GEOMETRY + "test_sizes_are_those_of_the_published_files",
        ),
        "sound of the published weights",
    ),
    Proof(
        "MusicGen stereo (five models)",
        (
            _AUDIOCRAFT + "test_greedy_tokens_and_sound_equal_those_of_transformers_with_the_same_weights",
            _TRANSFORMERS + "test_greedy_tokens_and_sound_equal_those_of_transformers",
            "codec/test_stereo.py::test_streamed_decode_equals_full_decode",
            _GEOMETRY + "test_a_published_geometry_has_the_size_that_the_table_states",
        ),
        "sound of the published weights",
    ),
    Proof(
        "MusicGen melody, melody-large",
        (
            _MELODY + "test_greedy_tokens_of_a_melody_model_equal_those_of_transformers",
            "lm/test_melody_parity.py::test_chroma_equals_that_of_transformers",
            "generate/test_recordings.py::test_every_window_hears_its_own_part_of_the_recording",
            _GEOMETRY + "test_every_tensor_of_the_layout_has_its_place_and_shape",
        ),
        "sound of the published weights; stems of demucs",
    ),
    Proof(
        "MusicGen style",
        (
            _MELODY + "test_a_style_model_loads_and_hears_its_recording",
            "conditioning/test_style.py::test_parameters_have_the_published_names",
            "generate/test_recordings.py::test_double_guidance_follows_its_formula",
            _GEOMETRY + "test_every_tensor_of_the_layout_has_its_place_and_shape",
        ),
        "equality with another implementation: Transformers has none; MERT's published weights",
    ),
    Proof(
        "AudioGen medium",
        (
            _AUDIOCRAFT + "test_audiogen_plays_its_checkpoint_and_names_are_kept_to_their_kind",
            _AUDIOCRAFT + "test_window_stride_and_kind_come_from_the_configuration",
            _GEOMETRY + "test_sizes_are_those_of_the_published_files",
        ),
        "sound of the published weights",
    ),
    Proof(
        "EnCodec 32, 24 and 16 kHz",
        (
            "codec/test_encodec_parity.py::test_full_width_gives_the_reference_codes_and_audio",
            "codec/test_encodec_streaming.py::test_any_chunking_equals_the_full_decode",
            _AUDIOCRAFT + "test_the_codec_decodes_as_written",
            _GEOMETRY + "test_the_published_codecs_have_their_sizes_and_names",
        ),
        "sound of the published weights",
    ),
    Proof(
        "EnCodec 48 kHz",
        (
            "codec/test_transformers_codec.py::test_codes_scale_and_audio_are_those_of_transformers",
            _GEOMETRY + "test_codecs_of_transformers_have_their_sizes",
        ),
        "sound of the published weights; it is not streamed",
    ),
    Proof(
        "DAC 44.1, 24 and 16 kHz",
        (
            "codec/test_dac.py::test_full_width_codes_and_audio_are_those_of_transformers",
            "codec/test_dac.py::test_streamed_decode_equals_full_decode_for_any_chunking",
            _GEOMETRY + "test_codecs_of_transformers_have_their_sizes",
        ),
        "sound of the published weights",
    ),
    Proof(
        "mini",
        (
            "checkpoints/test_bundled.py::test_it_plays_under_all_its_conditions",
            "checkpoints/test_bundled.py::test_the_compiled_decoder_agrees_even_more",
        ),
    ),
    Proof(
        "Codebook patterns: delay, parallel, unroll, coarse first, musiclm",
        (
            "lm/test_patterns.py::test_sequences_are_built_as_by_the_definition_and_reverted_to_the_codes",
            "lm/test_pattern_generation.py::test_greedy_generation_equals_the_plain_loop",
        ),
    ),
    Proof(
        "Text by T5 and FLAN-T5",
        ("conditioning/test_t5.py::test_texts_are_encoded_and_empty_ones_are_zero",),
        "published T5 weights",
    ),
    Proof(
        "Text and sound by CLAP",
        ("conditioning/test_clap.py::test_a_model_generates_under_clap_and_guidance_strengthens_it",),
        "equality with AudioCraft's CLAP, whose checkpoint has another format",
    ),
    Proof(
        "Long form, streamed",
        (
            "generate/test_continuation.py::test_tokens_equal_the_offline_long_form_past_two_boundaries",
            "generate/test_recordings.py::test_the_stream_equals_the_offline_long_form_past_two_boundaries",
        ),
    ),
    Proof(
        "First-release files, redirects, damaged and foreign files, offline",
        (
            _AUDIOCRAFT + "test_first_release_and_older_attention_names_give_the_same_model",
            _AUDIOCRAFT + "test_a_codec_may_be_another_ones_name",
            _AUDIOCRAFT + "test_a_damaged_file_is_named",
            _AUDIOCRAFT + "test_a_pickle_with_code_is_refused_and_not_run",
            "checkpoints/test_files.py::test_an_alias_is_found_in_the_cache_without_the_network",
        ),
    ),
)

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Generating",
        ("generate.musicgen.MusicGen", "generate.audiogen.AudioGen", "generate.pretrained.get_pretrained",
         "generate.base.BaseGenModel", "generate.base.GenerationParams",
         "generate.continuation.Continuation"),
    ),
    (
        "Loading",
        ("checkpoints.loading.load_model", "checkpoints.loading.load_lm", "checkpoints.loading.load_codec",
         "checkpoints.loading.LoadedModel", "checkpoints.loading.LoadedLm",
         "checkpoints.names.PublishedModel", "checkpoints.bundled.load_mini", "checkpoints.bundled.save_mini",
         "checkpoints.builders.build_lm", "checkpoints.builders.build_conditioner",
         "codec.factory.build_codec", "device.pick_device", "device.release_memory"),
    ),
    (
        "Conditions",
        ("conditioning.attributes.Conditions", "conditioning.attributes.WeightedPrompt",
         "conditioning.recording.Recording", "conditioning.timing.Transport",
         "conditioning.harmony.ConstantChroma", "conditioning.harmony.ChordProgression",
         "conditioning.fuser.ConditionFuser", "conditioning.t5.T5Conditioner",
         "conditioning.text.WordTextEncoder", "conditioning.clap.ClapConditioner",
         "conditioning.chroma_stem.ChromaStemConditioner", "conditioning.style.StyleConditioner",
         "conditioning.chroma.ChromaFrameConditioner", "conditioning.transport.TransportConditioner"),
    ),
    (
        "Language model",
        ("lm.model.LMModel", "lm.sampling.SamplingParams", "lm.decoder.make_decoder",
         "lm.patterns.DelayedPatternProvider", "lm.patterns.ParallelPatternProvider",
         "lm.patterns.UnrolledPatternProvider", "lm.patterns.CoarseFirstPattern",
         "lm.patterns.MusicLMPattern", "lm.patterns.build_pattern_provider"),
    ),
    (
        "Codecs",
        ("codec.base.CompressionModel", "codec.base.StreamingDecoder", "codec.encodec.EncodecModel",
         "codec.seanet.SEANetConfig", "codec.stereo.InterleaveStereoCodec", "codec.dac.DacCodec",
         "codec.transformers_codec.TransformersCodec", "codec.spectral.SpectralCodec"),
    ),
)  # fmt: skip


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A Markdown table."""
    names = list(head)
    yield f"| {' | '.join(names)} |"
    yield f"|{'---|' * len(names)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def model_row(model: PublishedModel) -> tuple[str, ...]:
    """Cells of a published model."""
    names = ", ".join(f"`{name}`" for name in (model.name, *model.aliases))
    count = "" if model.parameters is None else f"{model.parameters / 1e6:,.1f} M"
    size = f"{model.size / 1e6:,.0f} MB" if model.size else "none"
    sound = f"{model.sample_rate:,} Hz {'stereo' if model.channels == 2 else 'mono'}"
    window = "" if model.window is None else f"{model.window:g} s"
    return names, model.kind, count, size, sound, window, ", ".join(model.needs), model.licence


def proof_row(proof: Proof) -> tuple[str, ...]:
    """Cells of a proof; the tests must exist.

    Raises:
        SystemExit: one does not.
    """
    for test in proof.tests:
        path, _, name = test.partition("::")
        if name not in functions(ROOT / "tests" / "genmodels" / path):
            raise SystemExit(f"docs/models.md names the test {test}, which does not exist")
    return proof.part, "<br>".join(f"`{test}`" for test in proof.tests), proof.open or "nothing"


def functions(path: Path) -> set[str]:
    """Names of the functions in a file; none if there is no such file."""
    if not path.is_file():
        return set()
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}


def reference(path: str) -> Iterator[str]:
    """Signature and docstring of one class (with its public methods) or function."""
    module, _, name = path.rpartition(".")
    thing = getattr(import_module(f"{genmodels.__name__}.{module}"), name)
    yield f"### {name}"
    yield ""
    yield from entry(f"genmodels.{module}.{name}", thing)
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if member.startswith("_") or not inspect.isfunction(function) or not inspect.getdoc(function):
                continue
            yield from entry(f"{name}.{member}", function, isinstance(value, property))


def entry(title: str, thing: Any, is_property: bool = False) -> Iterator[str]:
    """One signature with its docstring, as it is in the code."""
    yield "```text"
    yield title + (f"  ->  {thing.__annotations__.get('return')}" if is_property else signature(thing))
    doc = inspect.getdoc(thing) or ""
    yield ""
    yield from (f"    {line}" if line else "" for line in doc.splitlines())
    yield "```"
    yield ""


def signature(thing: Any) -> str:
    """The call, one argument a line where it is long."""
    found = inspect.signature(thing)
    arguments = []
    starred = False
    for name, value in found.parameters.items():
        if name == "self":
            continue
        starred = starred or value.kind is value.VAR_POSITIONAL
        if value.kind is value.KEYWORD_ONLY and not starred:
            arguments.append("*")
            starred = True
        arguments.append(argument(value))
    returned = "" if found.return_annotation in (found.empty, "None") else f" -> {found.return_annotation}"
    short = f"({', '.join(arguments)}){returned}"
    if len(short) <= 70:
        return short
    return "(\n" + "".join(f"    {item},\n" for item in arguments) + f"){returned}"


def argument(value: inspect.Parameter) -> str:
    """One argument with type and default."""
    star = {value.VAR_POSITIONAL: "*", value.VAR_KEYWORD: "**"}.get(value.kind, "")
    kind = "" if value.annotation is value.empty else f": {value.annotation}"
    shown = value.default
    if isinstance(shown, Path):
        # the same wherever the repository lies
        shown = shown.relative_to(ROOT).as_posix()
    default = "" if shown is value.empty else f" = {shown!r}"
    return f"{star}{value.name}{kind}{default}"


def page() -> str:
    """The whole page."""
    lines = [INTRODUCTION, "## Names", ""]
    head = ("name", "kind", "parameters", "to fetch", "sound", "window", "also fetched", "licence")
    lines += table(head, map(model_row, MODELS))
    lines += ["", "## What proves them", ""]
    lines += table(("", "tests (below tests/genmodels)", "not proven here"), map(proof_row, PROOFS))
    lines += ["", LIMITS]
    for title, paths in SECTIONS:
        lines += [f"## {title}", ""]
        for path in paths:
            lines += reference(path)
    return "\n".join(lines).rstrip() + "\n"
