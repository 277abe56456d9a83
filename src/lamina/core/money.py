"""Money in whole micro-dollars, so that sums are exact."""

from decimal import Decimal, DecimalException, InvalidOperation

from lamina.core.errors import ErrorCode, LaminaError

MICROS = 1_000_000  # in a dollar
_MOST_USD = 10**9


def micros_of(usd: str | int | float | Decimal) -> int:
    """Converts dollars, such as "0.05", to micro-dollars. Raises `LaminaError` (task_invalid) for an invalid amount."""
    try:
        amount = Decimal(str(usd).strip().removeprefix("$"))
        micros = amount * MICROS
        if not amount.is_finite() or abs(amount) > _MOST_USD or micros != int(micros):
            raise InvalidOperation
    except DecimalException:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{usd!r} is not a valid amount.",
            "Give dollars with at most six decimal places.",
        ) from None
    return int(micros)


def usd_of(micros: int) -> str:
    """Dollars with at least two decimal places, and up to six if needed: "0.05", "1.234567"."""
    whole, rest = divmod(abs(micros), MICROS)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{digits}"
