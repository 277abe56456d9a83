"""The JSON of responses, with the fields of the vendor's pages."""

from typing import Literal, NotRequired, TypedDict


class Queued(TypedDict):
    """Of a submission. The older layered API has no `polling_url`; only the layered APIs have a `response_url`."""

    request_id: str
    status: str
    polling_url: NotRequired[str]
    response_url: NotRequired[str]


class Media(TypedDict):
    """`media_url`: layers in order from the bottom, images, or the LoRA of a training."""

    media_url: list[str]
    media_type: str


class RequestStatus(TypedDict):
    """The universal status of a job. `images`: as in fal's API, in results of the layered API."""

    request_id: str
    status: str
    model_id: str
    error: str | None
    output: Media | None
    created_at: str
    updated_at: str
    completed_at: str | None
    images: NotRequired[list[dict[str, str]]]


class Message(TypedDict):
    role: Literal["assistant"]
    content: list[dict[str, str]]


class Choice(TypedDict):
    finish_reason: Literal["stop"]
    message: Message


class GenerationOutput(TypedDict):
    choices: list[Choice]
    task_metric: dict[str, int]


class Usage(TypedDict):
    """`width`, `height`: px."""

    width: int | None
    image_count: int
    height: int | None


class Generation(TypedDict):
    """Of the synchronous generation route: the fields from both of the vendor's pages on it."""

    output: GenerationOutput
    usage: Usage
    request_id: str
    images: list[dict[str, str]]
    description: str


class EditOutput(TypedDict):
    text: None
    finish_reason: None
    choices: list[Choice]


class EditUsage(Usage):
    input_tokens: int
    output_tokens: int


class Edit(TypedDict):
    """Of the synchronous edit route."""

    status_code: int
    request_id: str
    code: str
    message: str
    output: EditOutput
    usage: EditUsage
