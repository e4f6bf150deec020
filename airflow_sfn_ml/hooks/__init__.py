"""The border to AWS: the Amazon provider's connection handling, and where its errors become this package's."""
