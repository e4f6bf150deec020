"""SageMaker's API for jobs: requests checked, refusals worded as AWS words them."""
