"""What a failed request to S3 means: may it pass, and if not, what to tell people."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lightning_eda.errors import (
    AccessDeniedError,
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)
from lightning_eda.storage.aws import LOGIN_ADVICE, REGION

ARCHIVED = "InvalidObjectState"
ELSEWHERE = frozenset(
    {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
)
KMS = "KMS."
KMS_ADVICE = "its KMS key refuses: allow kms:Decrypt (to write kms:GenerateDataKey too) on it, or enable it"
# Refusals that come with status 400 or 403 and yet pass, source: S3 API reference, "Error responses".
PASSING_CODES = frozenset({"RequestTimeout", "SlowDown", "Throttling", "RequestLimitExceeded", "BadDigest"})


def may_pass(error: Exception) -> bool:
    """Whether a failure may pass: 5xx, throttling, time-outs, lost connections, cut or garbled replies."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    lost = (boto.ConnectionError, boto.HTTPClientError)
    damaged = (boto.IncompleteReadError, boto.FlexibleChecksumError, ResponseParserError)
    code, status = code_and_status(error)
    return isinstance(error, (*lost, *damaged)) or status >= 500 or status == 429 or code in PASSING_CODES


def code_and_status(error: Exception) -> tuple[str, int]:
    """S3's error code and the HTTP status; "" and 0 when the failure is not a reply."""
    reply = getattr(error, "response", None) or {}
    return (
        str(reply.get("Error", {}).get("Code", "")),
        int(reply.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
    )


def refusal(
    error: Exception, doing: str, bucket: str, setting: str, login_advice: str, folder_advice: str
) -> StorageError:
    """Our error for a failure that no retry mends.

    Args:
        error: What boto3 raised.
        doing: What was tried and with which object, in words: "cannot read s3://...".
        bucket: The bucket, in words.
        setting: The variable that names the bucket.
        login_advice: What to do about credentials.
        folder_advice: What to do when no bucket is meant; may be empty.
    """
    from botocore import exceptions as boto

    code, status = code_and_status(error)
    missing_login = (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)
    # What has an advice of its own comes before the refusals that share its status: 403 is also the status of
    # an archived object, of wrong keys and of a KMS key, and 404 that of an object and of its bucket.
    if code == ARCHIVED:
        return StorageError(
            f"{doing}: it is archived{_storage_class(error)}: restore it, or copy it to another storage "
            "class, and run it again"
        )
    if code in LOGIN_ADVICE or code.startswith(KMS):
        return AccessDeniedError(f"{doing}: access denied ({code}); {LOGIN_ADVICE.get(code, KMS_ADVICE)}")
    if code in ELSEWHERE:
        return StorageError(f"{doing}: {error}; {REGION}")
    if isinstance(error, (*missing_login, boto.SSOError)) or status in (401, 403) or code == "AccessDenied":
        said = _message(error)
        why = f"access denied ({code or error}){f': {said}' if said else ''}"
        return AccessDeniedError(f"{doing}: {why}; {login_advice}{folder_advice}")
    # A listing that finds nothing is empty: a 404 to one is the bucket's, also where a server gives no code.
    if code == "NoSuchBucket" or (status == 404 and doing.startswith("cannot list")):
        return BucketNotFoundError(f"{doing}: there is no bucket {bucket}; correct {setting}{folder_advice}")
    if isinstance(error, boto.ParamValidationError) and "Invalid bucket name" in str(error):
        return StorageError(f"{doing}: no bucket can have that name; correct {setting}{folder_advice}")
    if status == 404:
        return ObjectNotFoundError(f"{doing}: there is no such object")
    if status == 412:
        return ObjectChangedError(f"{doing}: it was replaced while it was being read; run it again")
    return StorageError(f"{doing}: {error}{folder_advice}")


def _message(error: Exception) -> str:
    """What the server says beside the code, such as who may not do what; "" when that is nothing more."""
    said = str((getattr(error, "response", None) or {}).get("Error", {}).get("Message", ""))
    return "" if said in ("Access Denied", "Forbidden") else said


def _storage_class(error: Exception) -> str:
    found = (getattr(error, "response", None) or {}).get("Error", {}).get("StorageClass")
    return f" ({found})" if found else ""


def parse_time(text: str) -> datetime:
    """The time in a reply, aware.

    botocore guesses the format of each time it meets, a third of the work of a listing; those of S3 are two,
    ISO in a listing and RFC 7231 in a header, and all others are left to botocore.

    Raises:
        ValueError: It is no time.
    """
    try:
        time = datetime.fromisoformat(text) if text[4:5] == "-" else parsedate_to_datetime(text)
    except (TypeError, ValueError):
        from botocore.utils import parse_timestamp

        time = parse_timestamp(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
