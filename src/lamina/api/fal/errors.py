"""Lamina's errors in fal's format: a list of details for an invalid input, a sentence with a type for other errors."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic_core import ErrorDetails
from starlette.responses import JSONResponse, Response

from lamina.api.fal.endpoints import Endpoint
from lamina.api.fal.wire import Body, ContextValue, Detail, ErrorBody, Loc
from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.ids import new_id
from lamina.core.jobs import Failure, Job, JobState
from lamina.fetch.targets import shown

_DOCS = "https://docs.fal.ai/errors#"
ARCHIVE_FIELD = "image_data_url"
_PICTURE_FIELDS = ("image_url", "image_urls", ARCHIVE_FIELD)
_MAX_ECHO_LENGTH = 200  # characters of an input that an error repeats
_UNPROCESSABLE = 422
CLIENT_CLOSED = 499
_FAL_SEQUENCES = {"too_short": ("sequence_too_short", "min_length"), "too_long": ("sequence_too_long", "max_length")}
"""fal's own error types, by pydantic's, and the limit that their context contains."""

_STATUSES: Mapping[ErrorCode, tuple[int, str]] = {
    ErrorCode.KEY_INVALID: (401, ""),
    ErrorCode.KEY_FORBIDDEN: (403, ""),
    ErrorCode.FUNDS_INSUFFICIENT: (403, ""),
    ErrorCode.LIMIT_REACHED: (429, "concurrent_requests_limit"),
    ErrorCode.NOT_FOUND: (404, ""),
    ErrorCode.STATE_CONFLICT: (400, "bad_request"),
    ErrorCode.TASK_INVALID: (400, "bad_request"),
    ErrorCode.INPUT_TOO_LARGE: (413, ""),
    ErrorCode.STORAGE_FULL: (413, ""),
    ErrorCode.NOT_OFFERED: (400, "bad_request"),
    ErrorCode.ADDRESS_REFUSED: (400, "bad_request"),
}
"""(HTTP status, error type) of errors of the client. All others are errors of the server and get 500, because fal's
clients repeat a POST after 502, 503 and 504, although the first one may have been accepted."""

_PICTURE_TYPES = {
    ErrorCode.INPUT_NOT_FOUND: "file_download_error",
    ErrorCode.ADDRESS_REFUSED: "file_download_error",
    ErrorCode.ADDRESS_UNREACHABLE: "file_download_error",
    ErrorCode.NOT_FOUND: "file_download_error",
    ErrorCode.DOWNLOAD_FAILED: "file_download_error",
    ErrorCode.INPUT_UNREADABLE: "image_load_error",
    ErrorCode.INPUT_EMPTY: "image_load_error",
    ErrorCode.INPUT_NOT_AN_IMAGE: "image_load_error",
    ErrorCode.INPUT_CORRUPT: "image_load_error",
    ErrorCode.INPUT_TOO_LARGE: "image_too_large",
}
_ARCHIVE_TYPES = {
    code: "invalid_archive" if kind == "image_load_error" else kind for code, kind in _PICTURE_TYPES.items()
}
_ARCHIVE = {"supported_extensions": [".zip"]}
_OTHER_TYPES = {
    ErrorCode.ENGINE_UNAVAILABLE: "feature_not_supported",
    ErrorCode.WEIGHTS_MISSING: "feature_not_supported",
    ErrorCode.MODEL_UNKNOWN: "feature_not_supported",
    ErrorCode.NOT_OFFERED: "feature_not_supported",
    ErrorCode.OUTPUT_TOO_LARGE: "feature_not_supported",
}
_MEGAPIXELS = re.compile(r"limit is ([\d.]+?)(?: megapixels|\.?$)")
_BYTES = re.compile(r"([\d,]+) bytes")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response. `body` is also the payload of a webhook."""

    status: int
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def response(self, request_id: str | None = None) -> JSONResponse:
        id_header = {} if request_id is None else {"x-fal-request-id": request_id}
        return JSONResponse(self.body, self.status, {**self.headers, **id_header})


