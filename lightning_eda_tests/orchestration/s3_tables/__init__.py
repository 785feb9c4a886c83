"""The asset that makes a dataset of CSVs, and the Lambda function beside it."""
