"""Dataclasses as JSON records and back, in the version that has written them or another one."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def encode(value: Any) -> dict[str, Any]:
    """The fields of a dataclass, and of those in it, as `dataclasses.asdict` gives them, but without copies."""
    return {name: _encoded(getattr(value, name)) for name in _field_names(type(value))}


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, tuple):
        return tuple(map(_encoded, value))
    return encode(value) if is_dataclass(value) else value


@cache
def _field_names(of: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(of))


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
        return lambda items: tuple(items or ()) if decode_item is _unchanged else tuple(map(decode_item, items or ()))
    if get_origin(of) is UnionType and len(alternatives) == 1:
        decode_value = _decoder(alternatives[0])
        return (
            _unchanged if decode_value is _unchanged else lambda value: None if value is None else decode_value(value)
        )
    return _unchanged


def _unchanged(value: Any) -> Any:
    return value


def _decoder_of_fields(of: Any) -> Callable[[Any], Any]:
    types = get_type_hints(of)
    names = _field_names(of)
    decoders = {name: decoder for name in names if (decoder := _decoder(types[name])) is not _unchanged}

    def decode_fields(record: Any) -> Any:
        present = {name: record[name] for name in names if name in record} if record else {}
        for name, decode_field in decoders.items():
            if name in present:
                present[name] = decode_field(present[name])
        return of(**present)

    return decode_fields
