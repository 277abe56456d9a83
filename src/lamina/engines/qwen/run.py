"""Runs one request on a model: loads components and LoRAs, samples the pictures, and records the provenance."""

import secrets
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch

from lamina.core.catalog import Model
from lamina.core.engine_results import Generated
from lamina.core.eta import Pace
from lamina.core.layers import LayerStack, Pixels
from lamina.core.optimizations import Optimization
from lamina.core.ports import LOADING, Progress
from lamina.core.provenance import Provenance
from lamina.core.schedulers import scheduler_named
from lamina.core.tasks import MAX_SEED, EditTask, GenerateTask, TaskKind
from lamina.engines.qwen.acceleration import Skips, accelerated
from lamina.engines.qwen.devices import release_memory
from lamina.engines.qwen.model_loader import ModelLoader
from lamina.engines.qwen.needs import Task
from lamina.engines.qwen.optimizations.compiling import uncompiled_if
from lamina.engines.qwen.optimizations.guidance import guided_together
from lamina.engines.qwen.optimizations.modulation import schedule_known
from lamina.engines.qwen.pipelines import PipelineInputs, Work, assembled, sized_for
from lamina.engines.qwen.placement import check_request, is_out_of_memory, out_of_memory
from lamina.engines.qwen.previews import preview_of
from lamina.engines.qwen.prompt_preparation import caption_of, enriched
from lamina.engines.qwen.prompt_reading import MOST_TOKENS, PromptTexts
from lamina.engines.qwen.samplers import make_scheduler
from lamina.engines.qwen.sizes import is_small
from lamina.engines.qwen.steps import Preview, Stepper

_LOADED, _SAMPLED = 0.1, 0.95  # shares of the progress at which loading and sampling end
_NO_NEGATIVE = " "  # without a negative prompt, the pipelines disable guidance, whatever its scale
_DRAWN_SEEDS = 2**53  # the largest integer that JavaScript represents exactly

T = TypeVar("T")


