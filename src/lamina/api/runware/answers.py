"""The JSON of Runware's responses: what each task returns, and errors."""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

from pydantic import JsonValue


class Answer(TypedDict):
    """One object of `data`. `status`: of the task that a client queries, and of each phase of a modelUpload."""

    taskType: str
    status: NotRequired[str]


class Pong(Answer):
    pong: bool


class Authenticated(Answer):
    connectionSessionUUID: str


class TaskAnswer(Answer):
    taskUUID: str


class Acknowledgement(TaskAnswer):
    """An asynchronous task was accepted. `cost`: the estimate of a dry run, in dollars."""

    cost: NotRequired[float]


class Progress(TaskAnswer):
    """A result that is not ready. `progress`: 0 to 100."""

    imageUUID: str
    progress: int


class ImageOutputs(TypedDict, total=False):
    """The file of an image, in each form that was requested."""

    imageURL: str
    imageBase64Data: str
    imageDataURI: str


class Image(TaskAnswer, ImageOutputs):
    """One result, or one layer of it. `cost`: in dollars. `layers`: in webhooks, if layers are separate files."""

    imageUUID: str
    seed: int
    NSFWContent: NotRequired[bool]
    cost: NotRequired[float]
    layers: NotRequired["list[Image]"]


class UploadedImage(TaskAnswer):
    imageUUID: str
    imageURL: str


class Media(TaskAnswer):
    """`mediaURL`: of stored media, absent for deleted media."""

    operation: str
    mediaUUID: str
    mediaURL: NotRequired[str]


class ModelUpload(TaskAnswer):
    """One phase of an upload; `status` has its name."""

    message: str
    air: str


class ModelEntry(TypedDict):
    """A model in the results of modelSearch. Models of the service have sizes in pixels, LoRAs a default weight."""

    air: str
    name: str
    version: str
    category: str
    architecture: str
    tags: list[str]
    heroImage: str
    private: bool
    comment: str
    positiveTriggerWords: str
    capabilities: list[str]
    source: str
    type: NotRequired[str]
    defaultWidth: NotRequired[int]
    defaultHeight: NotRequired[int]
    defaultSteps: NotRequired[int]
    defaultScheduler: NotRequired[str]
    defaultCFG: NotRequired[float]
    defaultWeight: NotRequired[float]
    shortDescription: NotRequired[str]


class ModelSearch(TaskAnswer):
    totalResults: int
    results: list[ModelEntry]


class AccountKey(TypedDict):
    apiKey: str
    name: str
    enabled: bool


class AccountUsage(TypedDict):
    """`credits`: in dollars."""

    credits: float
    requests: int


class Account(TaskAnswer):
    """`usage`: by period. `balance`: in dollars."""

    operation: str
    organizationUUID: str
    organizationName: str
    AIRSource: str
    balance: float
    team: list[str]
    apiKeys: list[AccountKey]
    usage: dict[str, AccountUsage]


class ConflictContext(TypedDict):
    """The task that was rejected because its UUID was used before."""

    taskType: str
    taskUUID: str
    deliveryMethod: str


class ErrorDetails(TypedDict, total=False):
    """The parameter that an error is about, and its permitted values."""

    parameter: str | list[str]
    type: str
    min: float
    max: float
    multiplier: float
    default: str | float
    allowedValues: Sequence[str]
    context: ConflictContext
    status: Literal["error"]


class ErrorBody(ErrorDetails):
    code: str
    message: str
    taskType: NotRequired[str]
    taskUUID: NotRequired[str]


class Body(TypedDict, total=False):
    """The body of an HTTP response, or a message of the WebSocket. Without errors, it has no `errors`: clients treat an
    empty list as a failure.
    """

    data: Sequence[Answer]
    errors: Sequence[ErrorBody]


class TaskDetails(TaskAnswer):
    """`request`: the task as it was sent. `response`: the results or the error so far."""

    request: list[dict[str, JsonValue]]
    response: Body
