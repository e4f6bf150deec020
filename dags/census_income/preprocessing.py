"""Processing job: clean the day's table, split it, and turn it into features.

Reads every CSV of the input folder; writes features and labels of both parts without header or index, as the next two
scripts read them. Runs in SageMaker's scikit-learn container (scikit-learn 1.2 and newer).
"""

import argparse
import inspect
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, StandardScaler

ROOT = Path("/opt/ml/processing")
BINNED = ["age", "num persons worked for employer"]
SCALED = ["capital gains", "capital losses", "dividends from stocks"]
CATEGORIES = ["education", "major industry code", "class of worker"]
LABEL = "income"
LABELS = {"- 50000.": 0, "50000+.": 1}


def main(ratio: float) -> None:
    """Write train and test parts, *ratio* of the rows being the latter."""
    table = read_table(ROOT / "input")
    labels = table[LABEL].str.strip().map(LABELS)
    if labels.isna().any():
        raise ValueError(f"unknown labels in column {LABEL!r}: {sorted(table[LABEL][labels.isna()].unique())}")
    features = table.drop(columns=LABEL)
    train_x, test_x, train_y, test_y = train_test_split(
        features, labels.astype(int), test_size=ratio, random_state=0, stratify=labels
    )
    transformer = make_transformer()
    write(ROOT / "train", "train", transformer.fit_transform(train_x), train_y)
    write(ROOT / "test", "test", transformer.transform(test_x), test_y)  # never fitted on what it is tested with


def read_table(folder: Path) -> pd.DataFrame:
    """The used columns of all CSV files of *folder*, without incomplete and repeated rows."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"no CSV file in {folder}")
    used = [*BINNED, *SCALED, *CATEGORIES, LABEL]
    table = pd.concat([pd.read_csv(file) for file in files], ignore_index=True)
    missing = sorted(set(used) - set(table.columns))
    if missing:
        raise KeyError(f"no such column: {', '.join(missing)}")
    clean = table[used].dropna().drop_duplicates()
    print(f"{len(table)} rows read, {len(clean)} used, {len(table) - len(clean)} incomplete or repeated")
    return clean


def make_transformer() -> ColumnTransformer:
    """Bins for counts of years and people, scaled amounts, one column per category."""
    dense = "sparse_output" if "sparse_output" in inspect.signature(OneHotEncoder).parameters else "sparse"
    return make_column_transformer(
        # bins of equal width: quantiles of a column of few values coincide, and would be dropped with a warning
        (KBinsDiscretizer(n_bins=10, encode="onehot-dense", strategy="uniform"), BINNED),
        (StandardScaler(), SCALED),
        (OneHotEncoder(handle_unknown="ignore", **{dense: False}), CATEGORIES),
    )


def write(folder: Path, part: str, features: Any, labels: pd.Series) -> None:
    """Write one part's two files."""
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(features).to_csv(folder / f"{part}_features.csv", header=False, index=False)
    pd.Series(labels).to_csv(folder / f"{part}_labels.csv", header=False, index=False)
    print(f"{part}: {features.shape[0]} rows, {features.shape[1]} features, {int(labels.sum())} of them positive")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train-test-split-ratio", type=float, default=0.3)
    main(parser.parse_args().train_test_split_ratio)
