"""Estimates the memory that a model's components take and that a request needs in addition."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.placement import Precision
from lamina.core.tasks import (
    AUTO_LAYERS,
    MAX_MODEL_LAYERS,
    MIN_LAYERS,
    DecomposeTask,
    EditTask,
    GenerateTask,
)

Task = GenerateTask | EditTask | DecomposeTask

BYTES_PER_NUMBER = {Precision.BF16: 2, Precision.FP32: 4, Precision.FP8: 2}
_TOKEN_PX = 16  # a token is 16 x 16 px: 8 in a latent of the VAE, 2 x 2 latents a token
_PROMPT_TOKENS = 512
_REFERENCE_TOKENS = 4096  # each reference picture of an edit is about 1024 x 1024 px
DEFAULT_LAYERS = 4
# Copies of the hidden state at the widest point of a block: residual, norm, the MLP's 4 widths before and after its
# nonlinearity, q, k and v in float32 for the rotary embedding, the other stream. Estimated from the source of diffusers
# 0.42.1; with the VAE it makes 6 to 8 GB for the peaks above the weights that SGLang and vLLM-Omni report.
_HIDDEN_COPIES = 20
# Values that the VAE decoder holds per pixel, in widths of its first layer: a feature map with its temporal padding.
_DECODER_COPIES = 10
TABLE_ROWS = 128
"""Number of timesteps whose modulation is cached (`optimizations.modulation`); a run of 50 steps has 50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentSizes:
    """Parameter counts and widths that determine the memory use.

    `matrices`: in the linear layers of the transformer blocks, without modulation; `sensitive`: those of them that are
    never quantised to 8 bits (`quantising`); `modulation`: in the modulation of the blocks; all three are part of
    `transformer`. `block`: the largest block. `unblocked`: the largest layer of the text encoder, which offloading
    cannot split. `width`: of the transformer's hidden state; `vae_width`: channels of the VAE at full resolution.
    `stored_bytes`: size of a transformer that stays quantised as in its file (GGUF), else None.
    """

    transformer: int
    matrices: int
    modulation: int
    text_encoder: int
    vae: int
    block: int
    unblocked: int
    width: int
    vae_width: int
    sensitive: int = 0
    stored_bytes: int | None = None

    def transformer_bytes(self, precision: Precision, is_modulation_fp8: bool = False) -> int:
        if self.stored_bytes is not None:
            return self.stored_bytes
        in_fp8 = 0
        if precision is Precision.FP8:
            in_fp8 = self.matrices - self.sensitive + (self.modulation if is_modulation_fp8 else 0)
        return (self.transformer - in_fp8) * BYTES_PER_NUMBER[precision] + in_fp8

    def table_bytes(self, precision: Precision) -> int:
        """The size of a full modulation table; a row is the output of the modulation layers for one timestep."""
        return TABLE_ROWS * (self.modulation // self.width) * BYTES_PER_NUMBER[precision]

    def other_bytes(self, precision: Precision) -> tuple[int, int]:
        """The sizes of the text encoder and of the VAE."""
        return self.text_encoder * BYTES_PER_NUMBER[precision], self.vae * BYTES_PER_NUMBER[precision]


# The released models: counted on the meta device from their configs; a test verifies them. The VAE of
# qwen-image-layered has slightly more.
RELEASED = ComponentSizes(
    transformer=20_430_401_088,
    matrices=13_589_544_960,
    modulation=6_794_772_480,
    text_encoder=8_292_166_656,
    vae=126_892_531,
    block=339_831_296,
    unblocked=544_997_376,
    width=3072,
    vae_width=96,
    sensitive=2_264_924_160,
)

NANO = ComponentSizes(
    transformer=8_208_576,
    matrices=5_308_416,
    modulation=2_654_208,
    text_encoder=783_296,
    vae=2_578_852,
    block=1_332_992,
    unblocked=81_920,
    width=192,
    vae_width=16,
    sensitive=884_736,
)


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a request. `tokens`: sequence length in the transformer; `pixels`: of one decoded picture."""

    tokens: int
    pixels: int

    def working_bytes(self, sizes: ComponentSizes, precision: Precision) -> int:
        """Memory in addition to the weights: the maximum of sampling and decoding, which run one after the other."""
        number = BYTES_PER_NUMBER[precision]
        sampling = self.tokens * sizes.width * _HIDDEN_COPIES * number
        return max(sampling, self.pixels * sizes.vae_width * _DECODER_COPIES * number)


def extent_of(task: Task, native_px: int, references: int = 0) -> Extent:
    """The size of a task. `native_px`: side of the square that the model uses if the task has no size."""
    if isinstance(task, DecomposeTask):
        area = task.resolution_px**2
        frames = layers_of(task) + 2  # the layers, their composite, and the input picture
        return Extent(frames * _tokens(area) + _PROMPT_TOKENS, area)
    area = (task.width or native_px) * (task.height or native_px)
    return Extent(_tokens(area) + _PROMPT_TOKENS + references * _REFERENCE_TOKENS, area)


def layers_of(task: DecomposeTask) -> int:
    """The number of layers that the model makes. Raises `LaminaError` (task_invalid) if it cannot make as many."""
    if task.layers is None:
        return DEFAULT_LAYERS
    if task.layers == AUTO_LAYERS or task.layers > MAX_MODEL_LAYERS:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"Diffusion models make a given number of layers, at most {MAX_MODEL_LAYERS}, not {task.layers}.",
            f"Ask for {MIN_LAYERS} to {MAX_MODEL_LAYERS} layers, or use the engine classic.",
        )
    return task.layers


def smaller_request(task: Task, native_px: int, references: int, is_fitting: Callable[[Extent], bool]) -> str | None:
    """A description of the largest smaller request that fits, for an error message; None if none fits."""
    if isinstance(task, DecomposeTask):
        for layers in range(layers_of(task), 0, -1):
            if is_fitting(extent_of(replace(task, layers=layers, resolution_px=640), native_px)):
                return f"{layers} layers at a resolution of 640"
        return None
    width, height = task.width or native_px, task.height or native_px
    for percent in range(90, 10, -10):
        scale = math.sqrt(percent / 100)
        size = tuple(max(64, int(side * scale) // 16 * 16) for side in (width, height))
        if is_fitting(extent_of(replace(task, width=size[0], height=size[1]), native_px, references)):
            return f"{size[0]} x {size[1]} px"
    return None


def _tokens(area_px: int) -> int:
    return math.ceil(area_px / _TOKEN_PX**2)
