"""The command line: ``airflow sfn-ml ...``, and the same as ``python -m airflow_sfn_ml ...``.

`table` says once what the commands are and what they take; `parser` makes an argument parser of it and `provider` gives
it to Airflow. Each command is a function in a module that is imported when the command runs; it takes the arguments and
returns the exit status.
"""
