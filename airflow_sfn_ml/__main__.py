"""``python -m airflow_sfn_ml``: the commands of ``airflow sfn-ml``."""

import sys

from airflow_sfn_ml.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
