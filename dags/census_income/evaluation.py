"""Processing job: judge the model of the training job on the rows that it has not seen.

Writes evaluation.json: scikit-learn's classification report, with accuracy and ROC AUC beside it.
"""

import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
from sklearn.metrics import accuracy_score, classification_report, roc_auc_score

ROOT = Path("/opt/ml/processing")


def main() -> None:
    """Write the report of the model in model.tar.gz."""
    model = load_model(ROOT / "model" / "model.tar.gz")
    features = pd.read_csv(ROOT / "test" / "test_features.csv", header=None).to_numpy()
    labels = pd.read_csv(ROOT / "test" / "test_labels.csv", header=None).iloc[:, 0].to_numpy()
    predictions = model.predict(features)
    report = classification_report(labels, predictions, output_dict=True)
    report["accuracy"] = float(accuracy_score(labels, predictions))
    report["roc_auc"] = float(roc_auc_score(labels, model.predict_proba(features)[:, 1]))
    folder = ROOT / "evaluation"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "evaluation.json").write_text(json.dumps(report, indent=2))
    print(f"accuracy {report['accuracy']:.4f}, ROC AUC {report['roc_auc']:.4f} on {len(labels)} rows")


def load_model(archive: Path) -> Any:
    """The model that train.py left in its job's archive."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as packed:
            packed.extract("model.joblib", folder)
        return joblib.load(Path(folder) / "model.joblib")


if __name__ == "__main__":
    main()
