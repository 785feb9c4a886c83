"""How settings become fields of resources, and how a run's config is laid over them."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import dagster as dg
from pydantic import Field, TypeAdapter, ValidationError, create_model

from lightning_eda.settings import CsvSettings, DistanceSettings, Settings, declared

Part = TypeVar("Part", DistanceSettings, CsvSettings)
Resource = TypeVar("Resource", bound=dg.ConfigurableResource)  # type: ignore[type-arg]


def from_setting(name: str, description: str | None = None) -> Any:  # noqa: ANN401 - as pydantic's Field
    """A resource's field with default and description of a field of `Settings`; `of_settings` fills it.

    Args:
        name: The field of `Settings`.
        description: Another one, where the resource does more with it.
    """
    setting = declared(Settings)[name]
    return Field(
        setting.default,
        description=description or setting.description,
        json_schema_extra={"setting": name},
    )


def of_settings(kind: type[Resource], settings: Settings) -> Resource:
    """A resource with the settings as defaults of the fields that are `from_setting`."""
    resource = _with_defaults(kind, _values(kind, settings))
    if hasattr(kind, "variables"):
        type(resource).variables = settings  # type: ignore[attr-defined]
    return resource


def following(
    part: type[DistanceSettings | CsvSettings], names: Mapping[str, str]
) -> Callable[[type[Resource]], type[Resource]]:
    """Gives a resource a field for each setting of a system; null in a field follows its variable.

    Args:
        part: The settings of the system.
        names: Fields of the resource that cannot have the setting's name.
    """

    def with_fields(kind: type[Resource]) -> type[Resource]:
        added: dict[str, Any] = {
            names.get(name, name): (one.kind | None, Field(None, description=one.description))
            for name, one in declared(part).items()
        }
        return _subclass(kind, added)

    return with_fields


def of_following(
    kind: type[Resource],
    settings: Settings,
    variables: DistanceSettings | CsvSettings,
    names: Mapping[str, str],
) -> Resource:
    """A `following` resource whose fields have the variables as defaults.

    A number that is none must fail the run that needs it, not the code location: its field has no default
    then, and the variable's text is kept beside the fields for the run to report.
    """
    values = _values(kind, settings)
    for field in fields(variables):
        name = names.get(field.name, field.name)
        annotation: Any = kind.model_fields[name].annotation
        try:
            values[name] = TypeAdapter(annotation).validate_python(getattr(variables, field.name))
        except ValidationError:
            values[name] = None
    resource = _with_defaults(kind, values)
    type(resource).variables = variables  # type: ignore[attr-defined]
    return resource


def settings_of(
    resource: dg.ConfigurableResource,  # type: ignore[type-arg]
    variables: Part,
    names: Mapping[str, str],
) -> Part:
    """The settings with the resource's fields laid over the variables, as texts."""
    named = {field.name: names.get(field.name, field.name) for field in fields(variables)}
    given = {name: getattr(resource, field) for name, field in named.items()}
    return replace(variables, **{name: str(value) for name, value in given.items() if value is not None})


def _values(kind: type[Resource], settings: Settings) -> dict[str, Any]:
    """The settings of a resource's fields, by the fields' names."""
    extras = {name: info.json_schema_extra for name, info in kind.model_fields.items()}
    return {
        name: getattr(settings, str(extra["setting"]))
        for name, extra in extras.items()
        if isinstance(extra, dict) and "setting" in extra
    }


def _with_defaults(kind: type[Resource], values: Mapping[str, Any]) -> Resource:
    """A resource whose fields have these defaults.

    They are defaults of a class of its own: of an instance's values, Dagster forgets all that a run's config
    does not name, so setting one field in the launchpad would set the others back.
    """
    fields: dict[str, Any] = {
        name: (info.annotation, Field(values[name], description=info.description))
        for name, info in kind.model_fields.items()
        if name in values
    }
    return _subclass(kind, fields)()


def _subclass(kind: type[Resource], fields: Mapping[str, Any]) -> type[Resource]:
    return create_model(
        kind.__name__, __base__=kind, __module__=kind.__module__, __doc__=kind.__doc__, **fields
    )