class Run:
    """One request. The engine calls its methods in the order in which they are defined."""

    def __init__(
        self,
        *,
        engine: str,
        model: Model,
        kind: TaskKind,
        task: Task,
        references: int,
        loader: ModelLoader,
        progress: Progress,
    ) -> None:
        self.model = model
        self._engine, self._kind, self._task, self._references = engine, kind, task, references
        self._sampling = sampling = task.sampling
        self._loader, self._progress = loader, progress
        self._timings_s: dict[str, float] = {}
        self._skipped = 0
        self._scheduler = scheduler_named(sampling.scheduler)
        self._notes = [self._scheduler.note] if self._scheduler.note else []
        self.seed = sampling.seed if sampling.seed is not None else secrets.randbelow(_DRAWN_SEEDS)
        self.steps = sampling.steps or model.default_steps(kind)
        self.guidance = sampling.guidance if sampling.guidance is not None else model.default_guidance(kind)
        if sampling.negative and self.guidance <= 1:
            self._notes.append("Guidance is 1, so the negative prompt has no effect.")
        self._left_out = 0  # steps skipped at the beginning if there is a start image
        self._loras = [
            (loader.loras.find(lora.path), lora.scale) for lora in sampling.loras
        ]  # fails before any long work
        self._plan = loader.plan_of(model, kind)
        if not is_small(model):
            check_request(self._plan, task, model.native_px, references)
        progress(LOADING, 0.0)
        with self._memory_errors():
            self._loaded = self._timed("loading", lambda: loader.load(model, kind))
            self._loaded.adapters.load(self._loras)
        self.parts = self._loaded.parts

    def prompt_of(self, task: GenerateTask | EditTask) -> str:
        """The task's prompt, expanded if requested; the notes record which expander did it."""
        if not task.is_expanded:
            return task.prompt
        self._progress("expanding the prompt", _LOADED)
        with self._memory_errors():
            expansion = self._timed(
                "expanding", lambda: enriched(task.prompt, self._kind, self.model, self.parts, self._loader.config)
            )
        self._notes += [*expansion.notes, f"Prompt expanded by: {expansion.by}."]
        return expansion.prompt

    def caption(self, picture: Pixels) -> str:
        """A caption of (height, width, 4)."""
        self._progress("describing the picture", _LOADED)
        with self._memory_errors():
            return self._timed(
                "captioning",
                lambda: caption_of(picture, self.model, self.parts, self._loaded.checkpoint, self._loader.captions),
            )

    def sampled(
        self, work: Work, prompt: str, inputs: PipelineInputs, size: tuple[int, int], count: int = 1
    ) -> list[Any]:
        """The pipeline's output, a picture or a list of layers, for each of `count` consecutive seeds.

        `inputs`: pipeline arguments; a `strength` of 0 means one step; `size`: (width, height) px at which it samples.
        Raises `LaminaError`: task_invalid (the prompt is too long), out_of_memory, lora_unusable.

        Pictures are sampled one at a time: the layered pipeline mixes up the layers of a batch, and a picture must not
        depend on the others in a request.
        """
        if "strength" in inputs:
            inputs = {**inputs, "strength": max(inputs["strength"], 1 / self.steps)}
            self._left_out = int(max(0.0, self.steps - self.steps * inputs["strength"]))  # the formula of the pipelines
        texts = PromptTexts.read(prompt, self._sampling.negative, self.parts.tokenizer, work, self._references)
        self._notes += texts.notes
        results: list[Any] = []
        with self._memory_errors():
            pipeline = assembled(work, self.parts, self.parts.scheduler)
            self._loaded.place(pipeline)
            if Optimization.EMBEDDINGS in self._plan.optimizations:
                self._loaded.embeddings.remember(pipeline)
            with self._loaded.adapters.active(self._loras), uncompiled_if(bool(self._loras)):
                pace = Pace(count)
                for number in range(count):
                    title = f"picture {number + 1} of {count}, " if count > 1 else ""
                    share = (_SAMPLED - _LOADED) / count
                    span = (_LOADED + share * number, _LOADED + share * (number + 1))
                    seed = (self.seed + number) % (MAX_SEED + 1)
                    stepper = Stepper(
                        progress=self._progress,
                        span=span,
                        scheduler=self._scheduler,
                        pace=pace,
                        title=title,
                        preview=self._preview(size),
                    )
                    self._progress(f"{title}reading the prompt", span[0])
                    results.append(self._sample_one(pipeline, texts, inputs, size=size, seed=seed, stepper=stepper))
        return results

    def generated(self, pictures: Sequence[Pixels], prompt: str) -> Generated:
        self._progress("done", 1.0)
        return Generated(tuple(pictures), self._made(prompt), tuple(self._notes))

    def stack(self, stack: LayerStack, prompt: str) -> LayerStack:
        self._progress("done", 1.0)
        return replace(stack, made=self._made(prompt), notes=(*stack.notes, *self._notes))

    def _sample_one(
        self,
        pipeline: Any,
        texts: PromptTexts,
        inputs: PipelineInputs,
        *,
        size: tuple[int, int],
        seed: int,
        stepper: Stepper,
    ) -> Any:
        pipeline.scheduler = make_scheduler(self._sampling.scheduler, self.parts.scheduler, seed)
        with self._sampling_in(stepper, pipeline.scheduler, size) as skips:
            output = pipeline(
                prompt=texts.prompt,
                negative_prompt=(texts.negative or _NO_NEGATIVE) if self.guidance > 1 else None,
                max_sequence_length=MOST_TOKENS,
                true_cfg_scale=max(1.0, self.guidance),
                num_inference_steps=self.steps,
                generator=torch.Generator("cpu").manual_seed(seed),
                callback_on_step_end=stepper,
                **inputs,
            )
        self._skipped += skips.steps
        for stage, seconds in stepper.timings_s().items():
            self._add(stage, seconds)
        return output.images[0]

    def _preview(self, size: tuple[int, int]) -> Preview | None:
        return partial(preview_of, size=size) if self._sampling.has_previews else None

    @contextmanager
    def _memory_errors(self) -> Generator[None]:
        """Converts out-of-memory errors into a `LaminaError` whose hint says what would fit."""
        try:
            yield
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            release_memory()
            raise out_of_memory(error, self._plan, self._task, self.model.native_px, self._references) from error

    @contextmanager
    def _sampling_in(self, stepper: Stepper, scheduler: Any, size: tuple[int, int]) -> Generator[Skips]:
        evaluations = self._scheduler.evaluations(self.steps) - self._left_out * scheduler.order
        transformer, acceleration = self.parts.transformer, self._sampling.acceleration
        # Step caches process each condition separately.
        may_pair = Optimization.GUIDANCE in self._plan.optimizations and acceleration.is_off
        with ExitStack() as stack:
            stack.enter_context(torch.inference_mode())
            stack.enter_context(sized_for(self.model, size))
            stack.callback(stepper.watch(transformer).remove)
            stack.enter_context(schedule_known(transformer, lambda: scheduler.timesteps))
            stack.enter_context(guided_together(transformer, may_pair))
            yield stack.enter_context(accelerated(transformer, acceleration, evaluations))

    def _made(self, prompt: str) -> Provenance:
        timings = {stage: round(seconds, 3) for stage, seconds in self._timings_s.items()}
        steps = self.steps - self._left_out
        return Provenance(
            engine=self._engine,
            checkpoint=self._loaded.checkpoint,
            seed=self.seed,
            prompt=prompt,
            timings_s=timings,
            steps=steps,
            skipped_steps=self._skipped,
        )

    def _timed(self, stage: str, work: Callable[[], T]) -> T:
        begin = time.perf_counter()
        result = work()
        self._add(stage, time.perf_counter() - begin)
        return result

    def _add(self, stage: str, seconds: float) -> None:
        self._timings_s[stage] = self._timings_s.get(stage, 0.0) + seconds
