"""What a service's customers get to read of errors that are about its operator's machines."""

import pytest

from lamina.api.fal.endpoints import endpoint_of
from lamina.api.fal.errors import answer_to_error, detail_of_error
from lamina.api.native.errors import problem
from lamina.api.pixazo.errors import render_error
from lamina.api.runware.errors import error_of
from lamina.core.disclosure import for_customers
from lamina.core.errors import ErrorCode, LaminaError

SECRETS = "The storage at s3://operators-bucket/of-shop cannot be used: 10.1.2.3 refused /srv/lamina."
AWAY = LaminaError(ErrorCode.STORE_UNAVAILABLE, SECRETS, "Look at /srv/lamina.")
ABOUT_THE_MACHINE = [
    ErrorCode.STORE_UNAVAILABLE,
    ErrorCode.OUTPUT_UNWRITABLE,
    ErrorCode.OUTPUT_IN_THE_WAY,
    ErrorCode.SETTINGS_INVALID,
    ErrorCode.WEIGHTS_DAMAGED,
    ErrorCode.PORT_TAKEN,
]


@pytest.mark.parametrize("code", ABOUT_THE_MACHINE)
def test_what_is_about_the_machine_is_told_in_other_words(code: ErrorCode) -> None:
    told = for_customers(LaminaError(code, SECRETS, SECRETS))
    assert told.code is code
    assert told.message.endswith(".") and told.hint.endswith(".")
    assert "s3://" not in str(told) and "/srv" not in str(told)


def test_everything_else_is_told_as_it_is() -> None:
    error = LaminaError(ErrorCode.INPUT_CORRUPT, "The picture is cut short.", "Send it again.")
    assert for_customers(error) is error


def test_no_api_tells_where_the_operator_keeps_things() -> None:
    endpoint = endpoint_of("fal-ai/qwen-image-layered")
    assert endpoint is not None
    answers = [
        str(problem(AWAY)),
        str(answer_to_error(AWAY).body),
        str(detail_of_error(endpoint, AWAY)),
        bytes(render_error(AWAY).body).decode(),
        str(error_of(AWAY).body()),
    ]
    for answer in answers:
        assert "cannot use its database or its storage" in answer
        assert not any(word in answer for word in ("s3://", "operators-bucket", "10.1.2.3", "/srv"))
