"""One training, from examples to a LoRA: encodes, learns step by step, keeps checkpoints, goes on from one."""

import hashlib
import json
import math
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lamina.core.catalog import Model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.placement import AUTO
from lamina.core.ports import LOADING, Step, TrainingProgress
from lamina.core.provenance import Provenance
from lamina.core.results import TrainingOutcome
from lamina.core.tasks import TaskKind, TrainTask
from lamina.core.training import Example, filled
from lamina.engine.qwen.devices import Device, find_device, release_memory
from lamina.engine.qwen.loading import load_component
from lamina.engine.qwen.measuring import measure
from lamina.engine.qwen.needs import ComponentSizes
from lamina.engine.qwen.pipelines import Components
from lamina.engine.qwen.placement import Plan, is_out_of_memory
from lamina.engine.qwen.sizes import is_small
from lamina.engine.qwen.stock import Source, Stock
from lamina.engine.qwen.training.adapter import TrainedAdapter
from lamina.engine.qwen.training.checkpoints import Checkpoint, newest_checkpoint, seed_in, write_checkpoint
from lamina.engine.qwen.training.encoding import EncodedExamples, Encoder
from lamina.engine.qwen.training.flow import NoiseLevels, batch_of, loss_of
from lamina.engine.qwen.training.holding import (
    ADAPTER_WIDTHS,
    TrainingLoad,
    encoding_plan,
    training_plan,
    what_would_help,
)
from lamina.engine.qwen.training.optimizers import optimizer_of, restore_state, state_of
from lamina.engine.qwen.training.order import Order
from lamina.engine.qwen.training.sampling import sample_of
from lamina.engine.qwen.training.tensor_writing import PART
from lamina.engine.weights.identity import identity_of

LORA_FILE = "lora.safetensors"
_ENCODED, _TRAINED = 0.1, 0.98  # shares of the whole
_MOST_GRADIENT = 1.0  # its norm is brought down to this
_DRAWN_SEEDS = 2**53  # so that JavaScript can hold it


