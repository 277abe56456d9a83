"""What a job has produced: references to its files, and how they were made. No pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lamina.core.text_styles import TextStyle


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A file that a job has produced. `size`: bytes; `width`, `height`: px, of pictures and stacks.

    `file`: its id in the service. In the outcome of an engine process, where nothing is stored yet, it is the name of
    the file in the folder of the run, and `size` is 0.
    """

    file: str
    content_type: str
    size: int = 0
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile(ResultFile):
    """`seed`: from which it was sampled; None where no model sampled it. `is_flagged`: the safety checker blacked it
    out.
    """

    seed: int | None = None
    is_flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerGroup:
    """A group of layers. `kind`: of `LayerKind`.

    `parent`: the index of the group around it in `StackResult.groups`, which precedes it; None if there is none.
    """

    name: str = ""
    kind: str = ""
    is_hidden: bool = False
    is_locked: bool = False
    parent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFile(ResultFile):
    """A layer as a picture of the whole canvas. `index`: 0 is the bottom one; `kind`: of `LayerKind`; `blend`: of
    `BlendMode`.

    `bbox`: (x, y, width, height) px of its pixels on the canvas; `opacity`: 0..255; `text`: what it reads, None where
    it shows none; `style`: how its text is set, None where it was not measured. `group`: the index in
    `StackResult.groups` of the innermost group that contains it, None where there is none.
    """

    index: int = 0
    name: str = ""
    kind: str = ""
    bbox: tuple[int, ...] = ()
    opacity: int = 255
    is_hidden: bool = False
    blend: str = "normal"
    text: str | None = None
    style: TextStyle | None = None
    group: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFile(ResultFile):
    """The state of a training after `step` steps."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recomposition:
    """How far the composited layers are from the picture, as shares 0..1 of the full range (1/255 is one level)."""

    max_abs_error: float
    mean_abs_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """The fields of every result. `engine`: its engine; `checkpoint`: the weights; `seed`: of the first picture.

    `notes`: sentences for the user. `stands_in_for`: the model that was requested by name, if nano made the result
    instead; `is_free`: whether the job is free for that reason.
    """

    engine: str = ""
    checkpoint: str = ""
    seed: int | None = None
    notes: tuple[str, ...] = ()
    stands_in_for: str | None = None
    is_free: bool = False

    @property
    def files(self) -> tuple[ResultFile, ...]:
        """All its files."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PicturesResult(JobResult):
    """Of generating and editing. `prompt`: as the model got it; `timings_s`: seconds by stage; `steps`,
    `skipped_steps`: sampling steps, and those of them answered from a cache; `width`, `height`: px.

    `is_flagged`: whether the safety checker blacked out any picture.
    """

    prompt: str = ""
    timings_s: Mapping[str, float] = field(default_factory=dict[str, float])
    steps: int = 0
    skipped_steps: int = 0
    is_flagged: bool = False
    width: int | None = None
    height: int | None = None
    pictures: tuple[PictureFile, ...] = ()

    @property
    def files(self) -> tuple[ResultFile, ...]:
        return self.pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResult(PicturesResult):
    """Of a decomposition. `stack`: the ZIP that keeps everything; `layers`: bottom first, in `groups`; `flat`: what
    they add up to; `pages`: a TIFF with a page per layer, if it was asked for.

    `pictures`: the flat picture on white, if JPEG was asked for. `recomposition`: None where it was not measured.
    """

    recomposition: Recomposition | None = None
    stack: ResultFile | None = None
    layers: tuple[LayerFile, ...] = ()
    groups: tuple[LayerGroup, ...] = ()
    flat: ResultFile | None = None
    pages: ResultFile | None = None

    @property
    def files(self) -> tuple[ResultFile, ...]:
        return (*_present(self.stack), *self.layers, *_present(self.flat, self.pages), *self.pictures)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult(JobResult):
    """Of a training, also one that was cancelled after at least one checkpoint.

    `layer_count`: layers per example, 1 of edits. `lora`: the adapter; `config`: how it was trained, as JSON;
    `loss_plot`: a PNG. `last_checkpoint`: only of one that was cancelled.
    """

    steps_done: int = 0
    layer_count: int = 1
    lora: ResultFile | None = None
    config: ResultFile | None = None
    loss_plot: ResultFile | None = None
    last_checkpoint: CheckpointFile | None = None

    @property
    def files(self) -> tuple[ResultFile, ...]:
        return _present(self.lora, self.config, self.loss_plot, self.last_checkpoint)


Result = PicturesResult | StackResult | TrainingResult


def _present(*files: ResultFile | None) -> tuple[ResultFile, ...]:
    return tuple(file for file in files if file is not None)
