"""Prepares the first step: encodes the examples, loads the model as memory allows, and adds the LoRA."""

import time
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from lamina.core.placement import AUTO
from lamina.core.ports import LOADING, TrainingProgress
from lamina.engines.qwen.component_loading import load_component
from lamina.engines.qwen.devices import Device, find_device, release_memory
from lamina.engines.qwen.measuring import measure
from lamina.engines.qwen.needs import ComponentSizes
from lamina.engines.qwen.pipelines import Components
from lamina.engines.qwen.placement import Plan
from lamina.engines.qwen.training.adapter import TrainedAdapter
from lamina.engines.qwen.training.encoding import EncodedExamples, Encoder
from lamina.engines.qwen.training.flow import NoiseLevels
from lamina.engines.qwen.training.job import TrainingJob
from lamina.engines.qwen.training.optimizers import optimizer_of
from lamina.engines.qwen.training.order import Order
from lamina.engines.qwen.training.precision import ADAPTER_WIDTHS, TrainingLoad, encoding_plan, training_plan
from lamina.engines.weights.identity import identity_of

ENCODED = 0.1  # share of the progress


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ready:
    """Everything that training steps need, on the plan's device."""

    plan: Plan
    transformer: Any
    vae: Any
    levels: NoiseLevels
    adapter: TrainedAdapter
    optimizer: Any
    examples: EncodedExamples
    order: Order


def prepare(job: TrainingJob, seed: int, progress: TrainingProgress, timings_s: MutableMapping[str, float]) -> Ready:
    """Prepares a training with a new LoRA and optimizer. `timings_s` gets the seconds by stage.

    Raises `LaminaError`: weights_missing, weights_damaged, out_of_memory, and what `progress` raises.
    """
    began = time.perf_counter()
    progress(LOADING, 0.0)
    if not job.is_small:  # unload the models of requests, which need memory
        job.loader.unload_all()
    device = find_device(job.loader.config.device)
    sizes = measure(job.source.folders, job.source.transformer_file)
    examples = _encoded(job, device, sizes, progress)
    timings_s["encoding"] = time.perf_counter() - began
    began = time.perf_counter()
    progress(LOADING, ENCODED)
    ready = _loaded(job, seed, examples, device, sizes)
    timings_s["loading"] = time.perf_counter() - began
    return ready


def _encoded(job: TrainingJob, device: Device, sizes: ComponentSizes, progress: TrainingProgress) -> EncodedExamples:
    """Encodes missing examples; the encoders are unloaded again before the transformer is loaded."""
    encoders = [identity_of(job.source.folders[role]) for role in ("vae", "text_encoder", "processor")]
    examples = EncodedExamples(job.folder, list(job.examples), "\n".join([*encoders, job.kind, str(job.resolution_px)]))
    if not examples.missing:
        return examples
    plan = encoding_plan(device, sizes, job.is_small)
    roles = ("vae", "text_encoder", "tokenizer", "processor", "scheduler")
    parts = Components(**{role: _component(job, role, plan) for role in roles}, transformer=None, device=device.name)

    def report(done: int, count: int) -> None:
        progress(f"encoding example {done + 1} of {count}", ENCODED * done / count)

    examples.fill(Encoder(job.model, job.kind, parts, job.resolution_px), report)
    del parts
    release_memory()
    return examples


def _loaded(job: TrainingJob, seed: int, examples: EncodedExamples, device: Device, sizes: ComponentSizes) -> Ready:
    task, options = job.task, job.options
    is_checkpointed = options.checkpointing == "on" or (options.checkpointing == AUTO and not job.is_small)
    load = _load_of(job, examples, sizes, is_checkpointed)
    plan = training_plan(job.model.name, device, sizes, load=load, options=options, is_small=job.is_small)
    levels = NoiseLevels(_component(job, "scheduler", plan), job.is_layered)
    transformer, vae = _component(job, "transformer", plan), _component(job, "vae", plan)
    if is_checkpointed:
        transformer.enable_gradient_checkpointing()
    adapter = TrainedAdapter(
        transformer,
        rank=task.rank or 1,
        alpha=task.alpha or 1.0,
        targets=options.targets,
        seed=seed,
        average=options.average,
    )
    optimizer = optimizer_of(options.optimizer, adapter.parameters, task.learning_rate or 0.0)
    order = Order([examples.grids(index) for index in range(len(examples))], options.batch, seed)
    return Ready(
        plan=plan,
        transformer=transformer,
        vae=vae,
        levels=levels,
        adapter=adapter,
        optimizer=optimizer,
        examples=examples,
        order=order,
    )


def _load_of(job: TrainingJob, examples: EncodedExamples, sizes: ComponentSizes, is_checkpointed: bool) -> TrainingLoad:
    text_tokens = len(examples.read(0).words)
    tokens = max(sum(rows * columns for _, rows, columns in examples.grids(i)) for i in range(len(examples)))
    blocks = round((sizes.matrices + sizes.modulation) / max(1, sizes.block))
    adapter = ADAPTER_WIDTHS[job.options.targets] * sizes.width * blocks * (job.task.rank or 1)
    return TrainingLoad(
        tokens=tokens + text_tokens,
        blocks=blocks,
        adapter=adapter,
        batch=job.options.batch,
        is_checkpointed=is_checkpointed,
        optimizer=job.options.optimizer,
    )


def _component(job: TrainingJob, role: str, plan: Plan) -> Any:
    file = job.source.transformer_file if role == "transformer" else None
    return load_component(role, job.source.folders[role], plan, file)
