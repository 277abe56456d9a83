"""Converts Pixazo's JSON to job requests; pure functions."""

from typing import Any

from lamina.api.pixazo.sizes import MAX_SIZES, parse_image_size, parse_size
from lamina.api.pixazo.wire import (
    PIXAZO_TRAINER,
    EditPlusFields,
    LayeredFields,
    MaxEditFields,
    MaxFields,
    MultimodeFields,
    TrainerFields,
)
from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.catalog import model_named
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Delivery, InputRole, JobInput, JobRequest, WebhookEvent
from lamina.core.tasks import DecomposeTask, EditTask, GenerateTask, Lora, PictureTask, Sampling, TrainTask
from lamina.fetch.data_uri import is_data_uri
from lamina.fetch.targets import parse_target

DIALECT = "pixazo"
LAYERED, MAX, MAX_EDIT = "qwen-image-layered", "qwen-image-max", "qwen-image-max-edit"
EDIT_PLUS, TRAINER = "qwen-image-edit-plus-lora", "qwen-image-edit-plus-trainer"
GENERATE, EDIT = "qwen-image", "qwen-image-edit"
"""The vendor's model names, which are the prefixes of request ids and the values of `model_id`."""

MODELS = {
    LAYERED: "qwen-image-layered",
    MAX: "qwen-image-max",
    MAX_EDIT: "qwen-image-max-edit",
    EDIT_PLUS: "qwen-image-edit-plus",
    GENERATE: "qwen-image",
    EDIT: "qwen-image-edit",
}
"""The names or aliases in Lamina's catalog by the vendor's names."""

_DEFAULT_LAYERS = 4
_DEFAULT_TRAINING_STEPS = 1000
_QUICK_PX, _STANDARD_PX = 640, 1024  # the resolutions of the layered model
_FORMATS = {"png": "png", "jpeg": "jpg", "webp": "webp"}
_EVENTS = {"start": (WebhookEvent.STARTED,), "complete": (WebhookEvent.COMPLETED,), "*": tuple(WebhookEvent)}


def parse_layered(fields: LayeredFields) -> JobRequest:
    """Raises `LaminaError`: task_invalid, address_refused."""
    is_fast = fields.acceleration == "fast"
    sampling = Sampling(
        steps=fields.num_inference_steps,
        guidance=fields.guidance_scale,
        acceleration=Acceleration(AccelerationLevel.FAST if is_fast else AccelerationLevel.NONE),
    )
    layers = _DEFAULT_LAYERS if fields.num_layers is None else fields.num_layers
    task = DecomposeTask(layers, "", sampling, _QUICK_PX if is_fast else _STANDARD_PX, is_flat=True)
    delivery = _delivery(fields.output_format, fields.enable_safety_checker)
    return _request(LAYERED, task, _pictures([fields.image_url], "image_url"), delivery)


def parse_max(fields: MaxFields) -> JobRequest:
    """Raises as `parse_layered` does."""
    width, height = MAX_SIZES[fields.image_size or "square_hd"]
    sampling = Sampling(MODELS[MAX], negative=fields.negative_prompt or "")
    task = GenerateTask(
        prompt=fields.prompt,
        sampling=sampling,
        width=width,
        height=height,
        count=fields.num_images or 1,
        is_expanded=_is_on(fields.enable_prompt_expansion),
    )
    return _request(MAX, task, (), _delivery(fields.output_format, fields.enable_safety_checker))


def parse_max_edit(fields: MaxEditFields) -> JobRequest:
    """Raises as `parse_layered` does. Images after the first are ignored."""
    sampling = Sampling(MODELS[MAX_EDIT], negative=fields.negative_prompt or "")
    task = EditTask(
        fields.prompt, sampling, count=fields.num_images or 1, is_expanded=_is_on(fields.enable_prompt_expansion)
    )
    pictures = _pictures(fields.image_urls[:1], "image_urls")
    return _request(MAX_EDIT, task, pictures, _delivery(fields.output_format, fields.enable_safety_checker))


def parse_edit_plus(fields: EditPlusFields) -> JobRequest:
    """Raises as `parse_layered` does."""
    width, height = parse_image_size(fields.image_size)
    sampling = Sampling(
        model=MODELS[EDIT_PLUS],
        seed=fields.seed,
        steps=fields.num_inference_steps,
        guidance=fields.guidance_scale,
        negative=fields.negative_prompt or "",
        loras=tuple(Lora(lora.path, lora.scale) for lora in fields.loras or ()),
        acceleration=Acceleration(AccelerationLevel(fields.acceleration or "none")),
    )
    task = EditTask(fields.prompt, sampling, width, height, fields.num_images or 1)
    pictures = _pictures(fields.image_urls, "image_urls")
    return _request(EDIT_PLUS, task, pictures, _delivery(fields.output_format, fields.enable_safety_checker))


