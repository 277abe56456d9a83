"""What a client of the native API is answered when something is wrong."""

import json
from typing import Any

import pytest
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from lamina.api.native.errors import (
    MEDIA_TYPE,
    STATUSES,
    invalid_request,
    problem,
    problem_response,
    status_problem_response,
)
from lamina.api.native.problem_route import answer_to
from lamina.core.errors import ErrorCode, LaminaError


def body_of(response: Any) -> dict[str, Any]:
    return json.loads(response.body)


def test_every_error_has_a_status_that_says_error() -> None:
    assert set(STATUSES) == set(ErrorCode)
    assert all(400 <= status < 600 for status in STATUSES.values())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (ErrorCode.INPUT_TOO_LARGE, 413),
        (ErrorCode.INPUT_CORRUPT, 422),
        (ErrorCode.TASK_INVALID, 422),
        (ErrorCode.MODEL_UNKNOWN, 404),
        (ErrorCode.NOT_FOUND, 404),
        (ErrorCode.KEY_INVALID, 401),
        (ErrorCode.KEY_FORBIDDEN, 403),
        (ErrorCode.FUNDS_INSUFFICIENT, 402),
        (ErrorCode.LIMIT_REACHED, 429),
        (ErrorCode.IDEMPOTENCY_CONFLICT, 409),
        (ErrorCode.STATE_CONFLICT, 409),
        (ErrorCode.ADDRESS_REFUSED, 422),
        (ErrorCode.ADDRESS_UNREACHABLE, 422),
        (ErrorCode.NOT_OFFERED, 501),
        (ErrorCode.ENGINE_UNAVAILABLE, 503),
        (ErrorCode.WEIGHTS_MISSING, 503),
        (ErrorCode.STORE_UNAVAILABLE, 503),
        (ErrorCode.DEADLINE_PASSED, 504),
    ],
)
def test_the_answer_has_the_status_in_its_head_and_in_its_body(code: ErrorCode, status: int) -> None:
    response = problem_response(LaminaError(code, "What happened.", "What to do."))
    assert response.status_code == body_of(response)["status"] == status
    assert response.headers["content-type"] == MEDIA_TYPE


def test_a_problem_tells_what_happened_and_what_to_do() -> None:
    error = LaminaError(ErrorCode.NOT_FOUND, "There is no job 'x'.", "Check the id.")
    assert problem(error, "/v1/jobs/x") == {
        "type": "/errors/not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no job 'x'.",
        "code": "not_found",
        "hint": "Check the id.",
        "instance": "/v1/jobs/x",
    }
    assert "instance" not in problem(error)


def test_a_refused_key_is_told_how_to_identify_itself() -> None:
    response = problem_response(LaminaError(ErrorCode.KEY_INVALID, "No key."))
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(("known_s", "told"), [(None, "60"), (2.1, "3"), (7.0, "7"), (0.0, "1"), (-5.0, "1")])
def test_who_asks_too_often_is_told_when_to_come_again(known_s: float | None, told: str) -> None:
    error = LaminaError(ErrorCode.LIMIT_REACHED, "Too many.")
    assert problem_response(error, retry_after_s=known_s).headers["retry-after"] == told


def test_others_are_not_told_to_come_again() -> None:
    response = problem_response(LaminaError(ErrorCode.TASK_INVALID, "No."), retry_after_s=3)
    assert "retry-after" not in response.headers


def test_what_http_has_its_own_word_for_is_a_problem_too() -> None:
    response = status_problem_response(405, "There is no PUT here.", instance="/v1/jobs", headers={"Allow": "GET"})
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.headers["content-type"] == MEDIA_TYPE
    assert body_of(response) | {"detail": ""} == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "",
        "code": "method_not_allowed",
        "hint": "",
        "instance": "/v1/jobs",
    }


class Wish(BaseModel):
    prompt: int
    layers: list[int]


def test_an_invalid_request_is_told_where_and_why_but_not_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        Wish.model_validate({"prompt": "a red cat", "layers": [1, "two"]})
    error = invalid_request(refused.value.errors())
    assert error.code is ErrorCode.TASK_INVALID
    assert "prompt: Input should be a valid integer" in error.message
    assert "layers.1: " in error.message
    assert "red cat" not in str(error)


def test_a_request_with_many_mistakes_is_not_told_them_all() -> None:
    with pytest.raises(ValidationError) as refused:
        Wish.model_validate({"prompt": 1, "layers": ["x"] * 100})
    message = invalid_request(refused.value.errors()).message
    assert "layers.4" in message
    assert message.endswith("95 more.")


def test_a_body_that_is_no_json_is_told_as_the_document_of_the_api_says() -> None:
    scope = {"type": "http", "method": "POST", "path": "/v1/generations", "headers": [], "query_string": b"",
             "server": ("127.0.0.1", 80), "scheme": "http"}  # fmt: skip
    unread = RequestValidationError([{"type": "json_invalid", "loc": ("body", 1), "msg": "JSON decode error"}])
    answer = answer_to(Request(scope), unread)
    assert (answer.status_code, body_of(answer)["status"], body_of(answer)["code"]) == (400, 400, "bad_request")
    wrong = RequestValidationError([{"type": "missing", "loc": ("body", "prompt"), "msg": "Field required"}])
    assert answer_to(Request(scope), wrong).status_code == 422
