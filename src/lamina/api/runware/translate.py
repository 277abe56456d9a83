"""Converts Runware's imageInference tasks to job requests, one for each result."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from pydantic import JsonValue

from lamina.api.runware.acceleration import parse_acceleration
from lamina.api.runware.airs import AirModel, air_model
from lamina.api.runware.aliases import with_current_names
from lamina.api.runware.errors import RunwareError, error_of, parameter_error
from lamina.api.runware.fields import check, check_value
from lamina.api.runware.loras import LoraRecord
from lamina.api.runware.response_options import ResponseOptions
from lamina.api.runware.sources import parse_source
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.uuids import render_uuid
from lamina.api.runware.wire import (
    DEFAULT_LAYERS,
    DEFAULT_STRENGTH,
    NO_PROMPT,
    inference_fields,
    output_type_field,
)
from lamina.core.errors import LaminaError
from lamina.core.jobs import FILE, Delivery, InputRole, JobInput, JobRequest
from lamina.core.tasks import (
    DEFAULT_SCHEDULER,
    RESOLUTIONS_PX,
    DecomposeTask,
    EditTask,
    GenerateTask,
    Lora,
    PictureTask,
    Sampling,
    TaskKind,
)

DIALECT = "runware"
JPG, TIFF = "JPG", "TIFF"
_INVISIBLE_PROMPT = "\u200b"  # models need a prompt; this one is invisible
_SEEDS = 2**64  # the engine's number of seeds
_FACES = "advancedFeatures.ultralytics is not for Qwen-Image models: no faces were enhanced."
_STAGES = "This model has one transformer stage: the LoRA {} was applied to all of it, not to the {} one alone."
_ON_WHITE = "JPG has no transparency: the layers were merged to one image on white. Use TIFF, PNG or WEBP."
_OTHER_INPUTS = {InputRole.START: "seedImage", InputRole.MASK: "maskImage"}


@dataclass(frozen=True, slots=True)
class Inference:
    """`requests`: one for each result, with consecutive seeds. `notes`: the first lines of the jobs' logs."""

    requests: tuple[JobRequest, ...]
    notes: tuple[str, ...]
    is_async: bool


def parse_inference(sent: TaskFields, loras: Mapping[str, LoraRecord], default_seed: int) -> Inference:
    """`loras`: those of the account by AIR. `default_seed`: the seed if the task has none. Raises `RunwareError`."""
    task = with_current_names(sent)
    air = _parse_model(task)
    check(task, inference_fields(air))
    outputs = _parse_output_types(task)
    if ("width" in task) != ("height" in task):
        missing = "height" if "width" in task else "width"
        raise RunwareError(
            "missingParameter", "width and height must be given together.", parameter=missing, type="integer"
        )
    count, seed = task.integer("numberResults", 1), task.integer("seed", default_seed)
    steps = task.integer("steps", air.catalog_entry.default_steps(air.kind))
    acceleration, acceleration_notes = parse_acceleration(task.group("acceleratorOptions"), steps)
    guidance = task.group("settings").number("trueCFGScale", task.number("CFGScale", None))
    sampling = Sampling(
        air.model,
        steps=steps if "steps" in task or not acceleration.is_off else None,
        guidance=guidance,
        negative="" if guidance is not None and guidance <= 1 else task.text("negativePrompt"),
        loras=tuple(_parse_lora(lora, loras) for lora in task.groups("lora")),
        scheduler=task.text("scheduler", DEFAULT_SCHEDULER),
        acceleration=acceleration,
    )
    options = _parse_response_options(task, air, outputs, seed, count)
    requests = [
        _request(task, air, replace(sampling, seed=(seed + number) % _SEEDS), options, number)
        for number in range(count)
    ]
    notes = (*_parse_notes(task, air), *acceleration_notes)
    return Inference(tuple(requests), notes, options.delivery == "async")


def _parse_model(task: TaskFields) -> AirModel:
    if "model" not in task:
        raise parameter_error("missingParameter", "The parameter model is required.", "model")
    name = task.optional_text("model")
    if name is None:
        raise parameter_error("invalidModel", "The model must be a string.", "model")
    return air_model(name)


def _parse_output_types(task: TaskFields) -> list[str]:
    if "outputType" not in task:
        return ["URL"]
    given = task.value("outputType")
    check_value(given, output_type_field(given), "outputType")
    return list(dict.fromkeys(task.texts("outputType"))) or [task.text("outputType")]


def _parse_notes(task: TaskFields, air: AirModel) -> Sequence[str]:
    notes: list[str] = []
    if "ultralytics" in task.group("advancedFeatures"):
        notes.append(_FACES)
    stages = ((lora.text("model"), lora.text("transformer", "both")) for lora in task.groups("lora"))
    notes += [_STAGES.format(model, stage) for model, stage in stages if stage != "both"]
    if air.kind is TaskKind.DECOMPOSE and task.text("outputFormat") == JPG:
        notes.append(_ON_WHITE)
    return notes


