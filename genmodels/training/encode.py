"""Encodes a corpus with a trained codec.

`python -m genmodels.training.encode CORPUS CODEC_CHECKPOINT [CONFIG]`: for every `NNNNN.flac` a
`NNNNN.tokens.npz` appears beside it, holding `codes` [K, T] uint16 and a digest of the codec's weights; an
item already encoded by the same weights is left alone.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import soundfile
import torch
from rich.progress import track

from genmodels.codec.base import CompressionModel
from genmodels.codec.factory import build_codec
from genmodels.device import pick_device
from genmodels.errors import CheckpointError, GenModelsError
from genmodels.training.codec_start import start_weights
from genmodels.training.command import INTERRUPTED
from genmodels.training.config import load_config
from genmodels.training.train_codec import DEFAULT_CONFIG, CodecTraining


def trained_codec(checkpoint: Path, config: Path = DEFAULT_CONFIG) -> CompressionModel:
    """The codec of a training checkpoint, with its averaged weights, in evaluation mode.

    Raises:
        CheckpointError: there is no such file, or it is not of this codec.
    """
    weights = start_weights(str(checkpoint))
    codec = build_codec(load_config(CodecTraining, config, []).codec)
    try:
        codec.load_state_dict(weights)
    except RuntimeError as error:
        raise CheckpointError(f"{checkpoint}: does not fit {config}: {str(error).splitlines()[0]}") from error
    return codec.eval()


def fingerprint(codec: CompressionModel) -> str:
    """A short digest of the weights that make tokens, which are all but the decoder's; tokens of another
    digest are stale."""
    digest = hashlib.sha256()
    for name, value in sorted(codec.state_dict().items()):
        if name.startswith("decoder."):
            continue
        digest.update(name.encode())
        digest.update(value.float().numpy().tobytes())
    return digest.hexdigest()[:16]


def encode_corpus(folder: Path, codec: CompressionModel, device: torch.device) -> int:
    """Encodes what is not yet encoded in `folder`; returns how many items were written."""
    mark = fingerprint(codec)
    codec = codec.to(device)
    done = 0
    for path in track(sorted(folder.glob("*.flac")), description=f"encoding {folder}"):
        target = path.with_suffix(".tokens.npz")
        if target.exists() and str(np.load(target)["codec"]) == mark:
            continue
        samples, _ = soundfile.read(path, dtype="float32")
        with torch.inference_mode():
            codes, _ = codec.encode(torch.from_numpy(samples)[None, None].to(device))
        temporary = target.with_suffix(".part")
        with open(temporary, "wb") as file:
            np.savez(file, codes=codes[0].cpu().numpy().astype(np.uint16), codec=np.array(mark))
        os.replace(temporary, target)
        done += 1
    return done


def main(arguments: list[str]) -> int:
    """Command line; returns the exit code."""
    if not 2 <= len(arguments) <= 3:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        config = Path(arguments[2]) if len(arguments) == 3 else DEFAULT_CONFIG
        codec = trained_codec(Path(arguments[1]), config)
        count = encode_corpus(Path(arguments[0]), codec, pick_device("auto"))
    except GenModelsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"{count} items encoded")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
