"""SageMaker processing and training jobs run as local processes: the container contract without containers."""
