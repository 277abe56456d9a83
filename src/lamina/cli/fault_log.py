"""Keeps the tracebacks of faults of ours in a log file of the user's own, and tells where; none is printed unasked."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from lamina.core.errors import LaminaError
from lamina.core.faults import FAULTS, fault_of, new_fault_id

FILE_NAME = "lamina.log"
_MOST_BYTES, _OLD_ONES = 1 << 20, 1
_OWNER_ONLY = 0o700
_is_logged = False


def log_faults() -> None:
    """From now on they go where this process's logs go: it is a service."""
    global _is_logged
    _is_logged = True


def kept_fault(error: LaminaError, about: str = "") -> LaminaError:
    """As it came, unless it is a fault of ours: then its traceback is kept, and the hint says where and under which id.

    `about`: what was worked on, such as a picture's name.
    """
    cause = error.__cause__
    if error.code not in FAULTS or cause is None:
        return error
    where = _kept(cause, about or error.message, new_fault_id())
    return LaminaError(error.code, error.message, f"{error.hint} {where}".strip())


def told_fault(error: Exception, whose: str) -> LaminaError:
    """`fault_of`, with the exception as its cause, for those who cannot raise it from that."""
    told = fault_of(error, whose)
    told.__cause__ = error
    return told


def _kept(cause: BaseException, text: str, fault_id: str) -> str:
    """Where the traceback is, as a sentence."""
    raised = (type(cause), cause, cause.__traceback__)
    record = logging.LogRecord("lamina", logging.ERROR, "", 0, f"{fault_id} {text}", None, raised)
    if _is_logged:
        logging.getLogger("lamina").handle(record)
        return f"Its traceback is in the log under {fault_id}."
    if _is_shown():
        _written(logging.StreamHandler(sys.stderr), record)
        return f"Its traceback is above, under {fault_id}."
    try:
        path = _file()
        _written(RotatingFileHandler(path, maxBytes=_MOST_BYTES, backupCount=_OLD_ONES, encoding="utf-8"), record)
    except OSError:
        return "Set LAMINA_LOG_LEVEL=debug to see its traceback."
    return f"Its traceback is in {path} under {fault_id}: please report it."


def _file() -> Path:
    from lamina.settings import state_folder

    folder = state_folder()
    folder.mkdir(_OWNER_ONLY, parents=True, exist_ok=True)
    return folder / FILE_NAME


def _is_shown() -> bool:
    from lamina.settings import current

    try:
        return sys.stderr is not None and current().log_level == "debug"
    except LaminaError:
        return False


def _written(handler: logging.Handler, record: logging.LogRecord) -> None:
    from importlib.metadata import version

    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s lamina {version('lamina')}: %(message)s"))
    handler.handle(record)
    handler.close()
