"""Converts exceptions of routes to fal's error responses, with the headers that control its clients' retries."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lamina.api.fal.errors import Answer, Refused, answer_to_error, refusal, unprocessable
from lamina.api.fal.translate import InvalidInput
from lamina.api.shared.causes import log_cause
from lamina.core.errors import LaminaError
from lamina.core.ids import new_id


class FalRoute(APIRoute):
    """A route whose errors have fal's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                return await handle(request)
            except Refused as refused:
                answer = refused.answer
            except InvalidInput as invalid:
                answer = unprocessable(invalid.details)
            except LaminaError as error:
                answer = answer_to_error(error)
                log_cause(error, answer.status)
            except HTTPException as error:
                answer = Answer(error.status_code, {"detail": HTTPStatus(error.status_code).phrase})
            return answer.response(new_id())

        return respond


def no_such_app(path: str) -> Refused:
    return Refused(refusal(404, f'Application "{path.partition("/")[2] or path}" not found'))


def no_such_path(path: str) -> Refused:
    return Refused(refusal(404, f"Path /{path} not found"))
