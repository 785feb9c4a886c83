"""S3 and Glue over HTTP on loopback, and what misbehaves in front of them."""
