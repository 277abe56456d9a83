"""The checkpoints of one engine: which one serves a model, and its parts, loaded as fits the machine."""

from dataclasses import dataclass

from lamina.core.catalog import NANO, Model
from lamina.core.tasks import TaskKind
from lamina.engine.qwen.devices import find_device, host_total_bytes
from lamina.engine.qwen.loading import take_components
from lamina.engine.qwen.measuring import measure
from lamina.engine.qwen.pipelines import Components
from lamina.engine.qwen.placement import Plan, choose_plan
from lamina.engine.qwen.shelf import Shelf
from lamina.engine.weights.places import Place, require
from lamina.engine.wishes import Wishes

_ROLES = ("vae", "text_encoder", "tokenizer", "processor", "transformer", "scheduler")
_OF_LAYERS = {"transformer": "transformer_layered", "scheduler": "scheduler_layered"}  # in nano's one folder for all


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A model ready to run. `checkpoint`: what a result says that it was made with."""

    parts: Components
    plan: Plan
    checkpoint: str


class Stock:
    """Keeps loaded models while memory allows; `only` serves every request, whatever model it names."""

    def __init__(self, wishes: Wishes, only: Model | None = None) -> None:
        self._wishes, self._only = wishes, only
        self._plans: dict[str, Plan] = {}
        self._shelf: Shelf | None = None

    def serving(self, model: Model) -> Model:
        """The model whose weights a request for `model` gets."""
        return self._only or model

    def load(self, model: Model, kind: TaskKind) -> Loaded:
        """Raises `LaminaError`: weights_missing, weights_damaged, out_of_memory, engine_unavailable."""
        place = require(model, self._wishes.roots)
        folders = {role: place.folder / _folder_of(role, model, kind) for role in _ROLES}
        name = f"{model.name}/{kind}" if model is NANO else model.name
        if name not in self._plans:
            device = find_device(self._wishes.device)
            sizes = measure(folders, place.transformer_file)
            self._plans[name] = choose_plan(
                model.name, device, host_total_bytes(), sizes, self._wishes.precision, self._wishes.placement
            )
        plan = self._plans[name]
        if self._shelf is None:
            self._shelf = Shelf(max(plan.device.free_bytes, plan.host_bytes))
        parts = take_components(self._shelf, name, folders, plan, place.transformer_file)
        return Loaded(Components(**parts), plan, _checkpoint(model, place))


def _folder_of(role: str, model: Model, kind: TaskKind) -> str:
    return _OF_LAYERS.get(role, role) if model is NANO and kind is TaskKind.DECOMPOSE else role


def _checkpoint(model: Model, place: Place) -> str:
    """As "Qwen/Qwen-Image@main", with the file that its transformer comes from where that is another."""
    named = f"{model.checkpoint.repository}@{model.checkpoint.revision}" if model.checkpoint.repository else model.name
    return named if place.transformer_file is None else f"{named} with {place.transformer_file.name}"
