"""Translates the JSON of the native API to job requests; pure functions."""

import hashlib
import json

from lamina.api.native.wire import (
    DecompositionFields,
    EditFields,
    GenerationFields,
    JobFields,
    LoraFields,
    PictureFields,
    SamplingFields,
    SelectionFields,
    Strict,
    TrainingFields,
)
from lamina.api.shared.parsing import is_id
from lamina.core.acceleration import Acceleration, AccelerationLevel
from lamina.core.catalog import wanted_model
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import FILE, JOB, Delivery, InputRole, JobInput, JobRequest
from lamina.core.selections import Place, Selection, Unit
from lamina.core.tasks import (
    DecomposeTask,
    EditTask,
    GenerateTask,
    Lora,
    PictureTask,
    Sampling,
    Task,
    TaskKind,
    TrainTask,
)
from lamina.core.training import filled, trained_model
from lamina.fetch.targets import parse_target

_WEB, _DATA = ("http://", "https://"), "data:"


def parse_decomposition(fields: DecompositionFields) -> JobRequest:
    """Raises `LaminaError`: task_invalid, model_unknown, not_offered."""
    sampling = _parse_sampling(fields, TaskKind.DECOMPOSE)
    task = DecomposeTask(
        layers=fields.layers,
        prompt=fields.prompt,
        sampling=sampling,
        resolution_px=fields.resolution,
        is_raw=fields.raw,
        is_flat=fields.flat,
        selections=tuple(parse_selection(each, Unit(fields.unit)) for each in fields.select),
        exclusions=tuple(Place(x=x, y=y, unit=Unit(fields.unit)) for x, y in fields.exclude),
    )
    if task.selections and (fields.engine not in ("auto", "classic") or fields.model is not None):
        raise _invalid("Only the engine classic separates selected things.", "Leave out model, and engine or select.")
    return _picture_request(task, fields, _inputs((InputRole.PICTURE, fields.image)), Delivery(safety=fields.safety))


def parse_generation(fields: GenerationFields) -> JobRequest:
    """Raises as `parse_decomposition` does."""
    if fields.mask is not None and fields.image is None:
        raise _invalid("The request has a mask but no image.", "Send the image that the mask belongs to.")
    sampling = _parse_sampling(fields, TaskKind.GENERATE)
    task = GenerateTask(
        prompt=fields.prompt,
        sampling=sampling,
        width=fields.width,
        height=fields.height,
        count=fields.count,
        strength=fields.strength,
        is_expanded=fields.expand,
    )
    inputs = _inputs((InputRole.START, fields.image), (InputRole.MASK, fields.mask))
    return _picture_request(task, fields, inputs, _parse_delivery(fields))


def parse_edit(fields: EditFields) -> JobRequest:
    """Raises as `parse_decomposition` does."""
    sampling = _parse_sampling(fields, TaskKind.EDIT)
    task = EditTask(
        prompt=fields.prompt,
        sampling=sampling,
        width=fields.width,
        height=fields.height,
        count=fields.count,
        is_expanded=fields.expand,
    )
    given = (fields.image, *fields.references)
    most = wanted_model(sampling.model, TaskKind.EDIT).max_references
    if len(given) > most:
        raise _invalid(
            f"The request has {len(given)} pictures; the model accepts at most {most}.", "Send fewer pictures."
        )
    return _picture_request(
        task, fields, _inputs(*((InputRole.PICTURE, source) for source in given)), _parse_delivery(fields)
    )  # fmt: skip


def parse_training(fields: TrainingFields) -> JobRequest:
    """Raises as `parse_decomposition` does."""
    model, _ = trained_model(fields.model)
    task = TrainTask(
        model=fields.model,
        steps=fields.steps,
        learning_rate=fields.learning_rate,
        rank=fields.rank,
        alpha=fields.alpha,
        seed=fields.seed,
        default_caption=fields.default_caption,
        references=fields.references,
        caption_dropout=fields.caption_dropout,
        resolution_px=fields.resolution,
        checkpoint_every=fields.checkpoint_every,
    )
    filled(task)
    return _request(task, model.name, fields, _inputs((InputRole.ARCHIVE, fields.images)), Delivery())


