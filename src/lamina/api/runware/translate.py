"""Converts Runware's imageInference tasks to job requests, one for each result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lamina.api.runware.acceleration import parse_acceleration
from lamina.api.runware.airs import AirModel, air_model
from lamina.api.runware.aliases import with_todays_names
from lamina.api.runware.errors import RunwareError, error_of
from lamina.api.runware.fields import check, check_value
from lamina.api.runware.sources import parse_source
from lamina.api.runware.uuids import render_uuid
from lamina.api.runware.wire import (
    BLANK,
    DEFAULT_LAYERS,
    DEFAULT_STRENGTH,
    inference_fields,
    output_type_field,
)
from lamina.core.errors import LaminaError
from lamina.core.jobs import FILE, Delivery, InputRole, JobInput, JobRequest
from lamina.core.tasks import (
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


@dataclass(frozen=True, slots=True)
class Registered:
    """A LoRA of the account. `file_id`: the id of its file; `weight`: the default weight."""

    file_id: str
    weight: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Wanted:
    """`requests`: one for each result, with consecutive seeds. `notes`: the first lines of the jobs' logs."""

    requests: tuple[JobRequest, ...]
    notes: tuple[str, ...]
    is_async: bool
    is_dry: bool = False


def named_loras(task: Mapping[str, Any]) -> list[str]:
    """The AIRs of the LoRAs in a task that has not been validated."""
    given = task.get("lora")
    entries = given if isinstance(given, list) else []
    return [lora["model"] for lora in entries if isinstance(lora, dict) and isinstance(lora.get("model"), str)]


def parse_inference(sent: Mapping[str, Any], loras: Mapping[str, Registered], drawn_seed: int) -> Wanted:
    """`drawn_seed`: the seed to use if the task has none. Raises `RunwareError`."""
    task = with_todays_names(sent)
    air = _air_of(task)
    check(task, inference_fields(air))
    outputs = _parse_output_types(task.get("outputType", "URL"))
    if ("width" in task) != ("height" in task):
        missing = "height" if "width" in task else "width"
        raise RunwareError(
            "missingParameter", "width and height must be given together.", parameter=missing, type="integer"
        )
    notes = [*_parse_notes(task, air)]
    count, seed = int(task.get("numberResults", 1)), int(task.get("seed", drawn_seed))
    steps = int(task.get("steps", air.catalog_entry.default_steps(air.kind)))
    acceleration, more = parse_acceleration(task.get("acceleratorOptions", {}), steps)
    guidance = _parse_guidance(task)
    sampling = Sampling(
        air.model,
        steps=steps if "steps" in task or not acceleration.is_off else None,
        guidance=guidance,
        negative="" if guidance is not None and guidance <= 1 else task.get("negativePrompt", ""),
        loras=tuple(_parse_lora(lora, loras) for lora in task.get("lora", ())),
        scheduler=task.get("scheduler", "Default"),
        acceleration=acceleration,
    )
    requests = tuple(
        _request(
            task,
            air,
            sampling,
            (seed + number) % _SEEDS,
            _extra(task, air, outputs, seed=seed, number=number, count=count),
        )
        for number in range(count)
    )
    return Wanted(requests, (*notes, *more), task.get("deliveryMethod", "sync") == "async")


def _air_of(task: Mapping[str, Any]) -> AirModel:
    name = task.get("model")
    if name is None:
        raise RunwareError("missingParameter", "The parameter model is required.", parameter="model", type="string")
    if not isinstance(name, str):
        raise RunwareError("invalidModel", "The model must be a string.", parameter="model", type="string")
    return air_model(name)


def _parse_output_types(given: object) -> tuple[str, ...]:
    check_value(given, output_type_field(given), "outputType")
    return tuple(dict.fromkeys(given)) if isinstance(given, list) else (str(given),)


def _parse_notes(task: Mapping[str, Any], air: AirModel) -> Sequence[str]:
    notes: list[str] = []
    if "ultralytics" in task.get("advancedFeatures", {}):
        notes.append(_FACES)
    stages = ((lora["model"], lora.get("transformer", "both")) for lora in task.get("lora", ()))
    notes += [_STAGES.format(model, stage) for model, stage in stages if stage != "both"]
    if air.kind is TaskKind.DECOMPOSE and task.get("outputFormat") == JPG:
        notes.append(_ON_WHITE)
    return notes


def _parse_guidance(task: Mapping[str, Any]) -> float | None:
    true_cfg_scale = task.get("settings", {}).get("trueCFGScale")
    return task.get("CFGScale") if true_cfg_scale is None else true_cfg_scale


def _parse_lora(lora: Mapping[str, Any], loras: Mapping[str, Registered]) -> Lora:
    registered = loras.get(lora["model"])
    if registered is None:
        raise RunwareError(
            "unsupportedLoraModel",
            f"This account has no LoRA {lora['model'][:200]!r}. Upload it first with modelUpload.",
            parameter="lora.model",
            type="string",
        )
    return Lora(f"{FILE}{registered.file_id}", lora.get("weight", registered.weight))


