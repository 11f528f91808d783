"""The style of a recording through a narrow bottleneck (MusicGen-Style, arXiv 2407.12563)."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.codec.base import CompressionModel
from genmodels.codec.quantize import ResidualVectorQuantizer
from genmodels.conditioning.base import ConditionTensor, WaveformConditioner
from genmodels.conditioning.mert import feature_width, load_mert, mert_features
from genmodels.errors import ConfigError
from genmodels.lm.transformer import Attention, sinusoidal_positions

Scale = Literal["none", "xsmall", "default", "large"]

_SCALES: dict[str, tuple[int, int, int]] = {
    "none": (512, 8, 0),
    "xsmall": (256, 8, 4),
    "default": (512, 8, 8),
    "large": (1024, 16, 24),
}
"""Width, heads and layers."""

_MIN_EXCERPT_S = 0.1


class StyleConditioner(WaveformConditioner):
    """What a recording sounds like, but not what it plays.

    An excerpt goes through a frozen listener (MERT, or the tokens of a codec), a transformer that sees all of
    it, a normalisation, and a residual vector quantizer of few codebooks; of the result every `ds_factor`th
    frame is kept. An absent recording is zero.

    The excerpt is the middle of what is heard. (AudioCraft draws its place from the global random state; but
    the same recording must give the same music.) A recording that is shorter is taken whole.

    The listener is not part of the state dict: published checkpoints do not carry it.

    Args:
        output_dim: width of the language model.
        sample_rate: at which it hears, in Hz.
        model_name: the listener, 'mert' or 'encodec'.
        transformer_scale: 'none', 'xsmall' (256 wide, 4 layers), 'default' (512, 8) or 'large' (1024, 24).
        ds_factor: every which frame is kept, >= 1; 15 of MERT's 75 a second leave 5.
        encodec_n_q: codebooks of the codec that are listened to.
        n_q_out: codebooks of the bottleneck; 0 leaves it out.
        eval_q: how many of them are used, in [1, n_q_out].
        excerpt_length: seconds that are listened to.
        bins: entries a codebook.
        mert: hub name or folder of a MERT.
        compression_model: the codec, for 'encodec'.
    Raises:
        ConfigError: an argument is out of range, or the codec is missing.
        CheckpointError: the MERT cannot be loaded.
    """

    _mert: nn.Module | None
    _codec: CompressionModel | None

    def __init__(
        self,
        output_dim: int,
        sample_rate: int = 32000,
        model_name: Literal["mert", "encodec"] = "mert",
        transformer_scale: Scale = "default",
        ds_factor: int = 15,
        encodec_n_q: int = 4,
        n_q_out: int = 6,
        eval_q: int = 3,
        excerpt_length: float = 3.0,
        bins: int = 1024,
        mert: str = "m-a-p/MERT-v1-95M",
        compression_model: CompressionModel | None = None,
    ) -> None:
        super().__init__()
        if transformer_scale not in _SCALES:
            raise ConfigError(f"transformer_scale is {transformer_scale!r}, must be one of {list(_SCALES)}")
        dim, heads, layers = _SCALES[transformer_scale]
        self.sample_rate = sample_rate
        self.n_q_out = n_q_out
        self.ds_factor = ds_factor
        self.encodec_n_q = encodec_n_q
        # kept out of the module tree, so that they are neither saved nor moved to half precision
        self.__dict__.update(_mert=None, _codec=None)
        self.embed: nn.Linear | nn.ModuleList
        if model_name == "mert":
            listener = load_mert(mert)
            self.__dict__["_mert"] = listener
            self.embed = nn.Linear(feature_width(listener), dim)
        elif model_name == "encodec":
            if compression_model is None:
                raise ConfigError("style conditioner 'encodec': give its codec as compression_model")
            self.__dict__["_codec"] = compression_model
            self.embed = nn.ModuleList(
                nn.Embedding(compression_model.cardinality, dim) for _ in range(encodec_n_q)
            )
        else:
            raise ConfigError(f"style conditioner: model_name is {model_name!r}, must be 'mert' or 'encodec'")
        self.transformer = StyleTransformer(dim, heads, layers) if layers else None
        self.batch_norm = nn.BatchNorm1d(dim, affine=False)
        self.rvq = ResidualVectorQuantizer(dim, n_q_out, bins) if n_q_out else None
        self.output_proj = nn.Linear(dim, output_dim)
        self.set_params(eval_q, excerpt_length, ds_factor, encodec_n_q)

    def set_params(
        self,
        eval_q: int = 3,
        excerpt_length: float = 3.0,
        ds_factor: int | None = None,
        encodec_n_q: int | None = None,
    ) -> None:
        """Set how much of the style passes, from now on; see the class. None leaves a value as it is.

        Raises:
            ConfigError: a value is out of range; nothing has changed then.
        """
        if self.rvq is not None and not 1 <= eval_q <= self.n_q_out:
            raise ConfigError(f"eval_q is {eval_q}, must be in [1, {self.n_q_out}]")
        if not excerpt_length >= _MIN_EXCERPT_S:
            raise ConfigError(f"excerpt_length is {excerpt_length} s, must be at least {_MIN_EXCERPT_S} s")
        if ds_factor is not None and ds_factor < 1:
            raise ConfigError(f"ds_factor is {ds_factor}, must be at least 1")
        if encodec_n_q is not None and isinstance(self.embed, nn.ModuleList) and self._codec is not None:
            books = min(len(self.embed), self._codec.num_codebooks)
            if not 1 <= encodec_n_q <= books:
                raise ConfigError(f"encodec_n_q is {encodec_n_q}, must be in [1, {books}]")
        self.eval_q = eval_q
        self.excerpt_length = excerpt_length
        self.ds_factor = self.ds_factor if ds_factor is None else ds_factor
        self.encodec_n_q = self.encodec_n_q if encodec_n_q is None else encodec_n_q

    def forward(self, prepared: dict[str, Tensor]) -> ConditionTensor:
        """Returns: values [B, F, dim] with the F of the longest excerpt; at least one frame, zero where
        absent."""
        device = self.output_proj.weight.device
        lengths = prepared["length"].tolist()
        rows = [
            self.style(wav[:length])
            if length
            else torch.zeros(0, self.batch_norm.num_features, device=device)
            for wav, length in zip(prepared["wav"], lengths, strict=True)
        ]
        width = max(1, *(len(row) for row in rows)) if rows else 1
        features = torch.stack([F.pad(row, (0, 0, 0, width - len(row))) for row in rows])
        present = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(width, device=device) < present[:, None]
        values = self.output_proj(features.to(self.output_proj.weight.dtype))
        return ConditionTensor(values * mask[..., None], mask)

    def style(self, wav: Tensor) -> Tensor:
        """Quantized style [F, width] of mono sound [T]."""
        wanted = min(len(wav), int(self.excerpt_length * self.sample_rate))
        start = (len(wav) - wanted) // 2
        with torch.autocast(wav.device.type, enabled=False):
            x = self._heard(wav[start : start + wanted].float())[None]
            if self.transformer is not None:
                x = self.transformer(x)
            x = self.batch_norm(x.transpose(1, 2))
            if self.rvq is not None:
                self.rvq.set_num_codebooks(self.n_q_out if self.training else self.eval_q)
                x = self.rvq(x).x
        kept: Tensor = x[0].T[:: self.ds_factor]
        return kept

    def _heard(self, wav: Tensor) -> Tensor:
        """What the listener makes of mono sound [T]: [frames, width]."""
        if self._mert is not None:
            with torch.no_grad():
                heard = mert_features(self._mert.to(wav.device), wav, self.sample_rate)
            embedded: Tensor = self.embed(heard)
            return embedded
        assert self._codec is not None
        assert isinstance(self.embed, nn.ModuleList)
        codec = self._codec.to(wav.device)
        if self.sample_rate != codec.sample_rate:
            from torchaudio.functional import resample

            wav = resample(wav, self.sample_rate, codec.sample_rate)
        with torch.no_grad():
            codes, _ = codec.encode(wav.expand(1, codec.channels, -1))
        books = list(self.embed)[: self.encodec_n_q]
        return torch.stack([book(codes[0, k]) for k, book in enumerate(books)]).sum(0)


class StyleTransformer(nn.Module):
    """A transformer in which every frame sees all others; names are those of the language model's.

    Args:
        dim, num_heads, num_layers: its geometry; the feed-forward part is four times as wide.
    """

    def __init__(self, dim: int, num_heads: int, num_layers: int) -> None:
        super().__init__()
        self.dim = dim
        self.layers = nn.ModuleList(_Layer(dim, num_heads) for _ in range(num_layers))

    def forward(self, x: Tensor) -> Tensor:
        """[B, T, dim] to the same."""
        x = x + sinusoidal_positions(0, x.shape[1], self.dim, x.device).to(x.dtype)
        for layer in self.layers:
            x = layer(x)
        return x


class _Layer(nn.Module):
    """x += self-attention; x += feed-forward with exact GELU; norms first, without biases."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.self_attn = Attention(dim, num_heads, 0.0)
        nn.init.trunc_normal_(self.self_attn.in_proj_weight, std=dim**-0.5)
        self.linear1 = nn.Linear(dim, 4 * dim, bias=False)
        self.linear2 = nn.Linear(4 * dim, dim, bias=False)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        attention = self.self_attn
        q, k, v = attention.split(F.linear(self.norm1(x), attention.in_proj_weight)).unbind(0)
        x = x + attention.attend(q, k, v, None, causal=False)
        out: Tensor = x + self.linear2(F.gelu(self.linear1(self.norm2(x))))
        return out
