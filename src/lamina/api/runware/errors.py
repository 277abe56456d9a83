"""Runware's errors: their JSON, and the HTTP status of each code."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Unpack, cast

from lamina.api.runware.answers import ErrorBody, ErrorDetails
from lamina.api.shared.causes import log_cause
from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.jobs import Failure, JobState

INVALID_KEY = "Invalid API key. Get one on the machine that serves: lamina keys create."

_STATUSES: Mapping[str, HTTPStatus] = {
    "invalidApiKey": HTTPStatus.UNAUTHORIZED,
    "missingApiKey": HTTPStatus.UNAUTHORIZED,
    "insufficientCredits": HTTPStatus.PAYMENT_REQUIRED,
    "insufficientPermissions": HTTPStatus.FORBIDDEN,
    "taskNotFound": HTTPStatus.NOT_FOUND,
    "mediaNotFound": HTTPStatus.NOT_FOUND,
    "taskCancelled": HTTPStatus.NOT_FOUND,
    "rateLimitExceeded": HTTPStatus.TOO_MANY_REQUESTS,
    "valueTooLarge": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "inferenceError": HTTPStatus.INTERNAL_SERVER_ERROR,
    "internalServerError": HTTPStatus.INTERNAL_SERVER_ERROR,
    "serviceUnavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "timeout": HTTPStatus.GATEWAY_TIMEOUT,
}
"""All other codes are 400, since clients retry after 408, 429 and 5xx, which is useless for permanent errors."""

_CODES: Mapping[ErrorCode, str] = {
    ErrorCode.KEY_INVALID: "invalidApiKey",
    ErrorCode.KEY_FORBIDDEN: "insufficientPermissions",
    ErrorCode.FUNDS_INSUFFICIENT: "insufficientCredits",
    ErrorCode.LIMIT_REACHED: "rateLimitExceeded",
    ErrorCode.IDEMPOTENCY_CONFLICT: "conflictTaskUUID",
    ErrorCode.NOT_FOUND: "mediaNotFound",
    ErrorCode.CANCELLED: "taskCancelled",
    ErrorCode.DEADLINE_PASSED: "timeout",
    ErrorCode.MODEL_UNKNOWN: "invalidModel",
    ErrorCode.LORA_UNUSABLE: "unsupportedLoraModel",
    ErrorCode.INPUT_TOO_LARGE: "valueTooLarge",
    ErrorCode.STORAGE_FULL: "storageLimitExceeded",
    ErrorCode.ADDRESS_REFUSED: "invalidParameter",
    ErrorCode.ADDRESS_UNREACHABLE: "invalidParameter",
    ErrorCode.TASK_INVALID: "invalidParameter",
    ErrorCode.ENGINE_UNAVAILABLE: "modelUnavailable",
    ErrorCode.WEIGHTS_MISSING: "modelUnavailable",
    ErrorCode.WEIGHTS_DAMAGED: "modelUnavailable",
    ErrorCode.STORE_UNAVAILABLE: "serviceUnavailable",
    ErrorCode.NOT_OFFERED: "unsupportedParameter",
}
_UNREADABLE_INPUT = "invalidReferenceImage"  # clients classify codes by their first word
_INFERENCE_ERROR = "inferenceError"
_OWN_FIELDS = ("code", "message", "taskType", "taskUUID")


class RunwareError(Exception):
    """One error of one task."""

    def __init__(self, code: str, message: str, **details: Unpack[ErrorDetails]) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.details = details

    @property
    def status(self) -> HTTPStatus:
        return _STATUSES.get(self.code, HTTPStatus.BAD_REQUEST)

    def body(self, task_type: str | None = None, task_uuid: str | None = None) -> ErrorBody:
        """The JSON of the error, with the type and UUID of its task, by which clients match it to the call."""
        body: ErrorBody = {"code": self.code, "message": self.message, **self.details}
        if task_type is not None:
            body["taskType"] = task_type
        if task_uuid is not None:
            body["taskUUID"] = task_uuid
        return body


def parse_error(body: ErrorBody) -> RunwareError:
    """The error that has this body, without the type and UUID of its task."""
    details = cast("ErrorDetails", {name: value for name, value in body.items() if name not in _OWN_FIELDS})
    return RunwareError(body["code"], body["message"], **details)


def error_of(error: LaminaError | RunwareError) -> RunwareError:
    """Converts the error if necessary; the cause of an error of the server is logged."""
    if isinstance(error, RunwareError):
        return error
    public = for_customers(error)
    converted = RunwareError(_code_of(public.code), f"{public.message} {public.hint}".strip())
    log_cause(error, converted.status)
    return converted


def error_of_failure(failure: Failure | None, state: JobState) -> RunwareError:
    """The error of a job that has ended without a result."""
    if failure is None:
        return RunwareError("taskCancelled", f"The task ended without a result: it was {state}.")
    try:
        code = _code_of(ErrorCode(failure.code))
    except ValueError:
        code = _INFERENCE_ERROR
    return RunwareError(code, f"{failure.message} {failure.hint}".strip())


def crash() -> RunwareError:
    return RunwareError("internalServerError", "An unexpected error occurred; it is in the log.")


def authentication_error(error: LaminaError | RunwareError) -> RunwareError:
    """As `error_of`, with the vendor's message for an invalid key."""
    if error.code is ErrorCode.KEY_INVALID:
        return parameter_error("invalidApiKey", INVALID_KEY, "apiKey")
    return error_of(error)


def missing_key() -> RunwareError:
    message = "No API key was given. Authenticate first, or send Authorization: Bearer KEY."
    return parameter_error("missingApiKey", message, "apiKey")


def parameter_error(code: str, message: str, parameter: str, allowed: Collection[str] = ()) -> RunwareError:
    """An error about a parameter of the type string. `allowed`: its valid values, if they can be listed."""
    error = RunwareError(code, message, parameter=parameter, type="string")
    if allowed:
        error.details["allowedValues"] = list(allowed)
    return error


def task_conflict(task_type: str, task_uuid: str, delivery: str = "sync") -> RunwareError:
    hint = "Use a new one for each task, or get its result with getResponse."
    message = f"The taskUUID {task_uuid} was used before. {hint}"
    error = parameter_error("conflictTaskUUID", message, "taskUUID")
    error.details["context"] = {"taskType": task_type, "taskUUID": task_uuid, "deliveryMethod": delivery}
    return error


def _code_of(code: ErrorCode) -> str:
    return _CODES.get(code) or (_UNREADABLE_INPUT if code.value.startswith("input_") else _INFERENCE_ERROR)
