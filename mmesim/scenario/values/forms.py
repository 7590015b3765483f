"""A value that is one of several forms: `lru`, `20 ms`, `{poisson: {rate: 120 /s}}`, `{zipf: 0.9}`.

The `OneOf` of a field reads all of its forms, says what is wrong with one, writes them, and describes them to editors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, SerializationInfo, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, core_schema

from mmesim.errors import did_you_mean
from mmesim.scenario.values.fields import Data, Refused, shown

_WRITTEN = (str, int, float, Mapping, list, tuple)
"""What a file may hold, and is read; anything else was built in Python."""


class Form(Data):
    """One of several forms of a value, with its own keys; a file writes `{name: {key: ...}}`."""

    form: ClassVar[str]
    """The name in the file."""
    only: ClassVar[str | None] = None
    """The field that stands for the map of all keys, as in `{ttl: 10 min}`."""
    example: ClassVar[str] = ""
    """What follows the name, for error messages; else the keys that are required."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One form: its class, and how it is read, written and described.

    `name` stands before the value in a file; None: the value stands by itself, if it is one that the form `takes`.
    """

    name: str | None
    of: type
    read: Callable[[Any, ValidationInfo], Any]
    write: Callable[[Any, SerializationInfo], Any]
    schema: Callable[[GetJsonSchemaHandler], JsonSchemaValue]
    takes: Callable[[Any], bool] = lambda _: True
    needs_nothing: bool = False
    """Whether the name alone says everything."""
    in_words: str = "map"
    """What a form without a name looks like in a file."""
    example: str = ""
    """The form as a file writes it, for error messages."""


def keyed(form: type[Form]) -> Kind:
    """A form whose keys are the fields of a class."""
    only = form.only
    key = None if only is None else form.model_fields[only].alias or only

    def read(body: Any, info: ValidationInfo) -> Form:
        if key is not None:
            return form.model_validate({key: body}, context=info.context)
        try:
            return form.model_validate({} if body is None else body, context=info.context)
        except ValidationError as error:
            raise _below(error, form.form) from None

    def write(value: Form, info: SerializationInfo) -> Any:
        keys = dumped(value, info)
        return keys if key is None else keys[key]

    def schema(handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = schema_of(form, handler)
        if key is None:
            return whole
        return dict(handler.resolve_ref_schema(whole)["properties"][key])

    # A form with an example needs one of several keys, if none is required.
    needs_nothing = not form.example and not any(field.is_required() for field in form.model_fields.values())
    required = [field.alias or name for name, field in form.model_fields.items() if field.is_required()]
    body = form.example or ("..." if key else "") or f"{{{', '.join(f'{name}: ...' for name in required)}}}"
    example = f"{{{form.form}: {body}}}"
    return Kind(form.form, form, read, write, schema, needs_nothing=needs_nothing, example=example)


def _below(error: ValidationError, name: str) -> ValidationError:
    """The same error, its places below the name of a form."""
    details = [
        InitErrorDetails(
            type=item["type"], loc=(name, *item["loc"]), input=item["input"], ctx=dict(item.get("ctx") or {})
        )
        for item in error.errors(include_url=False)
    ]
    return ValidationError.from_exception_data(error.title, details)


def bare(of: type[Data], takes: Callable[[Any], bool]) -> Kind:
    """A form that is a map of the keys of a class, without a name before it."""
    return Kind(
        None,
        of,
        lambda value, info: of.model_validate(value, context=info.context),
        dumped,
        lambda handler: schema_of(of, handler),
        takes,
    )


def schema_of(of: type[Data], handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    """JSON Schema of a class with the meanings of its keys."""
    # The handler itself describes without what a class adds; it does so for the items of a list.
    items: JsonSchemaValue = handler(core_schema.list_schema(of.__pydantic_core_schema__))["items"]
    return items


def dumped(value: Data, info: SerializationInfo) -> dict[str, Any]:
    """The keys of a value, written as those around it."""
    return value.model_dump(mode=info.mode, by_alias=info.by_alias, exclude_unset=info.exclude_unset)


class OneOf:
    """The forms of a field; it is the metadata of the field's type in an Annotated.

    `what` is the field in words, `named` what its names are called if not the same; `words` are forms without keys.
    `meant` says what to write for a value that is none of the forms, where that can be told.
    """

    def __init__(
        self,
        what: str,
        example: str,
        kinds: Sequence[Kind | type[Form]],
        words: Mapping[str, Any] = MappingProxyType({}),
        named: str = "",
        meant: Callable[[Any], str | None] = lambda _: None,
    ) -> None:
        self._what = what
        self._named = named or what
        self._example = example
        self._meant = meant
        self._words = words
        self._kinds = [keyed(kind) if isinstance(kind, type) else kind for kind in kinds]
        self._by_name = {kind.name: kind for kind in self._kinds if kind.name is not None}
        self._bare = [kind for kind in self._kinds if kind.name is None]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the forms that have keys; they exclude each other."""
        return tuple(self._by_name)

    @property
    def classes(self) -> tuple[type, ...]:
        """The classes of the forms, those without keys included."""
        return tuple(kind.of for kind in self._kinds)

    @property
    def in_words(self) -> str:
        """What may stand in a file, such as `time or distribution`."""
        parts = [*(["name"] if self.words else []), *(kind.in_words for kind in self._bare)]
        parts += [self._named if self._named != self._what else "map"] if self._by_name else []
        return " or ".join(dict.fromkeys(parts))

    def word(self, value: Any) -> str | None:
        """The word that stands for a value, if there is one."""
        return next((word for word, alone in self._words.items() if value == alone), None)

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that stands by itself."""
        alone = (name for name, kind in self._by_name.items() if kind.needs_nothing)
        return tuple(dict.fromkeys([*self._words, *alone]))

    def read(self, value: Any, info: ValidationInfo) -> Any:
        """The value of what a file or a program gives; raises Refused with the place inside it."""
        if not isinstance(value, _WRITTEN) and any(isinstance(value, kind.of) for kind in self._kinds):
            return value
        if any(type(value) is type(alone) and value == alone for alone in self._words.values()):
            return value
        if isinstance(value, str) and value in self._by_name:
            return self._word(value, info)
        for kind in self._bare:
            if kind.takes(value):
                return _placed(kind, value, info)
        if isinstance(value, Mapping):
            kinds = [(self._named_kind(name, value), body) for name, body in value.items()]
            if len(kinds) != 1:
                several = f", not {' and '.join(map(str, value))}" if value else ""
                raise Refused(f"expected one {self._what}{several}, such as {self._example}")
            return _placed(*kinds[0], info)
        return self._word(value, info)

    def _word(self, value: Any, info: ValidationInfo) -> Any:
        meant = _write(self._meant(value))
        if not isinstance(value, str):
            choice = f"one of {', '.join(self._all)}, such as " if self._all else "write "
            raise Refused(f"{shown(value)} is not {_a(self._what)}: {choice}{self._example}", (), meant)
        if value in self._words:
            return self._words[value]
        if not self._all:
            bare = " or ".join(dict.fromkeys(kind.in_words for kind in self._bare)).replace("`", "")
            raise Refused(f"{shown(value)} does not name a {self._named}: write {bare}, such as {self._example}")
        kind = self._by_name.get(value)
        if kind is None:
            raise Refused(self._unknown(value), (), meant or did_you_mean(value, self._all))
        if not kind.needs_nothing:
            raise Refused(f"{value} needs a value", (), _write(kind.example or f"{{{value}: ...}}"))
        return kind.read(None, info)

    def _named_kind(self, name: object, whole: Mapping[Any, Any]) -> Kind:
        if name in self._by_name:
            return self._by_name[str(name)]
        if name in self._words:
            raise Refused(f"{name} takes no keys: write its name alone", (str(name),))
        place = name if isinstance(name, str | int | float) else str(name)
        meant = did_you_mean(str(name), self._all) or _write(self._meant(whole))
        raise Refused(self._unknown(name), (place,), meant)

    @property
    def _all(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._words, *self._by_name]))

    def _unknown(self, name: object) -> str:
        return f"unknown {self._named} {shown(name)}: one of {', '.join(self._all)}, such as {self._example}"

    def write(self, value: Any, info: SerializationInfo) -> Any:
        """What a file writes for a value; `read` makes an equal one of it."""
        kind = next((kind for kind in self._kinds if isinstance(value, kind.of)), None)
        if kind is None:
            return self.word(value)
        body = kind.write(value, info)
        if kind.name is None:
            return body
        return kind.name if body == {} and kind.name not in self._words else {kind.name: body}

    def schema(self, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """JSON Schema of all forms."""
        forms = [kind.schema(handler) for kind in self._bare]
        for name, kind in self._by_name.items():
            body = kind.schema(handler)
            about = body.get("description", kind.of.__doc__ or "").partition("\n\n")[0]
            forms.append(one_key(name, body | {"description": " ".join(about.split())}))
        return {"anyOf": [{"enum": list(self.words)}, *forms] if self.words else forms}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validation and serialization by `read` and `write`, in place of those of the type."""
        writer = core_schema.plain_serializer_function_ser_schema(self.write, info_arg=True)
        return core_schema.with_info_plain_validator_function(self.read, serialization=writer)

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The same as `schema`, where pydantic looks for it."""
        return self.schema(handler)


def one_key(name: str, body: JsonSchemaValue) -> JsonSchemaValue:
    """JSON Schema of a map with just one key."""
    return {"type": "object", "properties": {name: body}, "required": [name], "additionalProperties": False}


def _placed(kind: Kind, body: Any, info: ValidationInfo) -> Any:
    """What a form reads; its refusals are below its name."""
    place = () if kind.name is None else (kind.name,)
    try:
        return kind.read(body, info)
    except Refused as refused:
        raise refused.below(*place) from None
    except ValidationError:
        raise
    except ValueError as error:
        raise Refused(str(error), place) from None


def _write(example: str | None) -> str | None:
    return None if example is None else f"write {example}"


def _a(what: str) -> str:
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}"