def _parse_lora(lora: TaskFields, loras: Mapping[str, LoraRecord]) -> Lora:
    air = lora.text("model")
    record = loras.get(air)
    if record is None:
        message = f"This account has no LoRA {air[:200]!r}. Upload it first with modelUpload."
        raise parameter_error("unsupportedLoraModel", message, "lora.model")
    return Lora(f"{FILE}{record['file']}", lora.number("weight", record.get("defaultWeight", 1)))


def _parse_response_options(
    task: TaskFields, air: AirModel, outputs: Sequence[str], seed: int, count: int
) -> ResponseOptions:
    return ResponseOptions(
        task_uuid=task.task_uuid,
        count=count,
        outputs=outputs,
        format=task.text("outputFormat", TIFF if air.kind is TaskKind.DECOMPOSE else JPG),
        tells_cost=task.flag("includeCost", False),
        tells_safety=bool(_parse_safety(task)),
        seed=seed,
        ttl_s=task.number("ttl", None),
        delivery=task.text("deliveryMethod", "sync"),
    )


def _request(task: TaskFields, air: AirModel, sampling: Sampling, options: ResponseOptions, number: int) -> JobRequest:
    """The first request also stores the task, for `original_task`."""
    try:
        job_task = _parse_task(task, air, sampling)
    except LaminaError as error:
        raise error_of(error) from error
    extra = asdict(replace(options, number=number, seed=options.seed + number))
    return JobRequest(
        task=job_task,
        inputs=_parse_inputs(task.group("inputs")),
        delivery=_parse_delivery(task, air, options),
        model=air.model,
        dialect=DIALECT,
        extra=extra if number else {**extra, "task": task.to_json(without=("inputs",))},
        webhook_url=task.optional_text("webhookURL"),
        upload_url=task.optional_text("uploadEndpoint"),
        named_model=air.model,
    )


def _parse_task(task: TaskFields, air: AirModel, sampling: Sampling) -> PictureTask:
    prompt = task.text("positivePrompt")
    width, height = task.integer("width", None), task.integer("height", None)
    if air.kind is TaskKind.DECOMPOSE:
        return DecomposeTask(
            layers=task.group("settings").integer("layers", DEFAULT_LAYERS),
            prompt="" if prompt == NO_PROMPT else prompt,
            sampling=sampling,
            resolution_px=RESOLUTIONS_PX[max(width or 0, height or 0) > RESOLUTIONS_PX[0]],
            width=width,
            height=height,
            is_flat=True,
        )
    prompt = prompt if prompt.strip() and prompt != NO_PROMPT else _INVISIBLE_PROMPT
    if air.kind is TaskKind.EDIT:
        return EditTask(prompt, sampling, width, height)
    return GenerateTask(prompt, sampling, width, height, strength=task.number("strength", DEFAULT_STRENGTH))


def _parse_inputs(inputs: TaskFields) -> tuple[JobInput, ...]:
    if "maskImage" in inputs and "seedImage" not in inputs:
        raise parameter_error("missingParameter", "A maskImage needs a seedImage.", "inputs.seedImage")
    references = [
        JobInput(InputRole.PICTURE, parse_source(source, f"inputs.referenceImages[{number}]"))
        for number, source in enumerate(inputs.texts("referenceImages"))
    ]
    others = [
        JobInput(role, parse_source(inputs.text(name), f"inputs.{name}"))
        for role, name in _OTHER_INPUTS.items()
        if name in inputs
    ]
    return (*references, *others)


def _parse_delivery(task: TaskFields, air: AirModel, options: ResponseOptions) -> Delivery:
    is_tiff = options.format == TIFF
    return Delivery(
        format="png" if is_tiff else options.format.lower(),
        quality=task.integer("outputQuality", 95),
        safety=_parse_safety(task),
        has_pages=air.kind is TaskKind.DECOMPOSE and (is_tiff or "uploadEndpoint" in task),
        keep_s=options.ttl_s,
    )


def _parse_safety(task: TaskFields) -> bool | None:
    """None, which means the operator's default, if the task has no setting."""
    safety = task.group("safety")
    if "mode" in safety:
        return safety.text("mode") != "none"
    return safety.flag("checkContent", None)


def original_task(request: JobRequest) -> TaskFields:
    """The task, as stored with its first result, with UUIDs or URLs for its images, which are not stored there."""
    inputs: dict[str, JsonValue] = {}
    references: list[JsonValue] = []
    for job_input in request.inputs:
        is_own = job_input.source.startswith(FILE)
        source = render_uuid(job_input.source.removeprefix(FILE)) if is_own else job_input.source
        if job_input.role is InputRole.PICTURE:
            references.append(source)
            inputs["referenceImages"] = references
        else:
            inputs[_OTHER_INPUTS[job_input.role]] = source
    task = request.extra.get("task", {})
    return TaskFields({**task, "inputs": inputs} if inputs else task)
