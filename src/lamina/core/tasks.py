"""Tasks, which are validated before an engine gets them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, Final, Literal, TypeAlias

from lamina.core.acceleration import Acceleration
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.schedulers import scheduler_named
from lamina.core.selections import Place, Selection

MIN_LAYERS, MAX_LAYERS = 1, 100
DEFAULT_LAYERS = 10  # of engines that follow the picture; models have their own default
MAX_MODEL_LAYERS = 10  # of diffusion models, and of the vendors' APIs
AUTO_LAYERS: Final = "auto"
_LAYER_COUNTS = f'{MIN_LAYERS} to {MAX_LAYERS}, or "{AUTO_LAYERS}" for all that is seen'
MAX_EXCLUSIONS = 50
MAX_PICTURES = 20  # of one request
MAX_REFERENCES = 10
DEFAULT_STRENGTH = 0.6
MIN_SIDE_PX, MAX_SIDE_PX, SIDE_STEP_PX = 64, 4096, 16
MAX_AREA_PX = 2048 * 2048
MAX_STEPS = 250
MAX_GUIDANCE = 50.0
MAX_SEED = 2**64 - 1
MIN_LORA_SCALE, MAX_LORA_SCALE = -4.0, 4.0
SHOWN_LOSSES = 20
"""The loss that is shown of a training is the mean of this many steps, since each step has another noise level."""

MAX_TRAINING_STEPS = 100_000
MAX_TRAINING_PX = 2048
MAX_RANK = 128
MIN_ALPHA, MAX_ALPHA = 0.001, 1024.0
RESOLUTIONS_PX = (640, 1024)
DEFAULT_SCHEDULER = "Default"


LayerCount: TypeAlias = int | Literal["auto"]
"""A maximum number of layers, 1..100, a group counting as one; or "auto" for all that is seen, at most 100."""


class TaskKind(StrEnum):
    """What is to be done: generate or edit pictures, decompose one into layers, or train a LoRA."""

    GENERATE = "generate"
    EDIT = "edit"
    DECOMPOSE = "decompose"
    TRAIN = "train"


PICTURE_KINDS = (TaskKind.GENERATE, TaskKind.EDIT, TaskKind.DECOMPOSE)
"""The kinds of tasks whose result is pictures or layers."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A low-rank adapter to apply to the model. `path`: a file, URL or hub id; `scale`: -4..4, 1 as it was trained."""

    path: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.path:
            raise _invalid("A LoRA has no path.", "Give a file, a URL or an id on the hub.")
        if not MIN_LORA_SCALE <= self.scale <= MAX_LORA_SCALE:
            raise _invalid(
                f"The scale {self.scale:g} of the LoRA {self.path!r} is out of range.",
                f"Give {MIN_LORA_SCALE:g} to {MAX_LORA_SCALE:g}.",
            )


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a diffusion model is run. None is the model's own default; a seed of None is random.

    `model`: a name in the catalog. `seed`: 0..2^64-1. `steps`: 1..250. `guidance`: 0..50, classifier-free guidance
    scale; 1 and less disables it. `negative`: the negative prompt. `scheduler`: one of `schedulers.SCHEDULERS`.
    `has_previews`: report previews of the picture with some steps. `unasked`: names of the fields above that an API has
    filled in by itself, so that the user gets no note where an engine ignores them.
    """

    model: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    negative: str = ""
    loras: tuple[Lora, ...] = ()
    scheduler: str = DEFAULT_SCHEDULER
    acceleration: Acceleration = field(default_factory=Acceleration)
    has_previews: bool = False
    unasked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_range("seed", self.seed, 0, MAX_SEED)
        _check_range("number of steps", self.steps, 1, MAX_STEPS)
        _check_range("guidance scale", self.guidance, 0, MAX_GUIDANCE)
        scheduler_named(self.scheduler)


@dataclass(frozen=True, slots=True)
class GenerateTask:
    """Generate pictures from a prompt.

    `width`, `height`: px, both or neither. `count`: 1..20 pictures, with consecutive seeds. `strength`: 0..1, how much
    the picture to start from may change. `is_expanded`: a language model extends the prompt first.
    """

    kind: ClassVar = TaskKind.GENERATE

    prompt: str
    sampling: Sampling = field(default_factory=Sampling)
    width: int | None = None
    height: int | None = None
    count: int = 1
    strength: float = DEFAULT_STRENGTH
    is_expanded: bool = False

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        _check_size(self.width, self.height)
        _check_range("number of pictures", self.count, 1, MAX_PICTURES)
        _check_range("strength", self.strength, 0, 1)


@dataclass(frozen=True, slots=True)
class EditTask:
    """Edit a picture, or combine several, by a prompt. Fields as in `GenerateTask`. Without a size the result has the
    aspect and about the size of the first picture; of the last one if `is_sized_like_last`.
    """

    kind: ClassVar = TaskKind.EDIT

    prompt: str
    sampling: Sampling = field(default_factory=Sampling)
    width: int | None = None
    height: int | None = None
    count: int = 1
    is_expanded: bool = False
    is_sized_like_last: bool = False

    def __post_init__(self) -> None:
        _check_prompt(self.prompt)
        _check_size(self.width, self.height)
        _check_range("number of pictures", self.count, 1, MAX_PICTURES)


@dataclass(frozen=True, slots=True)
class DecomposeTask:
    """Decompose one picture into layers.

    `width`, `height`: px, both or neither; the picture is resized to it first, whatever its aspect.
    `layers`: 1..100 at most, a group counting as one; there may be fewer. "auto" is all that is seen. None is the
    engine's own default. `is_flat`: no groups; what is found beyond `layers` is merged.
    `selections`: things that become layers of their own, before all others. `exclusions`: points that do not belong to
    any of them.
    For models only: `prompt` describes the whole picture with its hidden parts, and is written by the model where it is
    empty; `resolution_px`: 640 or 1024, at which the model works; `is_raw`: return the model's layers unprocessed, at
    the size that it works at.
    """

    kind: ClassVar = TaskKind.DECOMPOSE

    layers: LayerCount | None = None
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    resolution_px: int = RESOLUTIONS_PX[0]
    is_raw: bool = False
    is_flat: bool = False
    width: int | None = None
    height: int | None = None
    selections: tuple[Selection, ...] = ()
    exclusions: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        _check_size(self.width, self.height)
        _check_layers(self.layers)
        self._check_selections()
        if self.resolution_px not in RESOLUTIONS_PX:
            raise _invalid(
                f"The resolution {self.resolution_px} px is not supported.",
                f"Ask for {' or '.join(map(str, RESOLUTIONS_PX))}.",
            )

    def _check_selections(self) -> None:
        _check_range("number of excluded points", len(self.exclusions), 0, MAX_EXCLUSIONS)
        if self.exclusions and not self.selections:
            raise _invalid("Points are excluded, but nothing is selected.", "Select a thing by a box or a point.")
        count, limit = len(self.selections), self.layer_limit
        if count and count >= limit:
            raise _invalid(
                f"{count} selected things and the background are more than {limit} layers.",
                f"Select fewer things, or ask for more layers, at most {MAX_LAYERS}.",
            )

    @property
    def layer_limit(self) -> int:
        """The maximum number of layers and groups, for engines that follow the picture."""
        return MAX_LAYERS if self.layers == AUTO_LAYERS else self.layers or DEFAULT_LAYERS

    def with_selections_in_pixels(self, width: int, height: int) -> "DecomposeTask":
        """The same task with all coordinates in pixels of a picture of that size, resized as the task requests.

        Raises `LaminaError` (task_invalid) if a place is outside the picture.
        """
        if not self.selections:
            return self
        across = 1.0 if self.width is None else self.width / width
        down = 1.0 if self.height is None else self.height / height

        return self.with_places(lambda place: place.in_pixels(width, height).scaled(across, down))

    def with_places(self, placed: Callable[[Place], Place]) -> "DecomposeTask":
        """The same task with the result of `placed` for each place that is selected or excluded."""
        return replace(
            self,
            selections=tuple(replace(each, place=placed(each.place)) for each in self.selections),
            exclusions=tuple(map(placed, self.exclusions)),
        )


@dataclass(frozen=True, slots=True)
class TrainTask:
    """Train a LoRA on the pictures of an archive; see `core.training` for the names of the files.

    `model`: a name in the catalog or an alias; it decides whether edits or layers are trained. `steps`: 1..100,000.
    `learning_rate`: 0..1. `rank`: 1..128; `alpha`: above 0, the scale is alpha / rank. `seed`: 0..2^64-1.
    `default_caption`: for examples without a caption. `references`: 1..10 input pictures of each example of an edit.
    `caption_dropout`: 0..1, the share of steps without a caption. `resolution_px`: 64..2048, the side of the square at
    which it is trained. `checkpoint_every`: steps between checkpoints.
    None is the trainer's own default, which `core.training` fills in; a seed of None is random.
    """

    kind: ClassVar = TaskKind.TRAIN

    model: str | None = None
    steps: int | None = None
    learning_rate: float | None = None
    rank: int | None = None
    alpha: float | None = None
    seed: int | None = None
    default_caption: str = ""
    references: int | None = None
    caption_dropout: float | None = None
    resolution_px: int | None = None
    checkpoint_every: int | None = None

    def __post_init__(self) -> None:
        _check_range("number of training steps", self.steps, 1, MAX_TRAINING_STEPS)
        _check_range("learning rate", self.learning_rate, 0, 1)
        _check_range("rank", self.rank, 1, MAX_RANK)
        _check_range("alpha", self.alpha, MIN_ALPHA, MAX_ALPHA)
        _check_range("seed", self.seed, 0, MAX_SEED)
        _check_range("number of references", self.references, 1, MAX_REFERENCES)
        _check_range("caption dropout", self.caption_dropout, 0, 1)
        _check_range("resolution", self.resolution_px, MIN_SIDE_PX, MAX_TRAINING_PX)
        _check_range("number of steps between checkpoints", self.checkpoint_every, 1, MAX_TRAINING_STEPS)


PictureTask = GenerateTask | EditTask | DecomposeTask
"""A task whose result is pictures or layers."""

Task = PictureTask | TrainTask
"""The kinds of tasks."""

TASKS: Mapping[TaskKind, type[Task]] = {
    TaskKind.GENERATE: GenerateTask,
    TaskKind.EDIT: EditTask,
    TaskKind.DECOMPOSE: DecomposeTask,
    TaskKind.TRAIN: TrainTask,
}


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise _invalid("The prompt is empty.", "Describe the picture or the change that you want.")


def _check_size(width: int | None, height: int | None) -> None:
    if width is None and height is None:
        return
    if width is None or height is None:
        raise _invalid("Only one of width and height is given.", "Give both, or neither.")
    for side in (width, height):
        if side % SIDE_STEP_PX or not MIN_SIDE_PX <= side <= MAX_SIDE_PX:
            raise _invalid(
                f"The size {width} x {height} px is not supported.",
                f"Each side must be a multiple of {SIDE_STEP_PX} from {MIN_SIDE_PX} to {MAX_SIDE_PX}.",
            )
    if width * height > MAX_AREA_PX:
        raise _invalid(f"The size {width} x {height} px is not supported.", f"Ask for at most {MAX_AREA_PX:,} pixels.")


def _check_layers(layers: LayerCount | None) -> None:
    if layers is None or layers == AUTO_LAYERS:
        return
    if isinstance(layers, bool) or not isinstance(layers, int):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _invalid(f"{layers!r} is not a number of layers.", f"Ask for {_LAYER_COUNTS}.")
    if not MIN_LAYERS <= layers <= MAX_LAYERS:
        raise _invalid(f"The number of layers {layers} is out of range.", f"Ask for {_LAYER_COUNTS}.")


def _check_range(label: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise _invalid(f"The {label} {value:g} is out of range.", f"Ask for {least:g} to {most:g}.")


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
