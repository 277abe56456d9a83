"""The routes of the native API, one file a noun."""

from lamina.api.native.routes import accounts, addresses, files, jobs, stack_edits, stacks, submits

ROUTERS = (
    submits.router,
    jobs.status_router,
    jobs.router,
    files.router,
    stacks.router,
    stack_edits.router,
    accounts.router,
    addresses.router,
)
