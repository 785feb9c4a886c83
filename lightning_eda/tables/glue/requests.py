"""Requests to the Glue catalogue: retried while that may help, and our errors for its refusals."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from lightning_eda.errors import AccessDeniedError, DatasetError, LightningEdaError, TransferError
from lightning_eda.storage.aws import CONNECT_TIMEOUT_S, LOGIN_ADVICE, READ_TIMEOUT_S, Access, new_client
from lightning_eda.storage.backoff import Backoff
from lightning_eda.storage.s3.errors import code_and_status, may_pass

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_glue import GlueClient

Reply = TypeVar("Reply")
NOT_THERE = frozenset({"EntityNotFoundException"})
CHANGED = frozenset({"ConcurrentModificationException", "VersionMismatchException"})
# Source: AWS Glue API, "Exceptions".
PASSING = frozenset(
    {
        "ThrottlingException",
        "InternalServiceException",
        "OperationTimeoutException",
        "RequestTimeoutException",
    }
)


def glue_client(access: Access | None = None) -> "GlueClient":
    """A client of Glue that leaves retrying to us.

    Args:
        access: How Glue is reached; None leaves it to the standard AWS variables.

    Raises:
        AccessDeniedError: Neither names a region; or as `aws.new_client`, as are the others.
        DatasetError: The address of the server is none.
    """
    from botocore.config import Config
    from botocore.exceptions import NoRegionError

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    try:
        client: GlueClient = new_client("glue", access or Access(), config, refused=DatasetError)
        return client
    except NoRegionError as error:
        raise AccessDeniedError(
            "no AWS region is known for the Glue catalogue; set AWS_REGION, or leave CSV_TABLE empty"
        ) from error


def session_over(client: "GlueClient") -> "boto3.Session":
    """A session whose only client is a given one: awswrangler takes sessions and makes clients of its own."""
    import boto3

    class OneClientSession(boto3.Session):
        def client(self, *_: object, **__: object) -> "GlueClient":  # type: ignore[override]
            return client

    return OneClientSession(region_name=client.meta.region_name)


class GlueRequests:
    """Requests about one table.

    Args:
        table: Its name with the database, for the words of errors.
        backoff: Tries and pauses.
    """

    def __init__(self, table: str, backoff: Backoff) -> None:
        self._table = table
        self._backoff = backoff

    def ask(self, request: Callable[[], Reply]) -> Reply:
        """The reply to a request, tried again while its failure may pass.

        Raises:
            AccessDeniedError: It may not be made; the action to allow is named.
            TransferError: It kept failing after every retry.
            DatasetError: Glue refuses it.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        tried = 0
        while True:
            tried += 1
            try:
                return request()
            except (BotoCoreError, ClientError) as error:
                if not may_pass(error) and code_and_status(error)[0] not in PASSING:
                    raise self._refusal(error) from error
                if tried >= self._backoff.tries:
                    raise TransferError(
                        f"Glue table {self._table}: still failing after {tried} tries ({error}); "
                        "run it again later"
                    ) from error
            self._backoff.pause(tried)

    def ask_if_there(self, request: Callable[[], Reply]) -> Reply | None:
        """As `ask`, but None when what is asked for does not exist."""
        return self._unless(NOT_THERE, request)

    def unless_changed(self, request: Callable[[], object]) -> bool:
        """Makes an update; False when another changed the table first. Errors as `ask`."""

        def update() -> bool:
            request()
            return True

        return self._unless(CHANGED, update) or False

    def pause(self, tried: int) -> None:
        """Waits between two tries."""
        self._backoff.pause(tried)

    def busy(self, text: str) -> DatasetError:
        """An error that trying again may mend."""
        error = DatasetError(f"Glue table {self._table}: {text}; run it again")
        error.retryable = True
        return error

    def _unless(self, codes: frozenset[str], request: Callable[[], Reply]) -> Reply | None:
        try:
            return self.ask(request)
        except LightningEdaError as error:
            if isinstance(error.__cause__, Exception) and code_and_status(error.__cause__)[0] in codes:
                return None
            raise

    def _refusal(self, error: Exception) -> LightningEdaError:
        """Our error for a failure that no retry mends."""
        from botocore import exceptions as boto

        code, status = code_and_status(error)
        action = getattr(error, "operation_name", "") or "the request"
        if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)) or code in LOGIN_ADVICE:
            advice = LOGIN_ADVICE.get(code, "check the AWS credentials")
            return AccessDeniedError(f"Glue table {self._table}: {error}; {advice}")
        if code.startswith("AccessDenied") or status in (401, 403):
            return AccessDeniedError(
                f"Glue table {self._table}: {action} is not allowed ({error}); allow glue:{action} on the "
                "catalogue, the database and the table"
            )
        return DatasetError(f"Glue table {self._table}: {error}")
