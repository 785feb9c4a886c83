"""What AWS sends to a function, unwrapped: objects, parameters, and what is not understood.

A notification of S3 comes by itself, through SNS, through SQS (with or without raw message delivery), or
through EventBridge, which has a form of its own. A message may hold parameters as well. Sources: S3 User
Guide, "Event message structure" and "Using EventBridge"; Lambda Developer Guide, "Using Lambda with SNS" and
"with SQS"; SNS Developer Guide, "Raw message delivery".
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from logging import Logger
from typing import Any
from urllib.parse import unquote_plus

from lightning_eda.errors import EventError
from lightning_eda.texts import named, plain

MOST_WRAPPINGS = 4  # SNS in SQS has three
UPLOADED = re.compile(r"(?:s3:)?Object(?:Created:|Restore:Completed)|Object (?:Created|Restore Completed)$")
"""What S3 calls an event after which an object can be read that could not before."""
SHOWN = 200  # characters of what is not understood, in the log

Event = Mapping[Any, Any]


@dataclass
class Sent:
    """What an event holds.

    Attributes:
        objects: Bucket and key of each object it is about.
        parameters: Each set of parameters.
        unknown: What is not understood, in words.
        tests: How many times S3 only tried whether its notifications arrive.
        no_upload: What happened to objects that are not new by it, such as a deletion, in words.
        wrapped: Whether it came by a service, so that nobody reads an answer.
        queued: Whether it came through SQS, where an answer of any kind deletes the messages.
    """

    objects: list[tuple[str, str]] = field(default_factory=list)
    parameters: list[Event] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    tests: int = 0
    no_upload: list[str] = field(default_factory=list)
    wrapped: bool = False
    queued: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do, and nothing wrong with that."""
        told = bool(self.tests or self.no_upload)
        return told and not (self.objects or self.parameters or self.unknown)

    def add_object(self, bucket: str, key: str, happened: str) -> None:
        """Takes in an object, if what happened to it is an upload; "" counts as one."""
        if not happened or UPLOADED.match(happened):
            self.objects.append((bucket, key))
        else:
            self.no_upload.append(plain(f"{happened} of s3://{bucket}/{key}"))

    def tell(self, log: Logger) -> None:
        """Says in the function's log what there is nothing to do for."""
        if self.tests:
            log.info("S3 tried whether its notifications arrive: they do")
        for words in self.no_upload:
            log.warning("no upload, so nothing is done for it: %s", words)
        for words in self.unknown:
            log.error("not understood: %s", words)

    def require_understood(self) -> None:
        """Keeps what is not understood in its queue.

        Raises:
            EventError: A message of SQS is not understood; Lambda would delete it.
        """
        if self.queued and self.unknown:
            raise EventError(f"not understood: {named(self.unknown)}; correct what sends to the queue")


def read_event(event: object) -> Sent:
    """What an event holds, out of all its wrappings. Never fails."""
    sent = Sent()
    _read(event, sent, MOST_WRAPPINGS)
    return sent


def require_known(parameters: Event, known: Collection[str], of_day: str) -> None:
    """Refuses parameters that are passed over otherwise.

    Args:
        parameters: Those of an event.
        known: Names of all there are.
        of_day: The one that names the day.

    Raises:
        EventError: One is not known; the nearest known one is named.
    """
    for name in parameters:
        if name not in known:
            near = (get_close_matches(str(name), [*known, "Records"], 1) or [of_day])[0]
            raise EventError(
                f"the event's parameter {name!r} is not known; is {near!r} meant? The parameters are "
                f"{', '.join(known)}"
            )


def _read(event: object, sent: Sent, wrappings: int) -> None:
    match event:
        case {"Event": "s3:TestEvent"}:
            sent.tests += 1
        case {"Records": [*records], **parameters}:
            _read_records(records, sent, wrappings)
            if parameters:
                sent.parameters.append(parameters)
        case [*records]:  # EventBridge Pipes sends the records alone
            _read_records(records, sent, wrappings)
        case {
            "source": "aws.s3",
            "detail": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}},
            **rest,
        }:
            sent.wrapped = True
            sent.add_object(bucket, key, str(rest.get("detail-type", "")))  # not URL-encoded here
        case {"detail-type": "Scheduled Event"}:
            sent.parameters.append({})
        case {"Records": _} | {"detail-type": _} | {"source": "aws.s3"}:
            sent.unknown.append(_shown(event))
        case {**parameters}:
            sent.parameters.append(parameters)
        case _:
            sent.unknown.append(_shown(event))


def _read_records(records: list[object], sent: Sent, wrappings: int) -> None:
    for record in records:
        _read_record(record, sent, wrappings)


def _read_record(record: object, sent: Sent, wrappings: int) -> None:
    sent.wrapped = True
    match record:
        case {"s3": {"bucket": {"name": str(bucket)}, "object": {"key": str(key)}}, **rest}:
            sent.add_object(bucket, unquote_plus(key), str(rest.get("eventName", "")))
        case {"Sns": {"Message": str(message)}}:
            _read_message(message, sent, wrappings - 1)
        case {"eventSource": "aws:sqs", "body": str(message)}:
            sent.queued = True
            _read_message(message, sent, wrappings - 1)
        case _:
            sent.unknown.append(_shown(record))


def _read_message(message: str, sent: Sent, wrappings: int) -> None:
    """What a message holds; of SNS's own wrapping, what is in that."""
    try:
        content = json.loads(message) if wrappings else None
    except (ValueError, RecursionError):
        content = None
    match content:
        case {"Type": "Notification", "Message": str(inner)}:
            _read_message(inner, sent, wrappings - 1)
        case {"Type": "SubscriptionConfirmation" | "UnsubscribeConfirmation"}:
            sent.unknown.append(f"SNS asks to confirm a subscription, once, by hand: {_shown(message)}")
        case {}:
            _read(content, sent, wrappings)
        case _:
            sent.unknown.append(_shown(message))


def _shown(content: object) -> str:
    """The beginning of what is not understood."""
    try:
        text = content if isinstance(content, str) else json.dumps(content, default=repr, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = f"a {type(content).__name__}"
    return plain(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")
