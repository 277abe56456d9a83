"""The handlers of Runware's tasks, by taskType."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from lamina.api.runware.access import Caller
from lamina.api.runware.answers import Answer
from lamina.api.runware.errors import RunwareError
from lamina.api.runware.task_fields import TaskFields
from lamina.api.runware.tasks.accounts import account_management
from lamina.api.runware.tasks.inference import image_inference
from lamina.api.runware.tasks.media import image_upload, media_storage
from lamina.api.runware.tasks.model_uploads import model_upload
from lamina.api.runware.tasks.pings import ping
from lamina.api.runware.tasks.responses import get_response, get_task_details
from lamina.api.runware.tasks.searches import model_search

Handler = Callable[[Caller, TaskFields], AsyncIterator[Sequence[Answer] | RunwareError]]

HANDLERS: Mapping[str, Handler] = {
    "accountManagement": account_management,
    "getResponse": get_response,
    "getTaskDetails": get_task_details,
    "imageInference": image_inference,
    "imageUpload": image_upload,
    "mediaStorage": media_storage,
    "modelSearch": model_search,
    "modelUpload": model_upload,
    "ping": ping,
}
"""By taskType. A handler yields the data of one frame at a time, and raises or yields errors."""
