"""Tabulates the modulation of all blocks (shifts, scales and gates), which depends only on the timestep.

The modulation layers are a third of the model's weights. A row contains the output of every block's `img_mod` and
`txt_mod` for one timestep, computed one row at a time as in diffusers, so that the values are identical. All rows of a
schedule are computed at its first step, in one pass over the weights, and kept for the next run. The weights can then
stay in host memory while the model is on a GPU. A LoRA on these layers has its own rows, computed when it is activated.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from diffusers import QwenImageTransformer2DModel
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn
from torch.func import functional_call

from lamina.engines.qwen.needs import TABLE_ROWS

_TABLES = "_lamina_modulation_tables"
_PER_MILLE = 1000  # the pipelines pass a thousandth of the scheduler's timestep to the model


class _Row(NamedTuple):
    """The key of a row: the timestep as passed to the model, and the extra condition of qwen-image-layered, or None."""

    timestep: float
    condition: int | None


class TabulatedModulation(nn.Sequential):
    """Replaces `img_mod` or `txt_mod`, with the same submodule names, so that LoRAs find them.

    `current` (B, 6 C): the output for this pass. `is_resting`: the weights stay in place when the model is moved.
    """

    current: torch.Tensor

    def __init__(self, modulation: nn.Sequential, is_resting: bool) -> None:
        super().__init__(*modulation)
        self.is_resting = is_resting
        self.is_tabulated = False
        self.register_buffer("current", torch.empty(0), persistent=False)

    def forward(self, input: torch.Tensor) -> torch.Tensor:  # noqa: A002  (its name in torch)
        return self.current[: input.shape[0]] if self.is_tabulated else super().forward(input)

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> "TabulatedModulation":
        return super()._apply(fn, recurse and not self.is_resting)


def tabulate_modulation(transformer: QwenImageTransformer2DModel, is_resting: bool) -> None:
    """Installs the tables in place. `is_resting`: moving the transformer to a device does not move these weights."""
    for block in transformer.transformer_blocks:
        block.img_mod = TabulatedModulation(block.img_mod, is_resting)
        block.txt_mod = TabulatedModulation(block.txt_mod, is_resting)
    tables = ModulationTables(transformer)
    setattr(transformer, _TABLES, tables)
    # The hook sees the timesteps as the blocks get them, whatever wraps the model's `forward`.
    transformer.time_text_embed.register_forward_pre_hook(tables.set_for_pass)


@contextmanager
def schedule_known(transformer: QwenImageTransformer2DModel, timesteps: Callable[[], Any]) -> Generator[None]:
    """Within it, the first timestep without a row computes the rows of the whole schedule.

    `timesteps`: returns those of the scheduler (0..1000); called at the first pass.
    """
    tables: ModulationTables | None = getattr(transformer, _TABLES, None)
    if tables is None:
        yield
        return
    tables.upcoming = timesteps
    try:
        yield
    finally:
        tables.upcoming = None


class ModulationTables:
    """The rows of one transformer."""

    def __init__(self, transformer: QwenImageTransformer2DModel) -> None:
        self.upcoming: Callable[[], Any] | None = None
        self.made = 0
        """Number of rows computed so far."""
        self._embedding = transformer.time_text_embed
        # Not `transformer_blocks` itself, which step caches replace temporarily.
        self._modulations = [
            part for block in transformer.transformer_blocks for part in (block.img_mod, block.txt_mod)
        ]
        self._plain: OrderedDict[_Row, torch.Tensor] = OrderedDict()
        self._adapted: OrderedDict[_Row, torch.Tensor] = OrderedDict()
        self._adapters: tuple[Any, ...] = ()
        self._shown: tuple[Any, ...] | None = None
        self._is_used = False

    def set_for_pass(self, _: nn.Module, embedded: tuple[Any, ...]) -> None:
        """A forward pre-hook of the timestep embedding that sets the modulation of every block for this pass."""
        is_usable = not torch.is_grad_enabled()
        if is_usable != self._is_used:
            for part in self._modulations:
                part.is_tabulated = is_usable
            self._is_used = is_usable
        if is_usable:
            timesteps, hidden_states, *conditions = embedded
            self._set(_rows_of(timesteps, *conditions), timesteps, hidden_states.dtype)

    def _set(self, wanted: list[_Row], timesteps: torch.Tensor, number: torch.dtype) -> None:
        rows = self._table()
        for row in wanted:
            if row in rows:
                rows.move_to_end(row)
        missing = [row for row in wanted if row not in rows]
        if missing:
            self._make(list(dict.fromkeys([*missing, *self._rows_to_come(wanted, timesteps)])), timesteps, number)
        shown = (*wanted, self._adapters, timesteps.device)
        if shown != self._shown:
            self._show([rows[row] for row in wanted])
            self._shown = shown

    def _rows_to_come(self, wanted: list[_Row], timesteps: torch.Tensor) -> list[_Row]:
        """The rows of the remaining schedule, with the pipelines' rounding: to the model's dtype, then divided."""
        if self.upcoming is None:
            return []
        values = (self.upcoming().to(timesteps.device, timesteps.dtype) / _PER_MILLE).double().tolist()
        now, table = wanted[0], self._table()
        begin = values.index(now.timestep) if now.timestep in values else 0
        rows = (now._replace(timestep=value) for value in values[begin : begin + TABLE_ROWS - len(wanted)])
        return [row for row in rows if row not in table]

    def _table(self) -> OrderedDict[_Row, torch.Tensor]:
        """The rows for the active LoRAs; those of previously active LoRAs are discarded."""
        adapters = tuple(self._adapters_on())
        if adapters != self._adapters:
            self._adapted.clear()
            self._adapters = adapters
        return self._adapted if adapters else self._plain

    def _adapters_on(self) -> Generator[tuple[Any, ...]]:
        for number, part in enumerate(self._modulations):
            layer = part[1]
            if isinstance(layer, BaseTunerLayer) and not layer.disable_adapters:
                for name in layer.active_adapters:
                    if name in layer.lora_A:
                        yield number, name, layer.scaling[name], layer.lora_A[name].weight.data_ptr()

    def _make(self, wanted: list[_Row], timesteps: torch.Tensor, number: torch.dtype) -> None:
        device, rows = timesteps.device, self._table()
        times = torch.tensor([row.timestep for row in wanted], device=device).to(timesteps.dtype)
        activated = [
            self._activated(time[None], row.condition, number) for row, time in zip(wanted, times, strict=True)
        ]
        while rows and len(rows) + len(wanted) > TABLE_ROWS:
            rows.popitem(last=False)
        shape = len(self._modulations), self._modulations[0][1].out_features
        made = [torch.empty(shape, dtype=number, device=device) for _ in wanted]
        for place, part in enumerate(self._modulations):
            matrix = _at(device, part[1])
            for row, once in zip(made, activated, strict=True):
                row[place] = matrix(once)[0]
        rows.update(zip(wanted, made, strict=True))
        self.made += len(made)

    def _activated(self, time_1: torch.Tensor, condition: int | None, number: torch.dtype) -> torch.Tensor:
        """(1, C): the timestep embedding after the SiLU that begins every modulation."""
        device = time_1.device
        like = torch.empty(0, dtype=number, device=device)
        chosen = None if condition is None else torch.tensor([condition], device=device)
        # `forward`, since calling the module would run the hook of this class again.
        return self._modulations[0][0](self._embedding.forward(time_1.to(number), like, chosen))

    def _show(self, rows: list[torch.Tensor]) -> None:
        first = self._modulations[0].current
        if first.shape[:1] != (len(rows),) or first.dtype != rows[0].dtype or first.device != rows[0].device:
            shape = len(rows), rows[0].shape[1]
            with torch.inference_mode(False):
                for part in self._modulations:
                    part.current = torch.empty(shape, dtype=rows[0].dtype, device=rows[0].device)
        # In place, since these buffers are inputs of compiled code; one call for all of them.
        for sample, row in enumerate(rows):
            torch._foreach_copy_([part.current[sample] for part in self._modulations], list(row.unbind()))


def _rows_of(timesteps: torch.Tensor, condition: torch.Tensor | None = None) -> list[_Row]:
    if condition is None:
        return [_Row(value, None) for value in timesteps.double().tolist()]
    # One transfer for both, since each one synchronises with the GPU.
    both = torch.stack((timesteps.double(), condition.double().expand_as(timesteps)), 1).tolist()
    return [_Row(value, int(chosen)) for value, chosen in both]


def _at(device: torch.device, module: nn.Module) -> Callable[..., torch.Tensor]:
    """The module as a function with its weights on `device`, as long as the function is referenced."""
    weights = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    if _lies_on(device, weights.values()):
        return module
    moved = {name: weight.to(device, non_blocking=True) for name, weight in weights.items()}
    return lambda *args: functional_call(module, moved, args)


def _lies_on(device: torch.device, weights: Iterable[torch.Tensor]) -> bool:
    return all(weight.device == device for weight in weights)
