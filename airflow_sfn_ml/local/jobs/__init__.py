"""SageMaker's jobs run as local processes: the container contract without containers."""
