"""Authenticates requests by API key or session of the Studio, and checks ids in paths and headers: dependencies."""

from typing import Annotated

from fastapi import Depends, Header, Path, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from lamina.accounts.browser_sessions import browser_request, has_cookie, session_key_id
from lamina.accounts.keys import authenticate, known_key
from lamina.api.native.answers import JOB_ID
from lamina.api.native.problem_route import Answer, ProblemRoute, answer_to
from lamina.api.shared.context import context_of
from lamina.api.shared.parsing import is_id
from lamina.core.errors import ErrorCode, LaminaError
from lamina.core.keys import ApiKey, Scope

_bearer = HTTPBearer(
    auto_error=False, scheme_name="ApiKey", description="`Authorization: Bearer KEY`; `lamina keys create` creates one."
)
_Given = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


async def reader(request: Request, given: _Given) -> ApiKey:
    return await _key(request, given, Scope.READ)


async def writer(request: Request, given: _Given) -> ApiKey:
    authenticated = getattr(request.state, "writer", None)
    return authenticated or await _key(request, given, Scope.WRITE)


class WriterRoute(ProblemRoute):
    """Authenticates before it reads the body, which may be large."""

    def get_route_handler(self) -> Answer:
        handle = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                request.state.writer = await _key(request, await _bearer(request), Scope.WRITE)
            except LaminaError as error:
                return answer_to(request, error)
            return await handle(request)

        return respond


Reader = Annotated[ApiKey, Depends(reader)]
Writer = Annotated[ApiKey, Depends(writer)]


async def known_job_id(job_id: Annotated[str, Path(description="Id of a job.", examples=[JOB_ID])]) -> str:
    return _checked_id(job_id, "job")


async def known_file_id(file_id: Annotated[str, Path(description="Id of a file.", examples=[JOB_ID])]) -> str:
    return _checked_id(file_id, "file")


async def known_stack_id(
    stack_id: Annotated[str, Path(description="Id of a stack, or of the job that made one.", examples=[JOB_ID])],
) -> str:
    return _checked_id(stack_id, "stack")


IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="The same key with the same body returns the same job or stack."),
]
JobId = Annotated[str, Depends(known_job_id)]
FileId = Annotated[str, Depends(known_file_id)]
StackId = Annotated[str, Depends(known_stack_id)]


async def reader_of(request: Request) -> ApiKey:
    """As `reader`, for a route that reads its request itself. Raises `LaminaError`."""
    return await _key(request, await _bearer(request), Scope.READ)


async def _key(request: Request, given: HTTPAuthorizationCredentials | None, scope: Scope) -> ApiKey:
    service = context_of(request).service
    if given is not None:
        return await authenticate(service, given.credentials, scope)
    sent = browser_request(request.scope, request.headers, request.cookies)
    key_id = session_key_id(service, sent)
    if key_id is not None:
        return await known_key(service, key_id, scope)
    if has_cookie(sent):
        raise LaminaError(
            ErrorCode.KEY_INVALID,
            "This request has no API key, and its session of the Studio has ended or does not count here.",
            "Sign in to the Studio again; other pages and programs send Authorization: Bearer KEY.",
        )
    raise LaminaError(
        ErrorCode.KEY_INVALID,
        "This request has no API key.",
        "Send it as Authorization: Bearer KEY; lamina keys create makes one.",
    )


def _checked_id(text: str, what: str) -> str:
    if not is_id(text):
        raise LaminaError(ErrorCode.NOT_FOUND, f"There is no such {what}.", "Check the id.")
    return text
