"""The routes of the native API, one file a noun."""

from lamina.api.native.routes import accounts, addresses, files, jobs, stack_edits, stack_proposals, stacks, submits

ROUTERS = (
    submits.router,
    jobs.status_router,
    jobs.router,
    files.router,
    stacks.router,
    stack_edits.router,
    stack_proposals.router,
    accounts.router,
    addresses.router,
)
