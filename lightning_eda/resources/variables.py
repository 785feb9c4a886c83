"""How the environment becomes the defaults of resources, and how a run's config is laid over it."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

import dagster as dg
from pydantic import Field, TypeAdapter, ValidationError, create_model

from lightning_eda.settings import CsvSettings, DistanceSettings

Part = TypeVar("Part", DistanceSettings, CsvSettings)
Resource = TypeVar("Resource", bound=dg.ConfigurableResource)  # type: ignore[type-arg]


def following(
    kind: type[Resource],
    variables: DistanceSettings | CsvSettings,
    names: Mapping[str, str],
    **values: str | None,
) -> Resource:
    """A resource whose fields have the variables as defaults.

    A number that is none must fail the run that needs it, not the code location: its field has no default
    then, and the variable's text is kept beside the fields for the run to report.
    """
    for field in fields(variables):
        name = names.get(field.name, field.name)
        annotation: Any = kind.model_fields[name].annotation
        try:
            default = TypeAdapter(annotation).validate_python(getattr(variables, field.name))
        except ValidationError:
            default = None
        values[name] = default
    resource = with_defaults(kind, **values)
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


def with_defaults(kind: type[Resource], **values: str | None) -> Resource:
    """A resource whose fields have these defaults.

    They are defaults of a class of its own: of an instance's values, Dagster forgets all that a run's config
    does not name, so setting one field in the launchpad would set the others back.
    """
    fields: dict[str, Any] = {
        name: (info.annotation, Field(values[name], description=info.description))
        for name, info in kind.model_fields.items()
        if name in values
    }
    return create_model(kind.__name__, __base__=kind, __doc__=kind.__doc__, **fields)()
