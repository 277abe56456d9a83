"""Converts jobs to the JSON of fal's responses; pure functions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lamina.api.fal.endpoints import Endpoint, Output, endpoint_of
from lamina.api.fal.errors import Answer, answer_to_failure
from lamina.api.fal.wire import Adapter as AdapterBody
from lamina.api.fal.wire import Image, LogLine, QueueStatus
from lamina.api.fal.wire import Output as OutputBody
from lamina.core.job_results import LayerFile, PictureFile, PicturesResult, ResultFile, StackResult, TrainingResult
from lamina.core.jobs import Job, JobEvent, JobState
from lamina.core.times import render_time
from lamina.jobs.follow import JobView

AddressOf = Callable[[str, str], str]
"""(file id, media type) -> URL of the file, which may be a `data:` URI."""

_STATUSES = {JobState.QUEUED: "IN_QUEUE", JobState.RUNNING: "IN_PROGRESS"}
_LORA_NAME, _CONFIG_NAME = "diffusers_lora_file.safetensors", "config.json"
_ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Links:
    """The URLs of a request of `app`. `root`: the base URL of the queue, such as https://queue.fal.run."""

    root: str
    app: str
    request_id: str

    @property
    def response_url(self) -> str:
        return f"{self.root}/{self.app}/requests/{self.request_id}"

    @property
    def status_url(self) -> str:
        return f"{self.response_url}/status"

    @property
    def cancel_url(self) -> str:
        return f"{self.response_url}/cancel"


def endpoint_of_job(job: Job) -> Endpoint | None:
    return endpoint_of(str(job.request.extra.get("endpoint", "")))


def render_status(shown: JobView, links: Links, logs: list[LogLine] | None) -> QueueStatus:
    """fal has three states: failed requests are COMPLETED, and their result contains the error."""
    job = shown.job
    status = render_submitted(links)
    status["status"] = _STATUSES.get(job.state, "COMPLETED")  # pyright: ignore[reportGeneralTypeIssues]
    status["logs"] = logs
    del status["queue_position"]
    if job.state is JobState.QUEUED:
        status["queue_position"] = shown.position or 0
    elif not job.state.is_open:
        status["metrics"] = {"inference_time": job.ran_s or 0.0}
        if job.state is not JobState.SUCCEEDED:
            answer = answer_to_failure(endpoint_of_job(job), job)
            status["error"] = error_message(answer)
            if "error_type" in answer.body:
                status["error_type"] = answer.body["error_type"]
    return status


def render_submitted(links: Links, position: int = 0) -> QueueStatus:
    return {
        "status": "IN_QUEUE",
        "request_id": links.request_id,
        "response_url": links.response_url,
        "status_url": links.status_url,
        "cancel_url": links.cancel_url,
        "logs": None,
        "metrics": {},
        "queue_position": position,
    }


def error_message(answer: Answer) -> str:
    """The error message in a status and in a webhook, as fal words it."""
    return str(answer.body["detail"]) if "error_type" in answer.body else f"Invalid status code: {answer.status}"


def render_log(events: Sequence[JobEvent]) -> list[LogLine]:
    """The log lines of the engine, each new stage of its progress, and the losses of a training."""
    lines: list[LogLine] = []
    last_stage = ""
    for event in events:
        message = _message(event)
        if not message or (event.kind == "progress" and message == last_stage):
            continue
        last_stage = message if event.kind == "progress" else last_stage
        lines.append({"timestamp": render_time(event.at), "message": message, "level": "INFO", "source": "USER"})
    return lines


def _message(event: JobEvent) -> str:
    match event.kind:
        case "log":
            return str(event.data["line"])
        case "progress":
            return str(event.data.get("stage", ""))
        case "loss":
            return f"step {event.data['step']}: loss {event.data['loss']:.4f}"
        case _:
            return ""


def render_output(endpoint: Endpoint, job: Job, address_of: AddressOf) -> OutputBody | AdapterBody:
    """The output of a job that has succeeded. Layers are in order from the bottom."""
    result = job.result
    if isinstance(result, TrainingResult):
        assert result.lora is not None and result.config is not None  # noqa: S101  (it has succeeded)
        return {
            "diffusers_lora_file": _file(result.lora, _LORA_NAME, address_of),
            "config_file": _file(result.config, _CONFIG_NAME, address_of),
        }
    is_layers = endpoint.output is Output.LAYERS
    files = _layers(job) if is_layers else _pictures(job)
    seed = None if result is None else result.seed
    output: OutputBody = {
        "images": [_image(file, address_of, endpoint.output is not Output.FILES) for file in files],
        "seed": int(job.request.extra.get("seed", seed or 0)),
    }
    if endpoint.output is Output.FILES:
        return output
    is_flagged = result is not None and result.is_flagged
    return {
        "images": output["images"],
        "timings": {"inference": round(job.ran_s or 0.0, 3)},
        "seed": output["seed"],
        "has_nsfw_concepts": [file.is_flagged if isinstance(file, PictureFile) else is_flagged for file in files],
        "prompt": job.request.extra.get("prompt"),
    }


def made_files(job: Job) -> list[ResultFile]:
    """The files that a response contains."""
    return [*_layers(job), *_pictures(job)]


def _layers(job: Job) -> tuple[LayerFile, ...]:
    return job.result.layers if isinstance(job.result, StackResult) else ()


def _pictures(job: Job) -> tuple[PictureFile, ...]:
    return job.result.pictures if isinstance(job.result, PicturesResult) else ()


def _file(file: ResultFile, name: str, address_of: AddressOf) -> Image:
    return {
        "url": address_of(file.file, file.content_type),
        "content_type": file.content_type,
        "file_name": name,
        "file_size": file.size,
    }


def _image(file: ResultFile, address_of: AddressOf, has_size: bool) -> Image:
    image = _file(file, f"{file.file.replace('-', '')}.{_ENDINGS.get(file.content_type, 'bin')}", address_of)
    if has_size and file.width is not None and file.height is not None:
        image["width"], image["height"] = file.width, file.height
    return image
