"""The input fields of fal's endpoints, by endpoint: their order, ranges and defaults."""

from lamina.api.fal import fields as f
from lamina.api.fal.fields import FieldOf, LoraWeight

_ANY_ACCELERATION = ("none", "regular", "high")
_ALL_FORMATS = ("jpeg", "png", "webp")

LAYERED = (
    f.caption(), f.image_url("The image to decompose."), f.negative_prompt(), f.steps(1, 50, 28),
    f.guidance(1, 5), f.seed(), f.SYNC_MODE, f.layer_count(), f.SAFETY, f.formats("png", "webp"),
    f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
GENERATION = (
    f.prompt(), f.image_size("landscape_4_3", may_be_null=False), f.steps(2, 250, 30), f.seed(), f.guidance(0, 2.5),
    f.SYNC_MODE, f.count(4), f.SAFETY, f.formats("jpeg", "png"), f.negative_prompt(" "),
    f.acceleration("none", *_ANY_ACCELERATION), f.loras(LoraWeight), f.TURBO,
)  # fmt: skip
IMAGE_TO_IMAGE = (
    *(f.image_size() if field.name == "image_size" else field for field in GENERATION), f.image_url(), f.strength(0.6),
)  # fmt: skip
GENERATION_2512 = (
    f.prompt(), f.negative_prompt(), f.image_size("landscape_4_3", may_be_null=False), f.steps(1, 50, 28),
    f.guidance(0, 4), f.seed(), f.SYNC_MODE, f.count(4), f.SAFETY, f.formats(*_ALL_FORMATS),
    f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
EDIT_2511 = (
    f.prompt(), f.negative_prompt(), f.image_size(), f.image_urls(), f.steps(1, 50, 28), f.guidance(1, 4.5), f.seed(),
    f.SYNC_MODE, f.count(4), f.SAFETY, f.formats(*_ALL_FORMATS), f.acceleration("regular", *_ANY_ACCELERATION),
)  # fmt: skip
LORAS = f.loras(LoraWeight)


def _edit(
    size: FieldOf, steps: FieldOf, pictures: FieldOf, acceleration: FieldOf, *more: FieldOf
) -> tuple[FieldOf, ...]:
    return (
        f.prompt(), size, steps, f.seed(), f.guidance(0, 4), f.SYNC_MODE, f.count(4), f.SAFETY,
        f.formats("jpeg", "png"), pictures, f.negative_prompt(" "), acceleration, *more,
    )  # fmt: skip


def _training(most_steps: int, archive: str) -> tuple[FieldOf, ...]:
    return f.image_data_url(archive), f.learning_rate(), f.training_steps(most_steps), f.default_caption()


SINGLE_EDIT = _edit(
    f.image_size(), f.steps(2, 50, 30), f.image_url(), f.acceleration("regular", *_ANY_ACCELERATION)
)  # fmt: skip
SINGLE_EDIT_LORA = _edit(
    f.image_size(), f.steps(2, 50, 30), f.image_url(), f.acceleration("none", *_ANY_ACCELERATION), LORAS
)  # fmt: skip
PLUS = _edit(
    f.image_size("square_hd", may_be_null=False), f.steps(2, 100, 50), f.image_urls(),
    f.acceleration("regular", "none", "regular"),
)  # fmt: skip
PLUS_LORA = _edit(
    f.image_size(), f.steps(2, 50, 28), f.image_urls(), f.acceleration("regular", "none", "regular"), LORAS
)  # fmt: skip
MAX = (
    f.prompt(maximum=800), f.negative_prompt(maximum=500, may_be_null=True),
    f.image_size("square_hd", may_be_null=False), f.EXPANSION, f.seed(), f.SAFETY, f.SYNC_MODE, f.count(4),
    f.formats(*_ALL_FORMATS),
)  # fmt: skip
MAX_EDIT = (
    f.prompt(maximum=800), f.negative_prompt(maximum=500, may_be_null=True), f.image_size(), f.EXPANSION, f.seed(),
    f.SAFETY, f.SYNC_MODE, f.count(6), f.formats(*_ALL_FORMATS), f.image_urls(3),
)  # fmt: skip
EDIT_TRAINING = _training(
    30_000,
    "A ZIP archive of examples: ROOT_start.EXT (ROOT_start2.EXT and so on, up to 10) and ROOT_end.EXT are the images "
    "before and after the edit, ROOT.txt is the edit instruction.",
)
LAYERED_TRAINING = _training(
    10_000,
    "A ZIP archive of examples: ROOT_start.EXT is the complete image; ROOT_end.EXT, ROOT_end2.EXT and so on, up to 8, "
    "are its layers, bottom first, PNG or WebP, as many in each example; ROOT.txt is the caption of the image.",
)
