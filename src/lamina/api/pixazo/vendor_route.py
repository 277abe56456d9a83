"""A route whose errors are Pixazo's, whatever went wrong."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from lamina.api.pixazo.errors import invalid_fields, render_error, status_of
from lamina.api.pixazo.rendering import no_such_request
from lamina.api.shared.causes import log_cause
from lamina.core.errors import LaminaError


class PixazoRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except LaminaError as error:
                log_cause(error, status_of(error.code))
                return render_error(error)
            except RequestValidationError as error:
                return render_error(invalid_fields(error.errors()))
            except HTTPException:
                return render_error(no_such_request())

        return told
