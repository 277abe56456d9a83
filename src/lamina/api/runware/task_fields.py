"""Gives access to the parameters of a task by the type of their values."""

from typing import TypeVar

from pydantic import JsonValue

T = TypeVar("T")


class TaskFields:
    """A task as it was sent, or an object in it.

    Accessors return their default if the parameter is absent or has another type, which `fields.check` rejects. Numbers
    are returned as they were sent: 4 and 4.0 remain different in JSON.
    """

    def __init__(self, values: dict[str, JsonValue]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def names(self) -> list[str]:
        return list(self._values)

    @property
    def task_type(self) -> str:
        return self.text("taskType")

    @property
    def task_uuid(self) -> str:
        return self.text("taskUUID")

    def value(self, name: str) -> JsonValue:
        """The value, of any type; None if it is absent."""
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        value = self.optional_text(name)
        return default if value is None else value

    def optional_text(self, name: str) -> str | None:
        value = self._values.get(name)
        return value if isinstance(value, str) else None

    def texts(self, name: str) -> list[str]:
        """The strings of an array; empty if it is absent."""
        value = self._values.get(name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def number(self, name: str, default: T) -> float | T:
        value = self._values.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else default

    def integer(self, name: str, default: T) -> int | T:
        number = self.number(name, None)
        return default if number is None else int(number)

    def flag(self, name: str, default: T) -> bool | T:
        value = self._values.get(name)
        return value if isinstance(value, bool) else default

    def group(self, name: str) -> "TaskFields":
        """The parameters of an object; none if it is absent."""
        value = self._values.get(name)
        return TaskFields(value if isinstance(value, dict) else {})

    def groups(self, name: str) -> "list[TaskFields]":
        """The objects of an array; empty if it is absent."""
        value = self._values.get(name)
        return [TaskFields(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    def to_json(self, *, without: tuple[str, ...] = ()) -> dict[str, JsonValue]:
        return {name: value for name, value in self._values.items() if name not in without}