class Refused(Exception):  # noqa: N818  (describes the request, not the failure)
    """Ends a request with the error response `answer`."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def detail(
    loc: Loc, msg: str, kind: str, ctx: Mapping[str, ContextValue] | None = None, given: object = None
) -> Detail:
    """One entry of `detail` in a 422 response, in fal's order."""
    entry: Detail = {"loc": list(loc), "msg": msg, "type": kind, "url": _DOCS + kind}
    if ctx:
        entry["ctx"] = dict(ctx)
    if isinstance(given, bool | int | float) or (isinstance(given, str) and len(given) <= _MAX_ECHO_LENGTH):
        entry["input"] = given
    return entry


def parse_details(errors: Sequence[ErrorDetails]) -> list[Detail]:
    """Converts pydantic's validation errors to fal's details."""
    details: list[Detail] = []
    for error in errors:
        kind, ctx = error["type"], {name: value for name, value in error.get("ctx", {}).items() if name != "error"}
        if kind in _FAL_SEQUENCES:
            kind, bound = _FAL_SEQUENCES[kind]
            ctx = {bound: ctx[bound]}
        details.append(detail(("body", *error["loc"]), error["msg"], kind, ctx, error.get("input")))
    return details


def unprocessable(details: Sequence[Detail]) -> Answer:
    headers = {"X-Fal-Retryable": "false", "X-Fal-Needs-Retry": "0", "x-fal-billable-units": "0"}
    return Answer(_UNPROCESSABLE, {"detail": list(details)}, headers)


def refusal(status: int, message: str, kind: str = "", more: Mapping[str, str] | None = None) -> Answer:
    """The response for an error that does not come from a model: a sentence, and optionally a type."""
    body: ErrorBody = {"detail": message}
    if not kind:
        return Answer(status, body, dict(more or {}))
    body["error_type"] = kind
    return Answer(status, body, {"X-Fal-Error-Type": kind, **(more or {})})


def answer_to_error(error: LaminaError) -> Answer:
    """The response to a request that was rejected, or whose target does not exist."""
    error = for_customers(error)
    if error.code is ErrorCode.KEY_INVALID:
        return refusal(401, "No user found for Key ID and Secret")
    status, kind = _STATUSES.get(error.code, (500, "internal_error"))
    if error.code is ErrorCode.LIMIT_REACHED:
        return refusal(status, str(error), kind, {"X-Fal-Needs-Retry": "1", "X-Fal-Retryable": "true"})
    return refusal(status, str(error), kind)


def answer_to_failure(endpoint: Endpoint | None, job: Job) -> Answer:
    """The response for a job that has ended without a result."""
    if job.state is JobState.CANCELLED:
        return refusal(CLIENT_CLOSED, "The request was cancelled by the client.", "client_cancelled")
    failure = job.failure or Failure("", "The job ended without a result.")
    refused = job.request.extra.get("refused")
    if refused is not None:
        return unprocessable(refused)
    if failure.code == ErrorCode.DEADLINE_PASSED:
        return _timed_out(job, failure)
    if job.state is JobState.FAILED and endpoint is not None:
        return unprocessable([_detail_of_failure(endpoint, job, failure)])
    if job.state is JobState.FAILED:
        return unprocessable([detail(("body",), _sentence(failure), "value_error")])
    if failure.code == ErrorCode.ENGINE_FAILED:  # fal calls this a model error: a retry would fail again
        headers = {"X-Fal-Retryable": "false", "X-Fal-Needs-Retry": "0"}
        return Answer(500, {"detail": [detail(("body",), _sentence(failure), "internal_server_error")]}, headers)
    return refusal(
        500, _sentence(failure), "runner_server_error", {"X-Fal-Retryable": "true", "X-Fal-Needs-Retry": "1"}
    )


def detail_of_error(endpoint: Endpoint, error: LaminaError, loc: Loc | None = None) -> Detail:
    """The detail for an input that was rejected before it became a job. `loc`: the field, if it is known."""
    error = for_customers(error)
    return _detail(endpoint, Failure(error.code, error.message, error.hint), loc or _place(endpoint, error.code))


