"""The engine of the Qwen-Image family: generates, edits and decomposes pictures, and trains LoRAs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from lamina.core.catalog import Model, wanted_model
from lamina.core.engine_results import Generated, TrainingOutcome
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.layers import LayerStack, Pixels
from lamina.core.ports import Progress, TrainingProgress, no_progress
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, TaskKind, TrainTask
from lamina.core.training import Example, filled, trained_model
from lamina.engines.qwen import raw_layers
from lamina.engines.qwen.model_loader import ModelLoader
from lamina.engines.qwen.needs import Task, layers_of
from lamina.engines.qwen.pictures import for_pipeline, kept_outside, mask_image, opaque
from lamina.engines.qwen.pipelines import PipelineInputs, Work, layer_size
from lamina.engines.qwen.run import Run
from lamina.engines.qwen.sizes import Sizes, check_aspect, sizes_for

T = TypeVar("T", GenerateTask, EditTask)


class QwenEngine:
    """A `PictureMaker`, `Decomposer` and `LoraTrainer`.

    `name`: "qwen", which runs each catalog model with its released weights, or "nano", which runs all of them with the
    small weights of the package. `loader`: loads the checkpoints. The layers do not recompose exactly; see `finish`.
    """

    is_exact = False
    follows_selections = False

    def __init__(self, name: str, loader: ModelLoader) -> None:
        self.name = name
        self._loader = loader

    def generate(
        self,
        task: GenerateTask,
        start: Pixels | None = None,
        mask: Pixels | None = None,
        progress: Progress = no_progress,
    ) -> Generated:
        """See `PictureMaker`. Deterministic: the same task and inputs give identical pictures."""
        if mask is not None and start is None:
            raise LaminaError(ErrorCode.TASK_INVALID, "There is a mask but no picture.", "Provide the picture too.")
        if mask is not None and start is not None and mask.shape != start.shape:
            message = f"The mask is {_size_text(mask)}, but the picture is {_size_text(start)}."
            raise LaminaError(ErrorCode.TASK_INVALID, message, "Provide a mask of the same size as the picture.")
        if start is not None:
            check_aspect(_size_of(start))
        model = self._model(task, TaskKind.GENERATE)
        sizes = sizes_for(model, _requested_size(task), _size_of(start) if start is not None else None)
        run = self._run(model, TaskKind.GENERATE, _with_size(task, sizes), progress)
        inputs: PipelineInputs = {"width": sizes.inner[0], "height": sizes.inner[1]}
        work = Work.GENERATE
        if start is not None:
            work = Work.VARY if mask is None else Work.FILL
            inputs["image"], inputs["strength"] = for_pipeline(start, run.parts.channels), task.strength
        if mask is not None:
            inputs["mask_image"] = mask_image(mask)
        prompt = run.prompt_of(task)
        pictures = [opaque(image, sizes.outer) for image in run.sampled(work, prompt, inputs, sizes.inner, task.count)]
        if start is not None and mask is not None:
            pictures = [kept_outside(picture, start, mask) for picture in pictures]
        return run.generated(pictures, prompt)

    def edit(self, task: EditTask, pictures: Sequence[Pixels], progress: Progress = no_progress) -> Generated:
        """See `PictureMaker`."""
        for picture in pictures:
            check_aspect(_size_of(picture))
        model = self._model(task, TaskKind.EDIT, references=len(pictures))
        sizes = sizes_for(model, _requested_size(task), _size_of(pictures[-1 if task.is_sized_like_last else 0]))
        run = self._run(model, TaskKind.EDIT, _with_size(task, sizes), progress, references=len(pictures))
        images = [for_pipeline(picture, run.parts.channels) for picture in pictures]
        takes_one = run.model.max_references == 1
        inputs: PipelineInputs = {
            "image": images[0] if takes_one else images,
            "width": sizes.inner[0],
            "height": sizes.inner[1],
        }
        prompt = run.prompt_of(task)
        edited = run.sampled(Work.EDIT_ONE if takes_one else Work.EDIT, prompt, inputs, sizes.inner, task.count)
        return run.generated([opaque(image, sizes.outer) for image in edited], prompt)

    def decompose(self, picture: Pixels, task: DecomposeTask, progress: Progress = no_progress) -> LayerStack:
        """See `Decomposer`. The stack has the model's size; transparent pictures are composited on white first."""
        check_aspect(_size_of(picture))
        run = self._run(self._model(task, TaskKind.DECOMPOSE), TaskKind.DECOMPOSE, task, progress)
        layers = layers_of(task)
        image = for_pipeline(picture, 4)
        prompt = task.prompt.strip() or run.caption(picture)
        inputs: PipelineInputs = {
            "image": image,
            "layers": layers,
            "resolution": task.resolution_px,
            "cfg_normalize": True,
            "use_en_prompt": True,
        }
        (images,) = run.sampled(Work.LAYER, prompt, inputs, layer_size(run.model, image.size, task.resolution_px))
        return run.stack(raw_layers.stack_of(images, task.is_raw), prompt)

    def train(
        self, task: TrainTask, examples: Sequence[Example], folder: str, progress: TrainingProgress
    ) -> TrainingOutcome:
        """See `LoraTrainer`. Uses its own copy of the model, so that it does not affect requests."""
        from lamina.engines.qwen.training.job import TrainingJob
        from lamina.engines.qwen.training.trainer import Training

        base_model, kind = trained_model(task.model)
        model = self._loader.serving(base_model)
        job = TrainingJob(
            engine=self.name,
            model=model,
            kind=kind,
            loader=self._loader,
            task=filled(task),
            examples=examples,
            folder=Path(folder),
        )
        return Training(job, progress).run()

    def _model(self, task: Task, kind: TaskKind, references: int = 0) -> Model:
        """The model whose weights run the task."""
        model = wanted_model(task.sampling.model, kind)
        if references > model.max_references:
            raise LaminaError(
                ErrorCode.TASK_INVALID,
                f"The task has {references} pictures, but {model.name} takes {_at_most(model)}.",
                "Use fewer pictures or another model: qwen-image-edit-2511 takes up to 10.",
            )
        return self._loader.serving(model)

    def _run(self, model: Model, kind: TaskKind, task: Task, progress: Progress, references: int = 0) -> Run:
        return Run(
            engine=self.name,
            model=model,
            kind=kind,
            task=task,
            references=references,
            loader=self._loader,
            progress=progress,
        )


def _at_most(model: Model) -> str:
    return "one" if model.max_references == 1 else f"at most {model.max_references}"


def _requested_size(task: GenerateTask | EditTask) -> tuple[int, int] | None:
    return (task.width, task.height) if task.width is not None and task.height is not None else None


def _with_size(task: T, sizes: Sizes) -> T:
    """The task with its size filled in, which the memory estimate needs."""
    return replace(task, width=sizes.outer[0], height=sizes.outer[1])


def _size_of(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[1], pixels.shape[0]


def _size_text(pixels: Pixels) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]} px"
