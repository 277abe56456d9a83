"""Converts the requests of fal's clients to job requests; pure functions."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.errors import detail, detail_of_error, parse_details
from lamina.api.fal.fields import MOST_LORAS, PRESETS, ImageSize, LoraWeight
from lamina.api.fal.wire import Detail
from lamina.core.acceleration import Acceleration, AccelerationLevel
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
        given = endpoint.input.model_validate(body)
    except ValidationError as error:
        raise InvalidInput(parse_details(error.errors(include_url=False))) from None
    fields = dict(given)
    if endpoint.kind is TaskKind.TRAIN:
        return _training(endpoint, fields, options)
    checks = (_check_prompt, _check_count, _check_loras, _check_addresses)
    details = [error for check in checks for error in check(endpoint, fields)]
    size, wrong_size = parse_size(fields.get("image_size"))
    if details or wrong_size:
        raise InvalidInput([*details, *wrong_size])
    seed = fields["seed"] if fields["seed"] is not None else drawn_seed
    try:
        task = _task(endpoint, fields, size, seed, given.model_fields_set)
    except LaminaError as error:
        raise InvalidInput([detail_of_error(endpoint, error, ("body",))]) from None
    return JobRequest(
        task=task,
        inputs=_inputs(endpoint, fields),
        delivery=_delivery(endpoint, fields, options),
        model=endpoint.model,
        dialect=DIALECT,
        extra={
            "endpoint": endpoint.id,
            "seed": seed,
            "prompt": fields["prompt"],
            "is_sync": fields["sync_mode"],
        },
        priority=options.priority,
        start_within_s=options.start_within_s,
        webhook_url=options.webhook_url,
        named_model=endpoint.model,
    )


def _training(endpoint: Endpoint, fields: Mapping[str, Any], options: RequestOptions) -> JobRequest:
    if details := _check_addresses(endpoint, fields):
        raise InvalidInput(details)
    try:
        task = TrainTask(
            model=endpoint.model,
            steps=fields["steps"],
            learning_rate=fields["learning_rate"],
            default_caption=fields["default_caption"] or "",
        )
    except LaminaError as error:
        raise InvalidInput([detail_of_error(endpoint, error, ("body", "learning_rate"))]) from None
    return JobRequest(
        task=task,
        inputs=(JobInput(InputRole.ARCHIVE, fields["image_data_url"]),),
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
    endpoint: Endpoint, fields: Mapping[str, Any], size: tuple[int, int] | None, seed: int, sent: Collection[str]
) -> PictureTask:
    """`sent`: the names of the fields that the client has set."""
    width, height = size or (None, None)
    count, is_expanded = fields.get("num_images", 1), fields.get("enable_prompt_expansion", False)
    sampling = _sampling(endpoint, fields, seed)
    match endpoint.kind:
        case TaskKind.DECOMPOSE:
            unasked = tuple(name for field, name in _SAMPLING_FIELDS.items() if field not in sent)
            return DecomposeTask(fields["num_layers"], fields["prompt"] or "", replace(sampling, unasked=unasked))
        case TaskKind.EDIT:
            return EditTask(
                prompt=fields["prompt"],
                sampling=sampling,
                width=width,
                height=height,
                count=count,
                is_expanded=is_expanded,
                is_sized_like_last=True,
            )
        case _:
            strength = fields.get("strength", 0.6)
            return GenerateTask(
                prompt=fields["prompt"],
                sampling=sampling,
                width=width,
                height=height,
                count=count,
                strength=strength,
                is_expanded=is_expanded,
            )


def _sampling(endpoint: Endpoint, fields: Mapping[str, Any], seed: int) -> Sampling:
    """A decomposition names no model, so that it works without one, unless LoRAs must be applied to a model."""
    loras = tuple(Lora(lora.path, lora.scale) for lora in fields.get("loras", ()))
    is_turbo = fields.get("use_turbo", False)
    return Sampling(
        model=endpoint.model if endpoint.kind is not TaskKind.DECOMPOSE or loras else None,
        seed=seed if 0 <= seed <= MAX_SEED else seed % MAX_SEED,
        steps=_TURBO_STEPS if is_turbo else fields.get("num_inference_steps"),
        guidance=_TURBO_GUIDANCE if is_turbo else fields.get("guidance_scale"),
        negative=(fields["negative_prompt"] or "").strip(),
        loras=loras,
        acceleration=Acceleration(AccelerationLevel(fields.get("acceleration", "none"))),
    )


def _delivery(endpoint: Endpoint, fields: Mapping[str, Any], options: RequestOptions) -> Delivery:
    """Layers are lossless in WebP, too. A requested safety check is done if the checker is installed or the settings
    require it."""
    quality = _LOSSLESS if endpoint.kind is TaskKind.DECOMPOSE else _QUALITY
    safety = None if fields["enable_safety_checker"] else False
    return Delivery(format=_FORMATS[fields["output_format"]], quality=quality, safety=safety, keep_s=options.keep_s)


def _inputs(endpoint: Endpoint, fields: Mapping[str, Any]) -> tuple[JobInput, ...]:
    role = InputRole.START if endpoint.kind is TaskKind.GENERATE else InputRole.PICTURE
    given = fields.get("image_urls") or [fields["image_url"]] if _has_pictures(endpoint) else []
    return tuple(JobInput(role, address) for address in given)


def _has_pictures(endpoint: Endpoint) -> bool:
    return not {"image_url", "image_urls"}.isdisjoint(endpoint.field_names)


def _check_prompt(endpoint: Endpoint, fields: Mapping[str, Any]) -> list[Detail]:
    if endpoint.kind is TaskKind.DECOMPOSE or fields["prompt"].strip():
        return []
    message = "String should have at least 1 character"
    return [detail(("body", "prompt"), message, "string_too_short", {"min_length": 1}, fields["prompt"])]


def _check_count(endpoint: Endpoint, fields: Mapping[str, Any]) -> list[Detail]:
    """Checks the number of images against the model's limit, where fal has no limit."""
    given, most = len(fields.get("image_urls", ())), MODELS[endpoint.model].max_references
    if given <= most:
        return []
    message = f"List should have at most {most} items after validation, not {given}"
    return [detail(("body", "image_urls"), message, "sequence_too_long", {"max_length": most})]


