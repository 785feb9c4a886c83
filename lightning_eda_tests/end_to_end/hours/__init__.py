"""Hours on their whole way, from granules to the database."""