def parse_trainer(fields: TrainerFields) -> JobRequest:
    """Raises as `parse_layered` does."""
    task = TrainTask(
        model=MODELS[EDIT_PLUS],
        steps=fields.steps or _DEFAULT_TRAINING_STEPS,
        learning_rate=fields.learning_rate,
        default_caption=fields.default_caption or "",
        references=fields.reference_image_count,
    )
    parse_target(fields.image_data_url)
    archive = JobInput(InputRole.ARCHIVE, fields.image_data_url)
    return JobRequest(
        task=task,
        inputs=(archive,),
        model=PIXAZO_TRAINER,
        dialect=DIALECT,
        extra={"model_id": TRAINER},
        named_model=model_named(MODELS[EDIT_PLUS]).name,
    )


def parse_generation(fields: MultimodeFields) -> JobRequest:
    """Raises `LaminaError`: task_invalid, address_refused, model_unknown."""
    prompt, _ = _prompt_and_images(fields, GENERATE)
    parameters = fields.parameters
    width, height = parse_size(parameters and parameters.size)
    sampling = Sampling(MODELS[GENERATE], negative=(parameters and parameters.negative_prompt) or "")
    task = GenerateTask(prompt, sampling, width, height, is_expanded=_is_on(parameters and parameters.prompt_extend))
    return _request(GENERATE, task, (), Delivery(is_watermarked=_is_on(parameters and parameters.watermark)))


def parse_edit(fields: MultimodeFields) -> JobRequest:
    """Raises as `parse_generation` does."""
    prompt, images = _prompt_and_images(fields, EDIT)
    if len(images) != 1:
        raise _invalid(f"input.messages have {len(images) or 'no'} images", "Give one, as a URL or data: URI.")
    parameters = fields.parameters
    sampling = Sampling(MODELS[EDIT], negative=(parameters and parameters.negative_prompt) or "")
    delivery = Delivery(is_watermarked=bool(parameters and parameters.watermark))
    return _request(EDIT, EditTask(prompt, sampling), _pictures(images, "image"), delivery)


def parse_webhook(
    body_url: str | None, event_names: list[Any] | None, header_url: str | None
) -> tuple[str | None, tuple[WebhookEvent, ...]]:
    """(URL, events); the body takes precedence over the header. Raises `LaminaError` (address_refused)."""
    url = body_url or header_url or None
    if url is not None:
        parse_target(url)
    chosen = {event for name in event_names or ("complete",) for event in _EVENTS[name]}
    return url, tuple(event for event in WebhookEvent if event in chosen)


def _request(model_id: str, task: PictureTask, inputs: tuple[JobInput, ...], delivery: Delivery) -> JobRequest:
    model = model_named(MODELS[model_id], task.kind).name
    return JobRequest(
        task=task,
        inputs=inputs,
        delivery=delivery,
        model=model,
        dialect=DIALECT,
        extra={"model_id": model_id},
        named_model=model,
    )


def _prompt_and_images(fields: MultimodeFields, model_id: str) -> tuple[str, list[str]]:
    """(prompt, images) of all messages, in their order."""
    if fields.model != model_id:
        raise LaminaError(ErrorCode.MODEL_UNKNOWN, f"Model {fields.model!r} not found or is disabled")
    content = [part for message in fields.input.messages for part in message.content]
    prompt = "\n".join(part.text for part in content if part.text and part.text.strip())
    if not prompt:
        raise _invalid("input.messages have no text", "Describe the image or the edit.")
    return prompt, [part.image for part in content if part.image]


def _delivery(output_format: str | None, is_checked: bool | None) -> Delivery:
    """The safety check is on by default and in all of the vendor's samples. It therefore means the operator's setting:
    requiring the check would fail where the checker is not installed.
    """
    return Delivery(format=_FORMATS[output_format or "png"], safety=None if _is_on(is_checked) else False)


def _is_on(value: bool | None) -> bool:
    """The value of a switch that is on by default."""
    return value is not False


def _pictures(sources: list[str], field: str) -> tuple[JobInput, ...]:
    return tuple(JobInput(InputRole.PICTURE, _source(source, field)) for source in sources)


def _source(source: str, field: str) -> str:
    if source.lower().startswith(("http://", "https://")):
        parse_target(source)
    elif not is_data_uri(source):
        raise _invalid(f"{field} is neither an http(s) URL nor a data: URI", "Give one of them.")
    return source


def _invalid(what: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, f"{what}.", hint)
