"""Valid inputs with typed attributes: of the endpoints for pictures, and of the trainers."""

from pydantic import BaseModel

from lamina.api.fal.fields import ImageSize, LoraWeight, Preset
from lamina.api.fal.wire import Loc
from lamina.core.acceleration import AccelerationLevel
from lamina.core.tasks import DEFAULT_STRENGTH


class PictureInput(BaseModel):
    """Read from a valid input by `from_attributes`. Fields that its endpoint does not have keep the defaults here.

    The ranges are checked by the endpoint's own model; see `fields` for the meaning of each field.
    """

    prompt: str | None
    negative_prompt: str | None
    seed: int | None
    sync_mode: bool
    enable_safety_checker: bool
    output_format: str
    num_images: int = 1
    num_layers: int | None = None
    image_size: ImageSize | Preset | None = None
    image_url: str | None = None
    image_urls: tuple[str, ...] = ()
    strength: float = DEFAULT_STRENGTH
    num_inference_steps: int | None = None
    guidance_scale: int | float | None = None  # the defaults of the endpoints are whole numbers
    acceleration: AccelerationLevel = AccelerationLevel.NONE
    loras: tuple[LoraWeight, ...] = ()
    use_turbo: bool = False
    enable_prompt_expansion: bool = False

    @property
    def addresses(self) -> list[tuple[Loc, str]]:
        """(location in the input, URL) of each image."""
        if self.image_url is not None:
            return [(("body", "image_url"), self.image_url)]
        return [(("body", "image_urls", number), address) for number, address in enumerate(self.image_urls)]


class TrainingInput(BaseModel):
    """As `PictureInput`, of the trainers."""

    image_data_url: str
    learning_rate: float
    steps: int
    default_caption: str | None

    @property
    def addresses(self) -> list[tuple[Loc, str]]:
        """(location in the input, URL) of the archive."""
        return [(("body", "image_data_url"), self.image_data_url)]
