"""The catalog of models: tasks, parameter ranges, and where the weights come from."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.tasks import MAX_GUIDANCE, MAX_REFERENCES, MAX_STEPS, PICTURE_KINDS, TaskKind

_APACHE = "Apache-2.0"
_SHARED_BYTES = 16_580_000_000 + 254_000_000  # text encoder and VAE, the same for all but the layered VAE
_TRANSFORMER_BYTES = 40_860_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """The range of a parameter, both ends included, and its default."""

    least: float
    most: float
    default: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Published weights: a repository on the Hugging Face Hub in the diffusers layout.

    `revision`: the commit to download. `size_bytes`: the approximate size of the download.
    """

    repository: str
    revision: str
    size_bytes: int
    licence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One entry of the catalog.

    `aliases`: other names of the model. `steps`, `guidance`: what a request may set. `native_px`: the side of the
    square that it was trained at, in pixels. `suffix`: what its authors append to prompts to enrich them.
    `max_references`: how many pictures an edit may use. `scheduler`: a description of its noise schedule. `own`:
    defaults (steps, guidance) of single tasks that differ from those of `steps` and `guidance`.
    """

    name: str
    title: str
    tasks: frozenset[TaskKind]
    checkpoint: Checkpoint
    steps: Span
    guidance: Span
    native_px: int
    scheduler: str
    aliases: tuple[str, ...] = ()
    suffix: str = ""
    max_references: int = 0
    own: Mapping[TaskKind, tuple[int, float]] = field(default_factory=dict[TaskKind, tuple[int, float]])

    def default_steps(self, kind: TaskKind) -> int:
        return self.own[kind][0] if kind in self.own else int(self.steps.default)

    def default_guidance(self, kind: TaskKind) -> float:
        return self.own[kind][1] if kind in self.own else self.guidance.default


_EXPONENTIAL = "flow matching, Euler, exponential shift 0.5 to 0.9 by size, ending at 0.02"
_LINEAR = "flow matching, Euler, linear shift by size: 2.5 at 640 px, 4 at 1024 px"
_SUFFIX = ", Ultra HD, 4K, cinematic composition."


def _released(
    name: str,
    title: str,
    kind: TaskKind,
    repository: str,
    revision: str,
    *,
    default_steps: int = 50,
    native_px: int = 1024,
    scheduler: str = _EXPONENTIAL,
    aliases: tuple[str, ...] = (),
    suffix: str = "",
    max_references: int = 0,
) -> Model:
    """A released Qwen model with the settings of its model card."""
    return Model(
        name=name,
        title=title,
        tasks=frozenset({kind}),
        checkpoint=Checkpoint(f"Qwen/{repository}", revision, _TRANSFORMER_BYTES + _SHARED_BYTES, _APACHE),
        steps=Span(1, MAX_STEPS, default_steps),
        guidance=Span(0, MAX_GUIDANCE, 4),
        native_px=native_px,
        scheduler=scheduler,
        aliases=aliases,
        suffix=suffix,
        max_references=max_references,
    )


MODELS = {
    model.name: model
    for model in (
        _released(
            "qwen-image",
            "Qwen-Image: pictures from words, good at lettering",
            TaskKind.GENERATE,
            "Qwen-Image",
            "75e0b4be04f60ec59a75f475837eced720f823b6",
            native_px=1328,
            suffix=_SUFFIX,
        ),
        _released(
            "qwen-image-2512",
            "Qwen-Image of December 2025: more lifelike people and finer detail",
            TaskKind.GENERATE,
            "Qwen-Image-2512",
            "25468b98e3276ca6700de15c6628e51b7de54a26",
            native_px=1328,
            suffix=_SUFFIX,
            aliases=("qwen-image-max",),
        ),
        _released(
            "qwen-image-edit",
            "Qwen-Image-Edit: changes one picture as words say",
            TaskKind.EDIT,
            "Qwen-Image-Edit",
            "ac7f9318f633fc4b5778c59367c8128225f1e3de",
            max_references=1,
        ),
        _released(
            "qwen-image-edit-2509",
            "Qwen-Image-Edit of September 2025: several pictures into one",
            TaskKind.EDIT,
            "Qwen-Image-Edit-2509",
            "d3968ef930e841f4c73640fb8afa3b306a78167e",
            default_steps=40,
            max_references=MAX_REFERENCES,
            aliases=("qwen-image-edit-plus",),
        ),
        _released(
            "qwen-image-edit-2511",
            "Qwen-Image-Edit of November 2025: as before, keeping people and things more alike",
            TaskKind.EDIT,
            "Qwen-Image-Edit-2511",
            "6f3ccc0b56e431dc6a0c2b2039706d7d26f22cb9",
            default_steps=40,
            max_references=MAX_REFERENCES,
            aliases=("qwen-image-max-edit",),
        ),
        _released(
            "qwen-image-layered",
            "Qwen-Image-Layered: takes a picture apart into RGBA layers",
            TaskKind.DECOMPOSE,
            "Qwen-Image-Layered",
            "8f0ca708dfff6ba1dd5f2d85d78f8c108a040bcf",
            native_px=640,
            scheduler=_LINEAR,
        ),
        Model(
            name="nano",
            title="Nano: the family's architecture in small, for trying things out on any CPU",
            tasks=frozenset(PICTURE_KINDS),
            checkpoint=Checkpoint("", "", 40_000_000, _APACHE),
            steps=Span(1, MAX_STEPS, 20),
            guidance=Span(0, MAX_GUIDANCE, 2),
            native_px=64,
            scheduler="as the released models",
            max_references=MAX_REFERENCES,
            own={TaskKind.EDIT: (4, 1.0), TaskKind.DECOMPOSE: (10, 1.0)},
        ),
    )
}
NANO = MODELS["nano"]
_DEFAULTS = {
    TaskKind.GENERATE: "qwen-image",
    TaskKind.EDIT: "qwen-image-edit-2511",
    TaskKind.DECOMPOSE: "qwen-image-layered",
}


def wanted_model(name: str | None, kind: TaskKind) -> Model:
    """The model of that name, or the default one for None, for a task of `kind`. Raises as `model_named` does."""
    return default_model(kind) if name is None else model_named(name, kind)


def default_model(kind: TaskKind) -> Model:
    """The released model for tasks that name none."""
    return MODELS[_DEFAULTS[kind]]


def model_named(name: str, kind: TaskKind | None = None) -> Model:
    """The model of that name or alias.

    Raises `LaminaError`: model_unknown, task_invalid (it does not support `kind`).
    """
    model = next((model for model in MODELS.values() if name == model.name or name in model.aliases), None)
    if model is None:
        names = [*MODELS, *(alias for model in MODELS.values() for alias in model.aliases)]
        close = difflib.get_close_matches(name, names, 1, 0.6)
        hint = f"Did you mean {close[0]!r}?" if close else f"Available models: {', '.join(MODELS)}."
        raise LaminaError(ErrorCode.MODEL_UNKNOWN, f"There is no model {name!r}.", hint)
    if kind is not None and kind not in model.tasks:
        fit = ", ".join(other.name for other in MODELS.values() if kind in other.tasks)
        raise LaminaError(ErrorCode.TASK_INVALID, f"The model {name!r} does not {kind}.", f"Models that do: {fit}.")
    return model