class Training:
    """One training in `folder`, where checkpoints are looked for and kept.

    `model`: whose weights these are, `kind`: what is learnt. Raises `LaminaError` as it is made
    (output_in_the_way) and as it runs.
    """

    def __init__(
        self,
        engine: str,
        model: Model,
        kind: TaskKind,
        stock: Stock,
        task: TrainTask,
        examples: Sequence[Example],
        folder: Path,
        progress: TrainingProgress,
    ) -> None:
        self._engine, self._model, self._kind, self._stock, self._folder = engine, model, kind, stock, folder
        self._task, self._wishes, self._progress = filled(task), stock.wishes.training, progress
        self._resolution_px = model.native_px if is_small(model) else self._task.resolution_px or model.native_px
        self._source: Source = stock.source_of(model, kind)
        _check_trainable(model, self._source)
        self._examples = list(examples)
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob(f"*{PART}"):
            part.unlink()
        found = seed_in(folder) if task.seed is None else task.seed
        self._seed = secrets.randbelow(_DRAWN_SEEDS) if found is None else found
        self._begun = newest_checkpoint(folder, self._identity())
        self._losses: list[float] = [] if self._begun is None else self._begun.losses.tolist()
        if len(self._losses) > (self._task.steps or 0):
            raise LaminaError(
                ErrorCode.OUTPUT_IN_THE_WAY,
                f"The folder {folder.name!r} holds this training after {len(self._losses)} steps already.",
                "Ask for as many steps or more, or take the folder away to begin anew.",
            )
        self._timings_s: dict[str, float] = {}

    def run(self) -> TrainingOutcome:
        """Raises `LaminaError`: weights_missing, weights_damaged, out_of_memory, task_invalid; cancelled, if that was
        before the first step.
        """
        try:
            self._prepare()
            began = time.perf_counter()
            stopped_by = self._until_cancelled(self._learn)
            self._timings_s["training"] = time.perf_counter() - began
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise self._out_of_memory(error) from error
        if stopped_by is not None and not self._losses:
            raise stopped_by
        self._write()
        too_late = self._until_cancelled(self._keep)  # who cancelled hears of the last checkpoint nevertheless
        stopped_by = stopped_by or too_late
        if stopped_by is None:
            self._encoded_examples.remove()
            stopped_by = self._until_cancelled(lambda: self._progress("done", 1.0))
        return self._outcome(stopped_by)

    def _until_cancelled(self, work: Callable[[], object]) -> LaminaError | None:
        try:
            work()
        except LaminaError as error:
            if error.code is not ErrorCode.CANCELLED:
                raise
            return error
        return None

    def _prepare(self) -> None:
        """Everything loaded, encoded and put together, and as the checkpoint left it."""
        began = time.perf_counter()
        self._progress(LOADING, 0.0)
        device, sizes = self._room()
        encoded = self._encoded(device, sizes)
        self._timings_s["encoding"] = time.perf_counter() - began
        began = time.perf_counter()
        self._progress(LOADING, _ENCODED)
        grids = [encoded.grids(index) for index in range(len(encoded))]
        self._plan = self._held(device, sizes, encoded)
        self._vae = self._load("vae", self._plan)
        self._levels = NoiseLevels(self._load("scheduler", self._plan), self._kind is TaskKind.DECOMPOSE)
        self._transformer = self._load("transformer", self._plan)
        if self._is_checkpointed:
            self._transformer.enable_gradient_checkpointing()
        task, wishes = self._task, self._wishes
        self._adapter = TrainedAdapter(
            self._transformer, task.rank or 1, task.alpha or 1.0, wishes.targets, self._seed, wishes.average
        )
        self._optimizer = optimizer_of(wishes.optimizer, self._adapter.parameters, task.learning_rate or 0.0)
        self._encoded_examples, self._order = encoded, Order(grids, wishes.batch, self._seed)
        if self._begun is not None:
            self._adapter.restore(self._begun.adapter)
            restore_state(self._optimizer, self._begun.optimizer)
        self._timings_s["loading"] = time.perf_counter() - began

    def _learn(self) -> None:
        steps, every = self._task.steps or 0, self._task.checkpoint_every or 1
        first, began = len(self._losses), time.perf_counter()
        for step in range(first, steps):
            value = self._step(step)
            if not math.isfinite(value):
                raise LaminaError(
                    ErrorCode.TASK_INVALID,
                    f"The training came apart: the loss of step {step + 1} is no number.",
                    "Take a lower learning rate.",
                )
            self._losses.append(value)
            done = step + 1
            eta_s = (time.perf_counter() - began) / (done - first) * (steps - done)
            self._progress.loss(done, value)
            share = _ENCODED + (_TRAINED - _ENCODED) * done / steps
            self._progress(f"step {done} of {steps}", share, Step(done, steps, eta_s))
            if done % every == 0 and done < steps:
                self._keep()
                self._show()

    def _step(self, step: int) -> float:
        """What it draws depends on the seed and its number alone."""
        rng = np.random.default_rng([self._seed, 1, step])
        examples = [self._encoded_examples.read(index) for index in self._order.examples_of(step)]
        are_wordless = rng.random(len(examples)) < (self._task.caption_dropout or 0.0)
        batch = batch_of(examples, are_wordless.tolist(), self._plan.device.name)
        sigmas_B = self._levels.draw(batch.target.shape[2], len(examples), rng).to(self._plan.device.name)
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        noise_BFSC = torch.randn(batch.target.shape, generator=generator).to(self._plan.device.name)
        loss = loss_of(self._transformer, batch, sigmas_B, noise_BFSC)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._adapter.parameters, _MOST_GRADIENT)
        self._optimizer.step()
        self._adapter.follow()
        return float(loss.detach())

    def _keep(self) -> None:
        checkpoint = Checkpoint(
            len(self._losses),
            self._seed,
            self._identity(),
            self._adapter.state(),
            state_of(self._optimizer),
            torch.tensor(self._losses),
        )
        path = write_checkpoint(self._folder, checkpoint)
        self._progress.checkpoint(checkpoint.step, str(path))

    def _show(self) -> None:
        """Each time another example."""
        step = len(self._losses)
        index = step // (self._task.checkpoint_every or 1) % len(self._encoded_examples)
        example, device = self._encoded_examples.read(index), self._plan.device.name
        path = self._folder / f"sample-{step:06d}.png"
        sample_of(self._transformer, self._vae, self._levels, example, device).save(path)
        self._progress.sample(step, str(path))

    def _write(self) -> None:
        told = {
            "modelspec.architecture": "qwen-image/lora",
            "lamina": json.dumps({**self._identity(), "steps": len(self._losses), "seed": self._seed}),
        }
        self._adapter.write(self._folder / LORA_FILE, self._transformer.dtype, told)

    def _outcome(self, stopped_by: LaminaError | None) -> TrainingOutcome:
        timings = {stage: round(seconds, 3) for stage, seconds in self._timings_s.items()}
        made = Provenance(self._engine, self._source.checkpoint, self._seed, "", timings, len(self._losses))
        notes = () if self._begun is None else (f"Went on from the checkpoint of step {self._begun.step}.",)
        return TrainingOutcome(tuple(self._losses), self._seed, self._resolution_px, made, notes, stopped_by)

    def _room(self) -> tuple[Device, ComponentSizes]:
        """Models that are loaded for requests leave, if this one is of a size that matters."""
        if not is_small(self._model):
            self._stock.empty()
        device = find_device(self._stock.wishes.device)
        return device, measure(self._source.folders, self._source.transformer_file)

    def _encoded(self, device: Device, sizes: ComponentSizes) -> EncodedExamples:
        folders = self._source.folders
        by = [identity_of(folders[role]) for role in ("vae", "text_encoder", "processor")]
        made_by = "\n".join([*by, self._kind, str(self._resolution_px)])
        encoded = EncodedExamples(self._folder, self._examples, made_by)
        if not encoded.missing:
            return encoded
        plan = encoding_plan(device, sizes, is_small(self._model))
        roles = ("vae", "text_encoder", "tokenizer", "processor", "scheduler")
        parts = Components(**{role: self._load(role, plan) for role in roles}, transformer=None, device=device.name)

        def tell(done: int, count: int) -> None:
            self._progress(f"encoding example {done + 1} of {count}", _ENCODED * done / count)

        encoded.fill(Encoder(self._model, self._kind, parts, self._resolution_px), tell)
        del parts
        release_memory()
        return encoded

    def _held(self, device: Device, sizes: ComponentSizes, encoded: EncodedExamples) -> Plan:
        wish = self._wishes.checkpointing
        self._is_checkpointed = wish == "on" or (wish == AUTO and not is_small(self._model))
        first = encoded.read(0)
        tokens = max(sum(rows * columns for _, rows, columns in encoded.grids(i)) for i in range(len(encoded)))
        blocks = round((sizes.matrices + sizes.modulation) / max(1, sizes.block))
        adapter = ADAPTER_WIDTHS[self._wishes.targets] * sizes.width * blocks * (self._task.rank or 1)
        load = TrainingLoad(
            tokens + len(first.words),
            blocks,
            adapter,
            self._wishes.batch,
            self._is_checkpointed,
            self._wishes.optimizer,
        )
        return training_plan(self._model.name, device, sizes, load, self._wishes, is_small(self._model))

    def _load(self, role: str, plan: Plan) -> Any:
        file = self._source.transformer_file if role == "transformer" else None
        return load_component(role, self._source.folders[role], plan, file)

    def _identity(self) -> dict[str, str]:
        """What must be the same for a checkpoint to be gone on from, in words for a user."""
        task, wishes = self._task, self._wishes
        examples = hashlib.sha256("\0".join(f"{e.key}\0{e.caption}" for e in self._examples).encode()).hexdigest()
        return {
            "model": self._source.checkpoint,
            "kind": self._kind,
            "set of examples": examples,
            "seed": str(self._seed),
            "learning rate": f"{task.learning_rate:g}",
            "rank": str(task.rank),
            "alpha": f"{task.alpha:g}",
            "caption dropout": f"{task.caption_dropout:g}",
            "resolution": str(self._resolution_px),
            "setting training_targets": wishes.targets,
            "setting training_optimizer": wishes.optimizer,
            "setting training_batch": str(wishes.batch),
            "setting training_average": f"{wishes.average:g}",
        }

    def _out_of_memory(self, error: BaseException) -> LaminaError:
        release_memory()
        reason = " ".join(str(error).split()).partition(". ")[0][:200]
        plan: Plan | None = getattr(self, "_plan", None)
        hint = "Other programs may hold it; lamina doctor shows what there is."
        if plan is not None:
            hint = what_would_help(self._wishes, self._is_checkpointed, plan.precision)
        return LaminaError(ErrorCode.OUT_OF_MEMORY, f"The memory did not suffice for this training: {reason}.", hint)


def _check_trainable(model: Model, source: Source) -> None:
    """Raises `LaminaError` (settings_invalid) for weights that stay as a GGUF has them."""
    file = source.transformer_file
    if file is not None and file.suffix == ".gguf":
        raise LaminaError(
            ErrorCode.SETTINGS_INVALID,
            f"The transformer of {model.name} comes from {file.name}, and LoRAs are not trained on GGUF files.",
            "Take it from safetensors; where memory is short, with the setting training_base = fp8.",
        )