def body_hash(kind: str, fields: Strict) -> str:
    """The same for the same request, however it is written: order, spaces, defaults given or left out."""
    canonical = json.dumps([kind, fields.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _picture_request(
    task: PictureTask, fields: JobFields, inputs: tuple[JobInput, ...], delivery: Delivery
) -> JobRequest:
    return _request(task, wanted_model(task.sampling.model, task.kind).name, fields, inputs, delivery)


def _request(
    task: Task,
    model: str,
    fields: JobFields,
    inputs: tuple[JobInput, ...],
    delivery: Delivery,
) -> JobRequest:
    if fields.webhook_url is not None:
        parse_target(fields.webhook_url)
    named = task.model if isinstance(task, TrainTask) else task.sampling.model
    return JobRequest(
        task=task,
        inputs=inputs,
        delivery=delivery,
        engine=fields.engine,
        model=model,
        dialect="native",
        priority=fields.priority,
        start_within_s=fields.start_within_s,
        run_within_s=fields.run_within_s,
        webhook_url=fields.webhook_url,
        named_model="" if named is None else model,
    )


def _parse_sampling(fields: SamplingFields, kind: TaskKind) -> Sampling:
    wanted_model(fields.model, kind)
    return Sampling(
        model=fields.model,
        seed=fields.seed,
        steps=fields.steps,
        guidance=fields.guidance,
        negative=fields.negative,
        loras=tuple(map(_parse_lora, fields.loras)),
        scheduler=fields.scheduler,
        acceleration=Acceleration(AccelerationLevel(fields.acceleration)),
    )


def parse_selection(fields: SelectionFields, unit: Unit) -> Selection:
    """Raises `LaminaError` (task_invalid)."""
    if (fields.box is None) == (fields.point is None):
        raise _invalid("A selection needs either a box or a point.", "Send one of them.")
    if fields.box is not None:
        x, y, width, height = fields.box
        return Selection(Place.box(x, y, (width, height), unit), fields.name)
    x, y = fields.point or (0.0, 0.0)
    return Selection(Place(x=x, y=y, unit=unit), fields.name)


def _parse_lora(fields: LoraFields) -> Lora:
    if fields.path.startswith(JOB) and not is_id(fields.path.removeprefix(JOB)):
        raise _invalid("Invalid job id.", "Use the id that POST /v1/trainings returned.")
    if fields.path.startswith((FILE, *_WEB)):
        checked_source(fields.path)
    return Lora(fields.path, fields.scale)


def _parse_delivery(fields: PictureFields) -> Delivery:
    return Delivery(format=fields.format, quality=fields.quality, is_watermarked=fields.watermark, safety=fields.safety)


def _inputs(*given: tuple[InputRole, str | None]) -> tuple[JobInput, ...]:
    return tuple(JobInput(role, checked_source(source)) for role, source in given if source is not None)


def checked_source(source: str, *, may_be_job: bool = False) -> str:
    """Raises `LaminaError` (task_invalid, address_refused) unless it is a URL, a data: URI, or the id of a file."""
    if may_be_job and source.startswith(JOB):
        if not is_id(source.removeprefix(JOB)):
            raise _invalid("Invalid job id.", "Use the id that POST /v1/decompositions returned.")
    elif source.startswith(FILE):
        if not is_id(source.removeprefix(FILE)):
            raise _invalid("Invalid file id.", "Use the id that POST /v1/files returned.")
    elif source.lower().startswith(_WEB):
        parse_target(source)
    elif not source.lower().startswith(_DATA):
        sources = (
            "an http(s) URL, a data: URI, file:ID or job:ID"
            if may_be_job
            else "an http(s) URL, a data: URI, or file:ID"
        )
        raise _invalid("Invalid source." if may_be_job else "Invalid picture source.", f"Use {sources}.")
    return source


def _invalid(message: str, hint: str) -> LaminaError:
    return LaminaError(ErrorCode.TASK_INVALID, message, hint)
