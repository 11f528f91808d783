"""Which errors end the worker, which only free memory, and which concern one voice."""

from __future__ import annotations

import pytest
import torch

from daw_bridge.engine.faults import describe, is_device_fault, is_out_of_memory

ASSERTED = "CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA`"


class OutOfMemoryError(RuntimeError):
    pass


class AcceleratorError(RuntimeError):
    pass


@pytest.mark.parametrize("error", [OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_exhausted_memory_is_told_from_other_failures(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert not is_device_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError(ASSERTED),
        RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
        RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
        AcceleratorError("an illegal memory access was encountered"),
    ],
)
def test_a_gpu_that_reports_an_error_is_told_from_a_voice_that_fails(error: Exception) -> None:
    assert is_device_fault(error)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("memory"), RuntimeError("shape [2] is not [3]"), ValueError("CUDA error")]
)
def test_other_errors_concern_one_voice(error: Exception) -> None:
    assert not is_out_of_memory(error)
    assert not is_device_fault(error)


def test_torch_names_its_errors_as_is_asked_here() -> None:
    assert torch.cuda.OutOfMemoryError.__name__ == "OutOfMemoryError"
    assert issubclass(torch.cuda.OutOfMemoryError, RuntimeError)
    accelerator = getattr(torch, "AcceleratorError", None)
    if accelerator is not None:
        assert accelerator.__name__ == "AcceleratorError"
        assert issubclass(accelerator, RuntimeError)


def test_an_error_is_described_in_one_line() -> None:
    assert describe(RuntimeError(ASSERTED)).startswith("RuntimeError: CUDA error: device-side assert")
    assert "\n" not in describe(RuntimeError(ASSERTED))
