"""The scripts of the census workflow and its synthetic data, run as SageMaker's container runs them."""

from __future__ import annotations

import importlib.util
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

DAGS = Path(__file__).parents[2] / "dags"
SCRIPTS = DAGS / "census_income"


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def data() -> ModuleType:
    return load(DAGS / "census_data.py")


@pytest.fixture
def preprocessing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = load(SCRIPTS / "preprocessing.py")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "input").mkdir()
    return module


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, header=None)


def test_the_same_day_gives_the_same_table_and_another_day_another(data: ModuleType):
    table = data.census_csv("2026-01-05", 1000)
    assert table == data.census_csv("2026-01-05", 1000)
    assert table != data.census_csv("2026-01-06", 1000)
    lines = table.splitlines()
    assert lines[0].split(",") == list(data.COLUMNS)
    assert len(lines) == 1001
    assert {line.count(",") for line in lines} == {8}


def test_preprocessing_splits_by_the_ratio_and_writes_numbers_without_header_or_index(
    preprocessing: ModuleType, data: ModuleType, tmp_path: Path
):
    (tmp_path / "input/day.csv").write_text(data.census_csv("2026-01-05", 5000))
    preprocessing.main(0.2)
    train, test = read(tmp_path / "train/train_features.csv"), read(tmp_path / "test/test_features.csv")
    assert len(test) / (len(train) + len(test)) == pytest.approx(0.2, abs=0.001)
    assert train.shape[1] == test.shape[1]
    assert set(read(tmp_path / "train/train_labels.csv")[0]) == {0, 1}
    assert train.notna().all(axis=None)
    # scaled by the training rows alone: their mean is zero, that of the test rows is not
    scaled = [column for column in train if train[column].nunique() > 2]
    assert len(scaled) == len(preprocessing.SCALED)
    assert all(abs(train[column].mean()) < 1e-9 for column in scaled)
    assert all(abs(test[column].mean()) > 1e-6 for column in scaled)


def test_incomplete_and_repeated_rows_are_left_out(preprocessing: ModuleType, data: ModuleType, tmp_path: Path):
    header, *rows = data.census_csv("2026-01-05", 50).splitlines()
    unique = list(dict.fromkeys(rows))
    spoilt = [header, *unique, unique[0], ",".join(["", *unique[1].split(",")[1:]])]
    (tmp_path / "input/day.csv").write_text("\n".join(spoilt))
    assert len(preprocessing.read_table(tmp_path / "input")) == len(unique)


def test_what_is_wrong_with_a_table_is_named(preprocessing: ModuleType, data: ModuleType, tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="no CSV file"):
        preprocessing.main(0.2)
    text = data.census_csv("2026-01-05", 100)
    (tmp_path / "input/day.csv").write_text(text.replace("dividends from stocks", "dividends"))
    with pytest.raises(KeyError, match="no such column: dividends from stocks"):
        preprocessing.main(0.2)
    (tmp_path / "input/day.csv").write_text(text.replace(" 50000+.", " lots"))
    with pytest.raises(ValueError, match="unknown labels in column 'income'.*lots"):
        preprocessing.main(0.2)


def test_the_model_of_the_three_scripts_is_better_than_chance(
    preprocessing: ModuleType, data: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "input/day.csv").write_text(data.census_csv("2026-01-05", 5000))
    preprocessing.main(0.2)
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/settings.json").write_text('{"class_weight": "balanced", "C": 1.0}')
    load(SCRIPTS / "train.py").main(tmp_path / "train", tmp_path / "settings", tmp_path / "fitted", 1000)
    (tmp_path / "model").mkdir()
    with tarfile.open(tmp_path / "model/model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "fitted/model.joblib", "model.joblib")
    evaluation = load(SCRIPTS / "evaluation.py")
    monkeypatch.setattr(evaluation, "ROOT", tmp_path)
    evaluation.main()
    report = json.loads((tmp_path / "evaluation/evaluation.json").read_text())
    assert report["roc_auc"] > 0.7
    assert report["accuracy"] > 0.6
    assert report["0"]["support"] + report["1"]["support"] == len(read(tmp_path / "test/test_labels.csv"))
