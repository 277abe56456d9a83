"""Converts the requests of fal's clients to job requests; pure functions."""

import json
from collections.abc import Collection
from dataclasses import dataclass, replace

from pydantic import ValidationError

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.errors import detail, detail_of_error, parse_details
from lamina.api.fal.fields import MOST_LORAS, PRESETS, ImageSize
from lamina.api.fal.validated import PictureInput, TrainingInput
from lamina.api.fal.wire import Detail
from lamina.core.acceleration import Acceleration
from lamina.core.catalog import MODELS
from lamina.core.errors import LaminaError
from lamina.core.jobs import AbsentTask, Delivery, InputRole, JobInput, JobRequest
from lamina.core.tasks import (
    MAX_AREA_PX,
    MAX_SEED,
    MAX_SIDE_PX,
    MIN_SIDE_PX,
    SIDE_STEP_PX,
    DecomposeTask,
    EditTask,
    GenerateTask,
    Lora,
    PictureTask,
    Sampling,
    TaskKind,
    TrainTask,
)
from lamina.fetch.targets import parse_target
from lamina.files.lora_sources import check_lora_wording

DIALECT = "fal"
_TURBO_STEPS, _TURBO_GUIDANCE = 10, 1.2  # fal's description of use_turbo
_SAMPLING_FIELDS = {
    "num_inference_steps": "steps",
    "guidance_scale": "guidance",
    "acceleration": "acceleration",
    "negative_prompt": "negative",
}
_LOSSLESS = 100
_QUALITY = 95
_FORMATS = {"png": "png", "jpeg": "jpg", "webp": "webp"}


class InvalidInput(Exception):  # noqa: N818  (describes the input, not the failure)
    """An input is invalid. `details`: the errors, in fal's format."""

    def __init__(self, details: list[Detail]) -> None:
        super().__init__(details)
        self.details = details


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """The options of a request in its headers and its query. Times in seconds."""

    priority: int = 0
    start_within_s: float | None = None
    keep_s: float | None = None
    webhook_url: str | None = None
    most_waiting: int | None = None


def parse_input(endpoint: Endpoint, body: object, options: RequestOptions, drawn_seed: int) -> JobRequest:
    """The job request for an input. `drawn_seed`: the seed to use if the input has none. Raises `InvalidInput`."""
    try:
        valid = endpoint.input.model_validate(body)
    except ValidationError as error:
        raise InvalidInput(parse_details(error.errors(include_url=False))) from None
    if endpoint.kind is TaskKind.TRAIN:
        return _training_request(endpoint, TrainingInput.model_validate(valid, from_attributes=True), options)
    given = PictureInput.model_validate(valid, from_attributes=True)
    details = [
        *_check_prompt(endpoint, given),
        *_check_count(endpoint, given),
        *_check_loras(endpoint, given),
        *_check_addresses(endpoint, given),
    ]
    size, size_details = parse_size(given.image_size)
    if details or size_details:
        raise InvalidInput([*details, *size_details])
    seed = given.seed if given.seed is not None else drawn_seed
    try:
        task = _task(endpoint, given, size, seed, valid.model_fields_set)
    except LaminaError as error:
        raise InvalidInput([detail_of_error(endpoint, error, ("body",))]) from None
    role = InputRole.START if endpoint.kind is TaskKind.GENERATE else InputRole.PICTURE
    return JobRequest(
        task=task,
        inputs=tuple(JobInput(role, address) for _, address in given.addresses),
        delivery=_delivery(endpoint, given, options),
        model=endpoint.model,
        dialect=DIALECT,
        extra={"endpoint": endpoint.id, "seed": seed, "prompt": given.prompt, "is_sync": given.sync_mode},
        priority=options.priority,
        start_within_s=options.start_within_s,
        webhook_url=options.webhook_url,
        named_model=endpoint.model,
    )


def _training_request(endpoint: Endpoint, given: TrainingInput, options: RequestOptions) -> JobRequest:
    if details := _check_addresses(endpoint, given):
        raise InvalidInput(details)
    try:
        task = TrainTask(
            model=endpoint.model,
            steps=given.steps,
            learning_rate=given.learning_rate,
            default_caption=given.default_caption or "",
        )
    except LaminaError as error:
        raise InvalidInput([detail_of_error(endpoint, error, ("body", "learning_rate"))]) from None
    return JobRequest(
        task=task,
        inputs=(JobInput(InputRole.ARCHIVE, given.image_data_url),),
        delivery=Delivery(keep_s=options.keep_s),
        model=endpoint.priced_as,
        dialect=DIALECT,
        extra={"endpoint": endpoint.id},
        priority=options.priority,
        start_within_s=options.start_within_s,
        webhook_url=options.webhook_url,
        named_model=endpoint.model,
    )


def refused_request(endpoint: Endpoint, details: list[Detail], options: RequestOptions) -> JobRequest:
    """A job request in place of an invalid input, so that the job's result can contain the errors."""
    return JobRequest(
        task=AbsentTask(endpoint.kind),
        model=endpoint.priced_as,
        dialect=DIALECT,
        extra={"endpoint": endpoint.id, "refused": json.loads(json.dumps(details))},
        webhook_url=options.webhook_url,
    )


