"""The two AWS Lambda functions, over the same functions as the assets; Dagster is not needed.

    cluster   distance clustering
    load      S3 tables
    events    what AWS sends

Nothing fails unseen: an error that is raised makes Lambda try again and then hand the event to the function's
dead-letter queue. A reason that is answered is an error in the function's log too, since a schedule throws
answers away; what a success has to tell is a warning there.
"""

from lightning_eda.aws_lambda.cluster import cluster_handler
from lightning_eda.aws_lambda.load import load_handler

__all__ = ["cluster_handler", "load_handler"]
