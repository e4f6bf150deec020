"""Wait for executions and jobs that were started elsewhere."""
