"""fal's routes under `/fal/run`, `/fal/queue`, `/fal/rest` and `/fal/cdn`, to which `FalHosts` maps fal's hosts."""

from lamina.api.fal.routes.cdn import router as cdn
from lamina.api.fal.routes.pages import router as pages
from lamina.api.fal.routes.queue import router as queue
from lamina.api.fal.routes.rest import router as rest
from lamina.api.fal.routes.run import router as run
from lamina.api.fal.routes.unsupported import router as elsewhere

ROUTERS = (run, queue, rest, cdn, pages, elsewhere)