def render_refusal(error: LaminaError) -> Response:
    """The response to a request that was rejected before it reached a route."""
    return answer_to_error(error).response(new_id())


def render_crash() -> Response:
    """The response to a request that failed unexpectedly."""
    message = "An unexpected error occurred; see the log of the service."
    return refusal(500, message, "internal_error").response(new_id())


def is_inputs_fault(code: ErrorCode) -> bool:
    """Whether an error of a submission is due to the input, and so is a model error for fal's clients."""
    return code in _PICTURE_TYPES or code in _OTHER_TYPES or code in (ErrorCode.TASK_INVALID, ErrorCode.LORA_UNUSABLE)


def _timed_out(job: Job, failure: Failure) -> Answer:
    if job.state is JobState.FAILED:
        return refusal(504, "Request timed out", "request_timeout", {"X-Fal-Request-Timeout-Type": "user"})
    details = [detail(("body",), _sentence(failure), "generation_timeout")]
    return Answer(504, {"detail": details}, {"X-Fal-Retryable": "true", "X-Fal-Needs-Retry": "1"})


def _detail_of_failure(endpoint: Endpoint, job: Job, failure: Failure) -> Detail:
    loc = next(
        (loc for loc, address in _addresses(endpoint, job) if shown(address) in failure.message),
        _place(endpoint, failure.code),
    )
    return _detail(endpoint, failure, loc)


def _detail(endpoint: Endpoint, failure: Failure, loc: Loc) -> Detail:
    code, message = ErrorCode(failure.code), _sentence(failure)
    if "loras" in loc and code is not ErrorCode.TASK_INVALID:
        kind = "file_download_error" if _PICTURE_TYPES.get(code) == "file_download_error" else "value_error"
        return detail(loc, message, kind)
    if code is ErrorCode.INPUT_TOO_LARGE:
        return _too_large(loc, message)
    if code in _ARCHIVE_TYPES and _pictures_field(endpoint) == ARCHIVE_FIELD:
        kind = _ARCHIVE_TYPES[code]
        return detail(loc, message, kind, _ARCHIVE if kind == "invalid_archive" else None)
    if code in _PICTURE_TYPES and _pictures_field(endpoint) is not None:
        return detail(loc, message, _PICTURE_TYPES[code])
    return detail(loc, message, _OTHER_TYPES.get(code, "value_error"))


def _too_large(loc: Loc, message: str) -> Detail:
    """Lamina has one code for too many pixels and too many bytes, fal has two. The message shows which one it is."""
    pixels, size = _MEGAPIXELS.search(message), _BYTES.search(message)
    if pixels is None and size is not None:
        return detail(loc, message, "file_too_large", {"max_size": int(size[1].replace(",", ""))})
    side = int((float(pixels[1]) * 1e6) ** 0.5) if pixels is not None else 0
    return detail(loc, message, "image_too_large", {"max_height": side, "max_width": side} if side else None)


def _place(endpoint: Endpoint, code: str) -> Loc:
    pictures = _pictures_field(endpoint)
    if code == ErrorCode.LORA_UNUSABLE:
        return ("body", "loras")
    if code in _PICTURE_TYPES or (code == ErrorCode.TASK_INVALID and pictures == ARCHIVE_FIELD):
        return ("body", pictures or "loras")
    return ("body",)


def _addresses(endpoint: Endpoint, job: Job) -> list[tuple[Loc, str]]:
    """Every URL in the input, with its location."""
    pictures = _pictures_field(endpoint)
    located: list[tuple[Loc, str]] = []
    for number, job_input in enumerate(job.request.inputs):
        loc: Loc = ("body", "image_urls", number) if pictures == "image_urls" else ("body", pictures or "")
        located.append((loc, job_input.source))
    for number, lora in enumerate(job.request.loras):
        located.append((("body", "loras", number, "path"), lora.path))
    return located


def _pictures_field(endpoint: Endpoint) -> str | None:
    return next((name for name in endpoint.field_names if name in _PICTURE_FIELDS), None)


def _sentence(failure: Failure) -> str:
    return f"{failure.message} {failure.hint}".strip()
