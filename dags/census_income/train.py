"""Training job: fit a logistic regression on the features that preprocessing.py wrote.

Script mode of SageMaker's scikit-learn container: folders come from the SM_ variables, hyperparameters as arguments.
"""

import argparse
import json
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression

# the classes are far from balanced; without weights the model would do well by always saying no
DEFAULTS = {"class_weight": "balanced", "C": 1.0}


def main(train: Path, settings: Path, model_dir: Path, max_iter: int) -> None:
    """Fit with the day's *settings*, and leave the model where SageMaker packs it into model.tar.gz."""
    file = settings / "settings.json"
    chosen = {**DEFAULTS, **(json.loads(file.read_text()) if file.exists() else {})}
    features = pd.read_csv(train / "train_features.csv", header=None)
    labels = pd.read_csv(train / "train_labels.csv", header=None).iloc[:, 0]
    model = LogisticRegression(**chosen, solver="lbfgs", max_iter=max_iter)
    model.fit(features.to_numpy(), labels.to_numpy())
    print(f"train:accuracy={model.score(features.to_numpy(), labels.to_numpy()):.4f};")
    model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, model_dir / "model.joblib")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, default=os.environ.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"))
    parser.add_argument(
        "--settings", type=Path, default=os.environ.get("SM_CHANNEL_SETTINGS", "/opt/ml/input/data/settings")
    )
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    parser.add_argument("--max-iter", type=int, default=1000)
    arguments = parser.parse_args()
    main(arguments.train, arguments.settings, arguments.model_dir, arguments.max_iter)
