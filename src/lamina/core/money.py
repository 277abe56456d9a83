"""Money as whole micro-dollars, so that sums are exact."""

from decimal import Decimal, DecimalException, InvalidOperation

from lamina.core.errors import ErrorCode, LaminaError

MICROS = 1_000_000  # in a dollar
_MOST_USD = 10**9


def micros_of(usd: str | int | float | Decimal) -> int:
    """Dollars, such as "0.05", as micro-dollars. Raises `LaminaError` (task_invalid) for what is no amount."""
    try:
        amount = Decimal(str(usd).strip().removeprefix("$"))
        micros = amount * MICROS
        if not amount.is_finite() or abs(amount) > _MOST_USD or micros != int(micros):
            raise InvalidOperation
    except DecimalException:
        raise LaminaError(
            ErrorCode.TASK_INVALID,
            f"{usd!r} is not an amount.",
            "Give dollars, with at most six digits after the point.",
        ) from None
    return int(micros)


def usd_of(micros: int) -> str:
    """As dollars, with two digits after the point and as many more as it takes: "0.05", "1.234567"."""
    whole, rest = divmod(abs(micros), MICROS)
    digits = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micros < 0 else ''}{whole}.{digits}"
