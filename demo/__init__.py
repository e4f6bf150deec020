"""The demo of `python3 run.py demo`, and the Airflow that it and the integration tests run on."""
