"""Dataclasses from JSON records, as `dataclasses.asdict` has written them, in this version or another one."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(of: type[T], record: Mapping[str, Any]) -> T:
    """The dataclass `of`, with the dataclasses, enums and tuples in it.

    A field that the record lacks gets its default; an unknown one is ignored. Unions of several types are taken as they
    are. Raises TypeError where a field is missing that has no default.
    """
    return _decoder(of)(record)


@cache
def _decoder(of: Any) -> Callable[[Any], Any]:
    if is_dataclass(of):
        return _decoder_of_fields(of)
    if isinstance(of, type) and issubclass(of, Enum):
        return of
    alternatives = [each for each in get_args(of) if each is not NoneType]
    if get_origin(of) is tuple:
        decode_item = _decoder(alternatives[0])
        return lambda items: tuple(map(decode_item, items or ()))
    if get_origin(of) is UnionType and len(alternatives) == 1:
        decode_value = _decoder(alternatives[0])
        return lambda value: None if value is None else decode_value(value)
    return lambda value: value


def _decoder_of_fields(of: Any) -> Callable[[Any], Any]:
    types = get_type_hints(of)
    decoders = {field.name: _decoder(types[field.name]) for field in fields(of)}

    def decode_fields(record: Any) -> Any:
        present = record or {}
        return of(**{name: decode_field(present[name]) for name, decode_field in decoders.items() if name in present})

    return decode_fields
