"""Residual vector quantization with EMA codebooks (SoundStream, arXiv 2107.03312; EnCodec, arXiv 2210.13438).

State-dict names are AudioCraft's: `vq.layers.{q}._codebook.{inited,cluster_size,embed,embed_avg}`.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genmodels.errors import ConfigError


class QuantizedResult(NamedTuple):
    """What `ResidualVectorQuantizer.forward` returns.

    Attributes:
        x: quantized latents [B, D, T]; gradients pass straight through to the input.
        codes: [B, K, T] int64.
        penalty: commitment loss, a scalar: mean squared error averaged over the codebooks used.
    """

    x: Tensor
    codes: Tensor
    penalty: Tensor


def kmeans(samples: Tensor, clusters: int, iterations: int) -> tuple[Tensor, Tensor]:
    """Lloyd's algorithm: samples [N, D] to (means [clusters, D], members per cluster [clusters])."""
    picks = torch.randint(0, len(samples), (clusters,), device=samples.device)
    if len(samples) >= clusters:
        picks = torch.randperm(len(samples), device=samples.device)[:clusters]
    means = samples[picks].clone()
    counts = torch.zeros(clusters, device=samples.device)
    for _ in range(iterations):
        nearest = _nearest(samples, means)
        counts = torch.bincount(nearest, minlength=clusters).to(samples.dtype)
        sums = torch.zeros_like(means).index_add_(0, nearest, samples)
        means = torch.where(counts[:, None] > 0, sums / counts.clamp(min=1)[:, None], means)
    return means, counts


def _nearest(x: Tensor, codebook: Tensor) -> Tensor:
    """Index of the nearest codebook row for each row of x [N, D]."""
    return torch.addmm(codebook.pow(2).sum(1), x, codebook.t(), beta=1, alpha=-2).argmin(1)


