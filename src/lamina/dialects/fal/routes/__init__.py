"""fal's routes, under `/fal/run`, `/fal/queue`, `/fal/rest` and `/fal/cdn`; `places` leads fal's own hosts there."""

from lamina.dialects.fal.routes.cdn import router as cdn
from lamina.dialects.fal.routes.elsewhere import router as elsewhere
from lamina.dialects.fal.routes.pages import router as pages
from lamina.dialects.fal.routes.queue import router as queue
from lamina.dialects.fal.routes.rest import router as rest
from lamina.dialects.fal.routes.run import router as run

ROUTERS = (run, queue, rest, cdn, pages, elsewhere)