def _request(
    task: Mapping[str, Any], air: AirModel, sampling: Sampling, seed: int, extra: Mapping[str, Any]
) -> JobRequest:
    try:
        job_task = _task_of(task, air, replace(sampling, seed=seed))
    except LaminaError as error:
        raise error_of(error) from error
    return JobRequest(
        task=job_task,
        inputs=_parse_inputs(task),
        delivery=_parse_delivery(task, air),
        model=air.model,
        dialect=DIALECT,
        extra=extra,
        webhook_url=task.get("webhookURL"),
        upload_url=task.get("uploadEndpoint"),
        named_model=air.model,
    )


def _task_of(task: Mapping[str, Any], air: AirModel, sampling: Sampling) -> PictureTask:
    prompt = task["positivePrompt"]
    width, height = _whole(task.get("width")), _whole(task.get("height"))
    if air.kind is TaskKind.DECOMPOSE:
        return DecomposeTask(
            layers=int(task.get("settings", {}).get("layers", DEFAULT_LAYERS)),
            prompt="" if prompt == BLANK else prompt,
            sampling=sampling,
            resolution_px=RESOLUTIONS_PX[max(width or 0, height or 0) > RESOLUTIONS_PX[0]],
            width=width,
            height=height,
        )
    prompt = prompt if prompt.strip() and prompt != BLANK else _INVISIBLE_PROMPT
    if air.kind is TaskKind.EDIT:
        return EditTask(prompt, sampling, width, height)
    return GenerateTask(prompt, sampling, width, height, strength=task.get("strength", DEFAULT_STRENGTH))


def _parse_inputs(task: Mapping[str, Any]) -> tuple[JobInput, ...]:
    given = task.get("inputs", {})
    if "maskImage" in given and "seedImage" not in given:
        raise RunwareError(
            "missingParameter", "A maskImage needs a seedImage.", parameter="inputs.seedImage", type="string"
        )
    pictures = [
        JobInput(InputRole.PICTURE, parse_source(source, f"inputs.referenceImages[{number}]"))
        for number, source in enumerate(given.get("referenceImages", ()))
    ]
    for name, role in (("seedImage", InputRole.START), ("maskImage", InputRole.MASK)):
        if name in given:
            pictures.append(JobInput(role, parse_source(given[name], f"inputs.{name}")))
    return tuple(pictures)


def _parse_delivery(task: Mapping[str, Any], air: AirModel) -> Delivery:
    is_layered = air.kind is TaskKind.DECOMPOSE
    output_format = task.get("outputFormat", TIFF if is_layered else JPG)
    return Delivery(
        format="png" if output_format == TIFF else output_format.lower(),
        quality=int(task.get("outputQuality", 95)),
        safety=_parse_safety(task.get("safety", {})),
        has_pages=is_layered and (output_format == TIFF or "uploadEndpoint" in task),
        keep_s=task.get("ttl"),
    )


def _parse_safety(safety: Mapping[str, Any]) -> bool | None:
    """None, which means the operator's default, if the task has no setting."""
    if "mode" in safety:
        return safety["mode"] != "none"
    return safety.get("checkContent")


def _extra(
    task: Mapping[str, Any], air: AirModel, outputs: Sequence[str], seed: int, number: int, count: int
) -> dict[str, Any]:
    """The data from which responses are rendered, and, for the first result, the task itself."""
    is_layered = air.kind is TaskKind.DECOMPOSE
    extra = {
        "task_uuid": task["taskUUID"],
        "number": number,
        "count": count,
        "outputs": list(outputs),
        "format": task.get("outputFormat", TIFF if is_layered else JPG),
        "tells_cost": task.get("includeCost", False),
        "tells_safety": bool(_parse_safety(task.get("safety", {}))),
        "seed": seed + number,
        "ttl_s": task.get("ttl"),
        "delivery": task.get("deliveryMethod", "sync"),
    }
    return extra | {"task": _without_data(task)} if number == 0 else extra


def _without_data(task: Mapping[str, Any]) -> dict[str, Any]:
    """The task without its images, which `asked` restores as UUIDs or URLs."""
    return {name: value for name, value in task.items() if name != "inputs"}


def asked(request: JobRequest) -> dict[str, Any]:
    """The original task, as stored with its first result, with UUIDs or URLs for its images."""
    task = dict(request.extra.get("task", {}))
    names = {InputRole.START: "seedImage", InputRole.MASK: "maskImage"}
    inputs: dict[str, Any] = {}
    for job_input in request.inputs:
        is_own = job_input.source.startswith(FILE)
        source = render_uuid(job_input.source.removeprefix(FILE)) if is_own else job_input.source
        if job_input.role is InputRole.PICTURE:
            inputs.setdefault("referenceImages", []).append(source)
        else:
            inputs[names[job_input.role]] = source
    return task | ({"inputs": inputs} if inputs else {})


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
