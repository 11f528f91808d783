"""What an exception in the model worker means: for a voice, for memory, and for the whole process."""

from __future__ import annotations

import gc
import re
import sys

_DEVICE_FAULT = re.compile(r"\b(CUDA|cuDNN|HIP) error|Triton Error \[CUDA\]", re.IGNORECASE)


def describe(error: BaseException) -> str:
    """Kind and text of an error, in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was exhausted, the computer's or the GPU's."""
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"


def is_device_fault(error: BaseException) -> bool:
    """Whether a GPU reported an error other than exhausted memory.

    A process cannot tell whether its context outlived that. After most of them (an illegal access, a failed
    assertion on the device) every later call fails alike until the process has ended.
    """
    if is_out_of_memory(error) or not isinstance(error, RuntimeError):
        return False
    return type(error).__name__ == "AcceleratorError" or bool(_DEVICE_FAULT.search(str(error)))


def free_gpu_memory() -> None:
    """Give what torch keeps of the GPU's memory for later back."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        gc.collect()
        torch.cuda.empty_cache()


def gpu_bytes() -> int:
    """Memory that this process holds of its GPU, what torch keeps for later included; 0 without one."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    return int(torch.cuda.memory_reserved())
