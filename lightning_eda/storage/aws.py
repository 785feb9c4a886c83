"""Clients of AWS, and words for what AWS or the machine's own AWS settings have against one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lightning_eda.errors import AccessDeniedError, LightningEdaError, SettingError, StorageError
from lightning_eda.texts import without_login

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.session import Session

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


def new_client(
    service: str,
    endpoint_url: str | None,
    region: str | None,
    config: "Config",
    session: "Session | None" = None,
    refused: type[LightningEdaError] = StorageError,
) -> Any:  # noqa: ANN401 - boto3 has a type for each service
    """A client of a service.

    Args:
        service: "s3" or "glue".
        endpoint_url: Server to use in place of AWS; None leaves it to the standard AWS variables.
        region: AWS region; None leaves it to the standard AWS variables and files.
        config: Of the client.
        session: Of botocore, where it has been changed.
        refused: The error for an address that is none.

    Raises:
        SettingError: The profile or the region is none.
        StorageError: A file of AWS settings cannot be read.
        AccessDeniedError: The credentials are incomplete, or cannot be had.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    address = without_login(endpoint_url) if endpoint_url else None
    with explained_settings(region):
        try:
            return boto3.session.Session(region_name=region, botocore_session=session).client(
                service,  # type: ignore[call-overload]
                endpoint_url=address,
                config=config,
            )
        except ValueError as error:  # how botocore refuses an address
            if isinstance(error, BotoCoreError):
                raise
            raise refused(f"{service.title()}: {error}; correct AWS_ENDPOINT_URL") from error


@contextmanager
def explained_settings(region: str | None) -> Iterator[None]:
    """Our errors for what boto3 has against the machine's AWS settings; NoRegionError passes through."""
    from botocore import exceptions as boto

    try:
        yield
    except boto.NoRegionError:
        raise
    except boto.ProfileNotFound as error:
        found = error.kwargs["profile"]
        hint = "Or unset AWS_PROFILE."
        raise SettingError(
            "AWS_PROFILE", found, "a profile of ~/.aws/config or ~/.aws/credentials", hint
        ) from error
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
