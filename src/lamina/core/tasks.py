"""What a user can ask for: frozen, normalised and validated before any engine sees it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from lamina.core.acceleration import Acceleration
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.schedulers import scheduler_named

MIN_LAYERS, MAX_LAYERS = 1, 10
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
"""What is told as a training's loss is the mean of so many steps: a single one's says little, for each is of another
noise level."""

MAX_TRAINING_STEPS = 100_000
MAX_TRAINING_PX = 2048
MAX_RANK = 128
MIN_ALPHA, MAX_ALPHA = 0.001, 1024.0
RESOLUTIONS_PX = (640, 1024)
DEFAULT_SCHEDULER = "Default"


class TaskKind(StrEnum):
    """What is to be done: make a picture, change one, take one apart; or teach a model from pictures."""

    GENERATE = "generate"
    EDIT = "edit"
    DECOMPOSE = "decompose"
    TRAIN = "train"


PICTURE_KINDS = (TaskKind.GENERATE, TaskKind.EDIT, TaskKind.DECOMPOSE)
"""What an engine does with one request's own pictures."""


@dataclass(frozen=True, slots=True)
class Lora:
    """A low-rank adapter to put on the model. `path`: a file, URL or hub id; `scale`: -4..4, 1 as it was trained."""

    path: str
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.path:
            raise _invalid("A LoRA without a path was asked for.", "Name a file, a URL or a hub id.")
        if not MIN_LORA_SCALE <= self.scale <= MAX_LORA_SCALE:
            raise _invalid(
                f"The LoRA {self.path!r} was given the scale {self.scale:g}.",
                f"Give {MIN_LORA_SCALE:g} to {MAX_LORA_SCALE:g}.",
            )


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a diffusion model is run. None is the model's own default, a seed of None is drawn.

    `model`: a name in the catalog. `seed`: 0..2^64-1. `steps`: 1..250. `guidance`: 0..50, classifier-free; 1 and less
    is without. `negative`: what the picture should not show. `scheduler`: one of `schedulers.SCHEDULERS`.
    `has_previews`: tell now and then, with a step, what it looks like so far. `unasked`: names of those above that an
    API has filled in for whoever asked, who need not hear that an engine has no use for them.
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
        _check_range("a seed", self.seed, 0, MAX_SEED)
        _check_range("steps", self.steps, 1, MAX_STEPS)
        _check_range("a guidance scale", self.guidance, 0, MAX_GUIDANCE)
        scheduler_named(self.scheduler)


@dataclass(frozen=True, slots=True)
class GenerateTask:
    """Make pictures from words.

    `width`, `height`: px, both or neither. `count`: 1..20 pictures, of seeds that follow one another. `strength`: 0..1,
    how much of a picture that is started from may change. `is_expanded`: let a language model enrich the prompt first.
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
        _check_range("pictures", self.count, 1, MAX_PICTURES)
        _check_range("a strength", self.strength, 0, 1)


@dataclass(frozen=True, slots=True)
class EditTask:
    """Change a picture, or several into one, as words say. Fields as in `GenerateTask`; without a size, the first
    picture's aspect and about its size, or the last one's: `is_sized_like_last`.
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
        _check_range("pictures", self.count, 1, MAX_PICTURES)


@dataclass(frozen=True, slots=True)
class DecomposeTask:
    """Take one picture apart into layers.

    `width`, `height`: px, both or neither, that the picture is brought to first, whatever its aspect.
    `layers`: a budget of 1..10; fewer come back when fewer are seen. None is the engine's own default.
    For models only: `prompt` describes the whole picture, hidden parts too, and is written by the model where it is
    empty; `resolution_px`: 640 or 1024, at which the model looks; `is_raw`: its layers as they come, at its own size.
    """

    kind: ClassVar = TaskKind.DECOMPOSE

    layers: int | None = None
    prompt: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    resolution_px: int = RESOLUTIONS_PX[0]
    is_raw: bool = False
    width: int | None = None
    height: int | None = None

    def __post_init__(self) -> None:
        _check_size(self.width, self.height)
        _check_range("layers", self.layers, MIN_LAYERS, MAX_LAYERS)
        if self.resolution_px not in RESOLUTIONS_PX:
            raise _invalid(
                f"A resolution of {self.resolution_px} px was asked for.",
                f"Ask for {' or '.join(map(str, RESOLUTIONS_PX))}.",
            )


@dataclass(frozen=True, slots=True)
class TrainTask:
    """Train a LoRA on the pictures of an archive; see `core.training` for how they are named.

    `model`: a name in the catalog or an alias; of edits or of layers, as that model does. `steps`: 1..100,000.
    `learning_rate`: 0..1. `rank`: 1..128 of the adapter's matrices; `alpha`: above 0, its strength times the rank.
    `seed`: 0..2^64-1. `default_caption`: of pictures without one of their own. `references`: 1..10 pictures that each
    of an edit's examples starts from. `caption_dropout`: 0..1 of steps without words. `resolution_px`: 64..2048, the
    side of the square at which the results are learnt. `checkpoint_every`: so many steps.
    None is the trainer's own default, which `core.training` fills in; a seed of None is drawn.
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
        _check_range("training steps", self.steps, 1, MAX_TRAINING_STEPS)
        _check_range("a learning rate", self.learning_rate, 0, 1)
        _check_range("a rank", self.rank, 1, MAX_RANK)
        _check_range("an alpha", self.alpha, MIN_ALPHA, MAX_ALPHA)
        _check_range("a seed", self.seed, 0, MAX_SEED)
        _check_range("references", self.references, 1, MAX_REFERENCES)
        _check_range("a caption dropout", self.caption_dropout, 0, 1)
        _check_range("a resolution", self.resolution_px, MIN_SIDE_PX, MAX_TRAINING_PX)
        _check_range("steps between checkpoints", self.checkpoint_every, 1, MAX_TRAINING_STEPS)


PictureTask = GenerateTask | EditTask | DecomposeTask
"""What an engine makes or changes pictures by."""

Task = PictureTask | TrainTask
"""What a job can be asked to do."""


def _check_prompt(prompt: str) -> None:
    if not prompt.strip():
        raise _invalid("The prompt is empty.", "Say what is wanted.")


def _check_size(width: int | None, height: int | None) -> None:
    if width is None and height is None:
        return
    if width is None or height is None:
        raise _invalid("Only one of width and height was given.", "Give both, or neither.")
    for side in (width, height):
        if side % SIDE_STEP_PX or not MIN_SIDE_PX <= side <= MAX_SIDE_PX:
            raise _invalid(
                f"A size of {width} x {height} px was asked for.",
                f"Each side must be a multiple of {SIDE_STEP_PX} from {MIN_SIDE_PX} to {MAX_SIDE_PX}.",
            )
    if width * height > MAX_AREA_PX:
        raise _invalid(f"A size of {width} x {height} px was asked for.", f"Ask for at most {MAX_AREA_PX:,} pixels.")


def _check_range(what: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        is_one = what.startswith(("a ", "an "))
        asked = f"{what} of {value:g}" if is_one else f"{value:g} {what}"
        verb = "was" if is_one or value == 1 else "were"
        raise _invalid(f"{asked[0].upper()}{asked[1:]} {verb} asked for.", f"Ask for {least:g} to {most:g}.")


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
