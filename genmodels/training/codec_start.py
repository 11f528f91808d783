"""What a codec's training starts from: a trained codec's weights, or random ones that carry the signal."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from genmodels.checkpoints.bundled import BUNDLED, load_mini
from genmodels.codec.encodec import EncodecModel
from genmodels.training.loop import averaged_weights


@torch.no_grad()
def carry_signal(codec: EncodecModel) -> None:
    """Sets the random start of a SEANet so that each convolution keeps the level of what it is given.

    Torch's own start divides it by sqrt(3) a layer: latents begin at a tenth of the audio's level, drowned
    by constant offsets, and the codec stays for hundreds of steps at the average spectrum.
    """
    for name, parameter in codec.named_parameters():
        if name.endswith("weight_g"):
            parameter.mul_(3**0.5)
        elif name.endswith(".bias") and "lstm" not in name:
            parameter.zero_()


def start_weights(name: str) -> dict[str, Tensor]:
    """The codec's state dict of `name`: a training's checkpoint.pt (its averaged weights), the folder of a
    model, or 'mini', the bundled one.

    Raises:
        CheckpointError: there is nothing of the kind there.
    """
    path = BUNDLED if name == "mini" else Path(name)
    if path.is_dir():
        return load_mini(folder=path)[0].state_dict()
    return averaged_weights(path)
