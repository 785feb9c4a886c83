"""Clients of AWS, and words for what AWS or the machine's own AWS settings have against one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lightning_eda.errors import AccessDeniedError, LightningEdaError, SettingError, StorageError
from lightning_eda.texts import without_login

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.loaders import Loader
    from botocore.session import Session

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 30.0
EXPIRED = "the credentials have expired: log in again"
UNKNOWN_KEY = "the server does not know the access key: correct AWS_ACCESS_KEY_ID, or the profile"
WRONG_SECRET = "the secret key is not that of the access key: correct AWS_SECRET_ACCESS_KEY, or the profile"
ACCOUNT = "AWS has closed the account to this service: ask who pays for it"
REGION = "the bucket is in another region: correct AWS_REGION"
LOGIN_ADVICE = {
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "RequestExpired": EXPIRED,
    "InvalidAccessKeyId": UNKNOWN_KEY,
    "UnrecognizedClientException": UNKNOWN_KEY,
    "InvalidClientTokenId": UNKNOWN_KEY,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "InvalidSignatureException": f"{WRONG_SECRET}, and set this machine's clock if it is wrong",
    "InvalidToken": "the session token is not valid: correct AWS_SESSION_TOKEN, or log in again",
    "RequestTimeTooSkewed": "this machine's clock differs from the server's by more than 15 minutes: set it",
    "AccountProblem": ACCOUNT,
    "AllAccessDisabled": ACCOUNT,
    "InvalidPayer": ACCOUNT,
    "NotSignedUp": ACCOUNT,
    "OptInRequired": ACCOUNT,
}
"""What to do about each refusal of who asks. Sources: S3 API reference, "Error responses"; AWS General
Reference, "Common errors"."""


@dataclass(frozen=True)
class Access:
    """How requests reach AWS, or a server in its place; None leaves it to the usual variables and files.

    Attributes:
        endpoint_url: Server to use in place of AWS.
        region: AWS region.
        profile: Profile of ~/.aws whose credentials and region count.
        signed: Whether requests carry credentials; without them only public buckets answer.
    """

    endpoint_url: str | None = None
    region: str | None = None
    profile: str | None = None
    signed: bool = True


def new_client(
    service: str,
    access: Access,
    config: "Config",
    session: "Session | None" = None,
    refused: type[LightningEdaError] = StorageError,
) -> Any:  # noqa: ANN401 - boto3 has a type for each service
    """A client of a service.

    Args:
        service: "s3" or "glue".
        access: How it is reached; whether requests are signed is said by `config`.
        config: Of the client.
        session: Of botocore, where it has been changed.
        refused: The error for an address that is none.

    Raises:
        SettingError: The profile or the region is none.
        StorageError: A file of AWS settings cannot be read.
        AccessDeniedError: The credentials are incomplete, or cannot be had.
    """
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    address = without_login(access.endpoint_url) if access.endpoint_url else None
    with explained_settings(access.region, access.profile):
        made = session or get_session()
        if access.profile is not None:
            made.set_config_variable("profile", access.profile)
        made.register_component("data_loader", _descriptions(made.get_config_variable("data_path")))
        try:
            return made.create_client(service, access.region, endpoint_url=address, config=config)
        except ValueError as error:  # how botocore refuses an address
            if isinstance(error, BotoCoreError):
                raise
            raise refused(f"{service.title()}: {error}; correct AWS_ENDPOINT_URL") from error


@cache
def _descriptions(data_path: str | None) -> "Loader":
    """The descriptions of services, whose 5 MB of JSON every session would read again: 0.1 s a client."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


@contextmanager
def explained_settings(region: str | None, profile: str | None = None) -> Iterator[None]:
    """Our errors for what boto3 has against the machine's AWS settings; NoRegionError passes through."""
    from botocore import exceptions as boto

    try:
        yield
    except boto.NoRegionError:
        raise
    except boto.ProfileNotFound as error:
        found = error.kwargs["profile"]
        setting, hint = ("profile_name", "") if profile else ("AWS_PROFILE", "Or unset AWS_PROFILE.")
        allowed = "a profile of ~/.aws/config or ~/.aws/credentials"
        raise SettingError(setting, found, allowed, hint) from error
    except boto.ConfigParseError as error:
        raise StorageError(
            f"{error.kwargs['path']} is damaged: AWS settings cannot be read from it; mend it, or name "
            "another file with AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        ) from error
    except boto.InvalidRegionError as error:
        hint = "" if region else "It comes from ~/.aws/config."
        raise SettingError(
            "AWS_REGION", region or error.kwargs["region_name"], "a region such as us-east-1", hint
        ) from error
    except boto.BotoCoreError as error:
        raise AccessDeniedError(f"AWS settings: {error}; check the AWS credentials") from error
