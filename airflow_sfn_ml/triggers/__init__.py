"""What runs in Airflow's triggerer: watch executions, end tasks."""