def parse_size(given: ImageSize | str | None) -> tuple[tuple[int, int] | None, list[Detail]]:
    """(width and height in px, rounded to multiples of 16 px, which the models require; errors)."""
    if given is None:
        return None, []
    if isinstance(given, str):
        return PRESETS[given], []
    details: list[Detail] = []
    for name, side in (("width", given.width), ("height", given.height)):
        loc = ("body", "image_size", name)
        if side < MIN_SIDE_PX:
            message = f"Input should be greater than or equal to {MIN_SIDE_PX}"
            details.append(detail(loc, message, "greater_than_equal", {"ge": MIN_SIDE_PX}, side))
        elif side > MAX_SIDE_PX:
            message = f"Input should be less than or equal to {MAX_SIDE_PX}"
            details.append(detail(loc, message, "less_than_equal", {"le": MAX_SIDE_PX}, side))
    width, height = (
        max(MIN_SIDE_PX, round(side / SIDE_STEP_PX) * SIDE_STEP_PX) for side in (given.width, given.height)
    )
    if not details and width * height > MAX_AREA_PX:
        side = int(MAX_AREA_PX**0.5)
        message = f"Image too large: at most {MAX_AREA_PX:,} pixels can be made"
        details.append(
            detail(("body", "image_size"), message, "image_too_large", {"max_height": side, "max_width": side})
        )
    return (width, height), details


def _task(
    endpoint: Endpoint, given: PictureInput, size: tuple[int, int] | None, seed: int, sent: Collection[str]
) -> PictureTask:
    """`sent`: the names of the fields that the client has set."""
    width, height = size or (None, None)
    prompt, sampling = given.prompt or "", _sampling(endpoint, given, seed)
    match endpoint.kind:
        case TaskKind.DECOMPOSE:
            unasked = tuple(name for field, name in _SAMPLING_FIELDS.items() if field not in sent)
            return DecomposeTask(given.num_layers, prompt, replace(sampling, unasked=unasked), is_flat=True)
        case TaskKind.EDIT:
            return EditTask(
                prompt=prompt,
                sampling=sampling,
                width=width,
                height=height,
                count=given.num_images,
                is_expanded=given.enable_prompt_expansion,
                is_sized_like_last=True,
            )
        case _:
            return GenerateTask(
                prompt=prompt,
                sampling=sampling,
                width=width,
                height=height,
                count=given.num_images,
                strength=given.strength,
                is_expanded=given.enable_prompt_expansion,
            )


def _sampling(endpoint: Endpoint, given: PictureInput, seed: int) -> Sampling:
    """A decomposition names no model, so that it works without one, unless LoRAs must be applied to a model."""
    return Sampling(
        model=endpoint.model if endpoint.kind is not TaskKind.DECOMPOSE or given.loras else None,
        seed=seed if 0 <= seed <= MAX_SEED else seed % MAX_SEED,
        steps=_TURBO_STEPS if given.use_turbo else given.num_inference_steps,
        guidance=_TURBO_GUIDANCE if given.use_turbo else given.guidance_scale,
        negative=(given.negative_prompt or "").strip(),
        loras=tuple(Lora(lora.path, lora.scale) for lora in given.loras),
        acceleration=Acceleration(given.acceleration),
    )


def _delivery(endpoint: Endpoint, given: PictureInput, options: RequestOptions) -> Delivery:
    """Layers are lossless in WebP, too. A requested safety check is done if the checker is installed or the settings
    require it."""
    quality = _LOSSLESS if endpoint.kind is TaskKind.DECOMPOSE else _QUALITY
    safety = None if given.enable_safety_checker else False
    return Delivery(format=_FORMATS[given.output_format], quality=quality, safety=safety, keep_s=options.keep_s)


def _check_prompt(endpoint: Endpoint, given: PictureInput) -> list[Detail]:
    if endpoint.kind is TaskKind.DECOMPOSE or (given.prompt or "").strip():
        return []
    message = "String should have at least 1 character"
    return [detail(("body", "prompt"), message, "string_too_short", {"min_length": 1}, given.prompt)]


def _check_count(endpoint: Endpoint, given: PictureInput) -> list[Detail]:
    """Checks the number of images against the model's limit, where fal has no limit."""
    count, most = len(given.image_urls), MODELS[endpoint.model].max_references
    if count <= most:
        return []
    message = f"List should have at most {most} items after validation, not {count}"
    return [detail(("body", "image_urls"), message, "sequence_too_long", {"max_length": most})]


def _check_loras(endpoint: Endpoint, given: PictureInput) -> list[Detail]:
    if len(given.loras) > MOST_LORAS:
        message = f"List should have at most {MOST_LORAS} items after validation, not {len(given.loras)}"
        return [detail(("body", "loras"), message, "sequence_too_long", {"max_length": MOST_LORAS})]
    details: list[Detail] = []
    for number, lora in enumerate(given.loras):
        try:
            if lora.path.lower().startswith(("http://", "https://")):
                parse_target(lora.path)
            check_lora_wording(lora.path)
        except LaminaError as error:
            details.append(detail_of_error(endpoint, error, ("body", "loras", number, "path")))
    return details


def _check_addresses(endpoint: Endpoint, given: PictureInput | TrainingInput) -> list[Detail]:
    details: list[Detail] = []
    for loc, address in given.addresses:
        if address[:5].lower() == "data:":
            continue
        try:
            parse_target(address)
        except LaminaError as error:
            details.append(detail_of_error(endpoint, error, loc))
    return details
