"""Log file for the tracebacks of internal errors, which are printed only with LAMINA_LOG_LEVEL=debug."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from lamina.core.errors import LaminaError
from lamina.core.faults import FAULTS, fault_of, new_fault_id

FILE_NAME = "lamina.log"
_MAX_BYTES, _BACKUP_COUNT = 1 << 20, 1
_OWNER_ONLY = 0o700
_is_logged = False


def use_service_log() -> None:
    """Write tracebacks to the log of this process from now on: it is a service."""
    global _is_logged
    _is_logged = True


def log_internal_error(error: LaminaError, subject: str = "") -> LaminaError:
    """Log the traceback of an internal error and add its location and id to the hint; other errors are unchanged.

    `subject`: what was being processed, such as a file name.
    """
    cause = error.__cause__
    if error.code not in FAULTS or cause is None:
        return error
    location = _log_traceback(cause, subject or error.message, new_fault_id())
    return LaminaError(error.code, error.message, f"{error.hint} {location}".strip())


def internal_error(error: Exception, component: str) -> LaminaError:
    """`fault_of` with the exception as its cause, for callers that do not raise it. `component`: what failed."""
    fault = fault_of(error, component)
    fault.__cause__ = error
    return fault


def _log_traceback(cause: BaseException, text: str, fault_id: str) -> str:
    """A sentence that says where the traceback is."""
    raised = (type(cause), cause, cause.__traceback__)
    record = logging.LogRecord(
        name="lamina",
        level=logging.ERROR,
        pathname="",
        lineno=0,
        msg=f"{fault_id} {text}",
        args=None,
        exc_info=raised,
    )
    if _is_logged:
        logging.getLogger("lamina").handle(record)
        return f"The traceback is in the log under {fault_id}."
    if _is_debugging():
        _write(logging.StreamHandler(sys.stderr), record)
        return f"The traceback is above, under {fault_id}."
    try:
        path = _log_file()
        _write(RotatingFileHandler(path, maxBytes=_MAX_BYTES, backupCount=_BACKUP_COUNT, encoding="utf-8"), record)
    except OSError:
        return "Set LAMINA_LOG_LEVEL=debug to see the traceback."
    return f"Please report this error; the traceback is in {path} under {fault_id}."


def _log_file() -> Path:
    from lamina.settings import state_folder

    folder = state_folder()
    folder.mkdir(_OWNER_ONLY, parents=True, exist_ok=True)
    return folder / FILE_NAME


def _is_debugging() -> bool:
    from lamina.settings import current

    try:
        return sys.stderr is not None and current().log_level == "debug"
    except LaminaError:
        return False


def _write(handler: logging.Handler, record: logging.LogRecord) -> None:
    from importlib.metadata import version

    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s lamina {version('lamina')}: %(message)s"))
    handler.handle(record)
    handler.close()