def _check_loras(endpoint: Endpoint, fields: Mapping[str, Any]) -> list[Detail]:
    loras: list[LoraWeight] = fields.get("loras", [])
    if len(loras) > MOST_LORAS:
        message = f"List should have at most {MOST_LORAS} items after validation, not {len(loras)}"
        return [detail(("body", "loras"), message, "sequence_too_long", {"max_length": MOST_LORAS})]
    details: list[Detail] = []
    for number, lora in enumerate(loras):
        try:
            if lora.path.lower().startswith(("http://", "https://")):
                parse_target(lora.path)
            check_lora_wording(lora.path)
        except LaminaError as error:
            details.append(detail_of_error(endpoint, error, ("body", "loras", number, "path")))
    return details


def _check_addresses(endpoint: Endpoint, fields: Mapping[str, Any]) -> list[Detail]:
    details: list[Detail] = []
    for loc, address in addresses_of(endpoint, fields):
        if address[:5].lower() == "data:":
            continue
        try:
            parse_target(address)
        except LaminaError as error:
            details.append(detail_of_error(endpoint, error, loc))
    return details


def addresses_of(endpoint: Endpoint, fields: BaseModel | Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """(location in the input, URL) of each image, or of the archive."""
    given = dict(fields)
    if "image_urls" in endpoint.field_names:
        return [(("body", "image_urls", number), address) for number, address in enumerate(given["image_urls"])]
    single_fields = ("image_url", "image_data_url")
    return [(("body", name), given[name]) for name in single_fields if name in endpoint.field_names]
