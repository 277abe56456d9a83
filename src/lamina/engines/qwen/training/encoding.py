"""Encodes each example once into the inputs of the transformer, exactly as the pipelines do at inference.

Shapes: F target pictures, S tokens of each, G tokens of the given pictures, T text tokens, C channels, D width.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus, pipeline_qwenimage_layered
from PIL import Image
from safetensors import safe_open

from lamina.core.catalog import Model
from lamina.core.tasks import TaskKind
from lamina.core.training import Example
from lamina.engines.qwen.pictures import for_pipeline
from lamina.engines.qwen.pipelines import Components, Work, assembled, sized_for
from lamina.engines.qwen.training.tensor_writing import write_tensors

Grid = tuple[int, int, int]
"""(1, rows, columns) of a picture's tokens."""

_CONDITION_AREA_PX = pipeline_qwenimage_edit_plus.CONDITION_IMAGE_SIZE
_REFERENCE_AREA_PX = pipeline_qwenimage_edit_plus.VAE_IMAGE_SIZE
_TENSORS = ("target", "given", "words", "no_words")
_NO_WORDS = " "  # the negative prompt that the engine uses if a request has none


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Encoded:
    """An encoded example.

    `target` (F, S, C): the pictures to generate, for layers beginning with the composite; `given` (G, C): the input
    pictures; `words`, `no_words` (T, D): embeddings of the prompt and of an empty prompt; `grids`: of the F target
    pictures, then of the given ones.
    """

    target: torch.Tensor
    given: torch.Tensor
    words: torch.Tensor
    no_words: torch.Tensor
    grids: tuple[Grid, ...]


class Encoder:
    """Encodes examples with a model's VAE and language model.

    `parts`: components without the transformer. `resolution_px`: targets have the area of a square with this side.
    """

    def __init__(self, model: Model, kind: TaskKind, parts: Components, resolution_px: int) -> None:
        self._model, self._parts, self._resolution_px = model, parts, resolution_px
        self._is_layered = kind is TaskKind.DECOMPOSE
        self._pipeline = cast(Any, assembled(Work.LAYER if self._is_layered else Work.EDIT, parts, parts.scheduler))
        self._wordless: torch.Tensor | None = None

    def encode(self, example: Example) -> Encoded:
        with torch.inference_mode(), sized_for(self._model):
            return self._layers(example) if self._is_layered else self._edit(example)

    def _edit(self, example: Example) -> Encoded:
        conditions: list[Image.Image] = []
        references: list[torch.Tensor] = []
        grids: list[Grid] = []
        for read in example.starts:
            picture = for_pipeline(read(), self._parts.channels)
            conditions.append(self._resized(picture, _edit_size(_CONDITION_AREA_PX, picture)))
            size = _edit_size(_REFERENCE_AREA_PX, picture)
            references.append(self._pixels(picture, size))
            grids.append(self._grid(size))
        picture = for_pipeline(example.ends[0](), self._parts.channels)
        size = _edit_size(self._resolution_px**2, picture)
        target_1SC = self._latents([self._pixels(picture, size)])
        given_1GC = self._latents(references)
        return Encoded(
            target=target_1SC,
            given=given_1GC[0],
            words=self._words(example.caption, image=conditions),
            no_words=self._words(_NO_WORDS, image=conditions),
            grids=(self._grid(size), *grids),
        )

    def _layers(self, example: Example) -> Encoded:
        picture = for_pipeline(example.starts[0](), 4)
        ratio = picture.width / picture.height
        size = pipeline_qwenimage_layered.calculate_dimensions(self._resolution_px**2, ratio)
        whole_1SC = self._latents([self._pixels(picture, size)])
        layers = [self._latents([self._pixels(Image.fromarray(read(), "RGBA"), size)]) for read in example.ends]
        if self._wordless is None:
            self._wordless = self._words(_NO_WORDS)
        grids = (self._grid(size),) * (len(layers) + 2)
        return Encoded(
            target=torch.cat([whole_1SC, *layers]),
            given=whole_1SC[0],
            words=self._words(example.caption),
            no_words=self._wordless,
            grids=grids,
        )

    def _resized(self, picture: Image.Image, size: tuple[int, int]) -> Image.Image:
        return self._pipeline.image_processor.resize(picture, size[1], size[0])

    def _pixels(self, picture: Image.Image, size: tuple[int, int]) -> torch.Tensor:
        """Preprocessed as in the pipelines: resized to `size`, values -1..1, with a frame axis."""
        resized = self._resized(picture, size)
        return self._pipeline.image_processor.preprocess(resized, size[1], size[0]).unsqueeze(2)

    def _latents(self, pictures: list[torch.Tensor]) -> torch.Tensor:
        """(1, tokens of all pictures, C), packed and normalised by the pipeline."""
        packed: list[torch.Tensor] = []
        for picture in pictures:
            pixels = picture.to(self._parts.device, self._parts.vae.dtype)
            latents = self._pipeline._encode_vae_image(pixels, None)  # (1, channels, 1, height, width)
            count, channels, _, height, width = latents.shape
            frames = (1,) if self._is_layered else ()
            packed.append(self._pipeline._pack_latents(latents, count, channels, height, width, *frames))
        return torch.cat(packed, 1).cpu()

    def _words(self, prompt: str, **pictures: Any) -> torch.Tensor:
        states_1TD, _ = self._pipeline.encode_prompt(prompt=prompt, device=torch.device(self._parts.device), **pictures)
        return states_1TD[0].cpu()

    def _grid(self, size: tuple[int, int]) -> Grid:
        token_px = 2 * self._pipeline.vae_scale_factor
        return 1, size[1] // token_px, size[0] // token_px


class EncodedExamples:
    """The encoded examples on disk, one file each, named by content; `made_by`: identifies the encoders."""

    def __init__(self, folder: Path, examples: list[Example], made_by: str) -> None:
        self._folder, self._examples = folder, examples
        keys = (hashlib.sha256(f"{made_by}\0{e.key}\0{e.caption}".encode()).hexdigest()[:24] for e in examples)
        self._files = [folder / f"cache-{key}.safetensors" for key in keys]

    def __len__(self) -> int:
        return len(self._files)

    @property
    def missing(self) -> list[int]:
        return [index for index, file in enumerate(self._files) if not file.is_file()]

    def fill(self, encoder: Encoder, report: Callable[[int, int], None]) -> None:
        """Encodes missing examples; `report` is called before each with the number done and the total."""
        missing = self.missing
        for done, index in enumerate(missing):
            report(done, len(missing))
            encoded = encoder.encode(self._examples[index])
            tensors = {name: getattr(encoded, name) for name in _TENSORS}
            write_tensors(self._files[index], tensors, {"grids": json.dumps(encoded.grids)})

    def read(self, index: int) -> Encoded:
        with safe_open(self._files[index], framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in _TENSORS}
            grids = json.loads(file.metadata()["grids"])
        return Encoded(**tensors, grids=tuple((frame, rows, columns) for frame, rows, columns in grids))

    def grids(self, index: int) -> tuple[Grid, ...]:
        with safe_open(self._files[index], framework="pt") as file:
            return tuple((frame, rows, columns) for frame, rows, columns in json.loads(file.metadata()["grids"]))

    def remove(self) -> None:
        for file in self._files:
            file.unlink(missing_ok=True)


def _edit_size(area_px: int, picture: Image.Image) -> tuple[int, int]:
    return pipeline_qwenimage_edit_plus.calculate_dimensions(area_px, picture.width / picture.height)