class EuclideanCodebook(nn.Module):
    """One codebook, learned by exponential moving averages instead of gradients.

    Args:
        dim: latent channels.
        codebook_size: entries.
        decay: EMA decay of the cluster sums.
        kmeans_iters: iterations of the k-means start on the first training batch.
        dead_share: an entry whose moving count falls below this share of the mean count is replaced by a
            latent of the current batch. (A fixed count, as AudioCraft has it, would declare nearly every
            entry dead when batches are small.) The replacement happens after the EMA update and enters the
            moving sums, so that the next update does not undo it.
    """

    inited: Tensor
    cluster_size: Tensor
    embed: Tensor
    embed_avg: Tensor

    def __init__(
        self,
        dim: int,
        codebook_size: int,
        decay: float = 0.99,
        kmeans_iters: int = 50,
        dead_share: float = 0.1,
        epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.decay = decay
        self.kmeans_iters = kmeans_iters
        self.dead_share = dead_share
        self.epsilon = epsilon
        self.register_buffer("inited", torch.zeros(1))
        self.register_buffer("cluster_size", torch.zeros(codebook_size))
        self.register_buffer("embed", torch.zeros(codebook_size, dim))
        self.register_buffer("embed_avg", torch.zeros(codebook_size, dim))

    def encode(self, x: Tensor) -> Tensor:
        """Rows [N, D] to indices [N]."""
        return _nearest(x, self.embed)

    def decode(self, indices: Tensor) -> Tensor:
        """Indices of any shape to [..., D]."""
        return F.embedding(indices, self.embed)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Rows [N, D] to (quantized [N, D], indices [N]); learns when in training mode."""
        x = x.detach().float()
        if self.training and not bool(self.inited):
            self.start(x)
        indices = self.encode(x)
        quantized = self.decode(indices)
        if self.training:
            self._learn(x, indices)
        return quantized, indices

    @torch.no_grad()
    def start(self, x: Tensor) -> None:
        """Takes the k-means of rows x [N, D] as entries."""
        means, _ = kmeans(x, len(self.embed), self.kmeans_iters)
        self.embed.copy_(means)
        # the counts of one batch would say little about rare entries; all begin as equals
        self.cluster_size.fill_(1.0)
        self.embed_avg.copy_(means)
        self.inited.fill_(1)

    @torch.no_grad()
    def _learn(self, x: Tensor, indices: Tensor) -> None:
        size = len(self.embed)
        counts = torch.bincount(indices, minlength=size).to(x.dtype)
        sums = torch.zeros_like(self.embed).index_add_(0, indices, x)
        self.cluster_size.lerp_(counts, 1 - self.decay)
        self.embed_avg.lerp_(sums, 1 - self.decay)
        mean = self.cluster_size.mean()
        dead = self.cluster_size < self.dead_share * mean
        if bool(dead.any()):
            fresh = x[torch.randint(0, len(x), (int(dead.sum()),), device=x.device)]
            self.embed_avg[dead] = fresh * mean
            self.cluster_size[dead] = mean
        total = self.cluster_size.sum()
        smoothed = (self.cluster_size + self.epsilon) / (total + size * self.epsilon) * total
        self.embed.copy_(self.embed_avg / smoothed[:, None])


class VectorQuantization(nn.Module):
    """One layer of the residual quantizer."""

    def __init__(self, codebook: EuclideanCodebook) -> None:
        super().__init__()
        self._codebook = codebook

    @property
    def codebook(self) -> EuclideanCodebook:
        """The layer's codebook."""
        return self._codebook


class ResidualVectorQuantization(nn.Module):
    """The chain of layers: each quantizes what the ones before it left over."""

    def __init__(self, layers: list[VectorQuantization]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def codebooks(self) -> list[EuclideanCodebook]:
        """The codebooks in order."""
        return [layer.codebook for layer in self.layers if isinstance(layer, VectorQuantization)]


class ResidualVectorQuantizer(nn.Module):
    """Latents [B, D, T] to codes [B, K, T] and back.

    Args:
        dimension: latent channels D.
        n_q: codebooks that exist.
        bins: entries per codebook.
        q_dropout: in training, use only the first n ~ U{1..n_q} codebooks of a batch.
        decay, kmeans_iters, dead_share: see `EuclideanCodebook`.
    """

    def __init__(
        self,
        dimension: int = 128,
        n_q: int = 4,
        bins: int = 2048,
        q_dropout: bool = False,
        decay: float = 0.99,
        kmeans_iters: int = 50,
        dead_share: float = 0.1,
    ) -> None:
        super().__init__()
        self.dimension = dimension
        self.bins = bins
        self.total_codebooks = n_q
        self.n_q = n_q
        self.q_dropout = q_dropout
        self.vq = ResidualVectorQuantization(
            [
                VectorQuantization(EuclideanCodebook(dimension, bins, decay, kmeans_iters, dead_share))
                for _ in range(n_q)
            ]
        )

    def set_num_codebooks(self, n: int) -> None:
        """Uses the first n codebooks from now on; ConfigError outside 1..total."""
        if not 1 <= n <= self.total_codebooks:
            raise ConfigError(f"number of codebooks: {n} is outside 1..{self.total_codebooks}")
        self.n_q = n

    def forward(self, x: Tensor, n: int | None = None) -> QuantizedResult:
        """Quantizes latents x [B, D, T] by the first n codebooks (None: those in use, `n_q`); learns the
        codebooks when in training mode."""
        n = n or self.n_q
        if self.training and self.q_dropout:
            n = int(torch.randint(1, n + 1, ()))
        residual = rows = x.float().transpose(1, 2).reshape(-1, self.dimension)
        quantized = torch.zeros_like(rows)
        codes, losses = [], []
        for codebook in self.vq.codebooks()[:n]:
            step, indices = codebook(residual)
            losses.append(F.mse_loss(residual, step))
            residual = residual - step
            quantized = quantized + step
            codes.append(indices)
        if self.training:
            quantized = rows + (quantized - rows).detach()
        shape = (x.shape[0], x.shape[2])
        return QuantizedResult(
            quantized.view(*shape, -1).transpose(1, 2),
            torch.stack(codes, 0).view(n, *shape).transpose(0, 1),
            torch.stack(losses).mean(),
        )

    @torch.no_grad()
    def start(self, rows: Tensor) -> None:
        """Starts all codebooks by k-means on latents [N, D], each on what the ones before it leave over."""
        residual = rows.detach().float()
        for codebook in self.vq.codebooks():
            codebook.start(residual)
            residual = residual - codebook.decode(codebook.encode(residual))

    def encode(self, x: Tensor, n: int | None = None) -> Tensor:
        """Latents [B, D, T] to codes [B, n, T] by the first n codebooks (None: those in use, `n_q`)."""
        residual = x.float().transpose(1, 2).reshape(-1, self.dimension)
        codes = []
        for codebook in self.vq.codebooks()[: n or self.n_q]:
            indices = codebook.encode(residual)
            residual = residual - codebook.decode(indices)
            codes.append(indices.view(x.shape[0], x.shape[2]))
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K <= total, T] to latents [B, D, T]."""
        latents = [book.decode(codes[:, k]) for k, book in enumerate(self.vq.codebooks()[: codes.shape[1]])]
        return torch.stack(latents).sum(0).transpose(1, 2)
