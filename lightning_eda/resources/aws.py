"""What resources that ask S3 have in common, by the names of `dagster_aws.s3.S3Resource`."""

import dagster as dg
from pydantic import Field

from lightning_eda.resources.variables import from_setting
from lightning_eda.storage.aws import Access


class AwsResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """How S3 is asked."""

    use_unsigned_session: bool | None = Field(
        False, description="true sends no credentials, as a public bucket is read."
    )
    region_name: str | None = from_setting("aws_region")
    endpoint_url: str | None = from_setting("s3_endpoint_url")
    profile_name: str | None = Field(
        None, description="A profile of ~/.aws; else AWS_PROFILE, else the usual credentials."
    )

    def access(self) -> Access:
        """How requests reach S3."""
        return Access(
            self.endpoint_url, self.region_name, self.profile_name, signed=not self.use_unsigned_session
        )
