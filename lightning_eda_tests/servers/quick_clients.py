"""What each of a thousand clients of AWS in the tests would do anew is done once a process.

A client reads 5 MB of JSON, replaces parts of the names of 220 events, and makes a function for each of a
service's operations. What comes of it depends on botocore's version alone. Requests and answers are not
touched: each client is botocore's own, and asks a server.
"""

from functools import cache
from typing import Any

import botocore.session
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.loaders import create_loader
from botocore.model import ServiceModel

_create_methods = ClientCreator._create_methods
_aliases: dict[str, str] = {}
_methods: dict[str, dict[str, Any]] = {}


class _KnownAliases(EventAliaser):
    """Names of events are replaced once."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._alias_name_cache = _aliases


def _known_methods(creator: ClientCreator, service: ServiceModel) -> dict[str, Any]:
    if service.service_name not in _methods:
        _methods[service.service_name] = _create_methods(creator, service)
    return dict(_methods[service.service_name])


def quicken_clients() -> None:
    """Keeps what clients have in common."""
    botocore.session.create_loader = cache(create_loader)
    botocore.session.EventAliaser = _KnownAliases
    ClientCreator._create_methods = _known_methods
