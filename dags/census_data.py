"""Synthetic data with the columns that the census workflow uses. No row stands for a person, and none was measured.

The same date and number of rows give the same table everywhere. The shares and their relation to income are invented,
so that a model has something to learn; they say nothing about any population.
"""

from __future__ import annotations

import hashlib

import numpy as np

EDUCATION = (
    "Children",
    "Less than 1st grade",
    "7th and 8th grade",
    "High school graduate",
    "Some college but no degree",
    "Bachelors degree",
    "Masters degree",
    "Doctorate degree",
)
INDUSTRY = (
    "Not in universe or children",
    "Retail trade",
    "Manufacturing-durable goods",
    "Education",
    "Construction",
    "Finance insurance and real estate",
    "Public administration",
)
WORKER = (
    "Not in universe",
    "Private",
    "Self-employed-not incorporated",
    "Self-employed-incorporated",
    "Local government",
    "Federal government",
)
COLUMNS = (
    "age",
    "education",
    "major industry code",
    "class of worker",
    "num persons worked for employer",
    "capital gains",
    "capital losses",
    "dividends from stocks",
    "income",
)
LOW, HIGH = " - 50000.", " 50000+."


def census_csv(day: str, rows: int) -> str:
    """The table of *day* as CSV: a header line, then *rows* synthetic rows."""
    columns = [column.tolist() for column in census_columns(day, rows)]
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
    return "\n".join(lines) + "\n"


def census_columns(day: str, rows: int) -> list[np.ndarray]:
    """The columns of the table of *day*, in the order of `COLUMNS`."""
    random = np.random.default_rng(int.from_bytes(hashlib.sha256(day.encode()).digest()[:8], "big"))
    age = np.clip(random.gamma(4.2, 9.0, rows), 1, 90).astype(int)
    education = np.where(age < 16, 0, np.clip(np.rint(random.normal(3.9, 1.5, rows)), 1, 7)).astype(int)
    works = (age >= 16) & (random.random(rows) < np.clip(1.05 - np.abs(age - 42) / 60, 0, 1))
    industry = np.where(works, random.integers(1, len(INDUSTRY), rows), 0)
    worker = np.where(works, random.choice([1, 2, 3, 4, 5], rows, p=[0.72, 0.10, 0.05, 0.09, 0.04]), 0)
    employer_size = np.where(works, np.clip(random.poisson(3, rows), 1, 6), 0)

    wealth = (
        0.45 * (education - 4)
        + 0.03 * np.clip(age - 25, 0, 35)
        + 0.8 * np.isin(worker, [3, 5])
        + 0.4 * (industry == 5)
        + random.normal(0, 0.5, rows)
    )
    gains = _amounts(random, wealth - 3.4, mean=8.0, spread=1.0)
    losses = np.where(random.random(rows) < 0.02, random.integers(800, 2600, rows), 0)
    dividends = _amounts(random, wealth - 2.6, mean=5.5, spread=1.5)
    odds = -6.0 + 2.2 * wealth + 0.5 * (gains > 5000) + 0.9 * works + 0.12 * employer_size
    income = np.where(works & (random.random(rows) < _share(odds)), HIGH, LOW)
    return [
        age,
        np.array(EDUCATION)[education],
        np.array(INDUSTRY)[industry],
        np.array(WORKER)[worker],
        employer_size,
        gains,
        losses,
        dividends,
        income,
    ]


def _amounts(random: np.random.Generator, odds: np.ndarray, mean: float, spread: float) -> np.ndarray:
    """Whole dollars for those who have any, zero for the others."""
    amounts = np.rint(np.exp(random.normal(mean, spread, odds.size))).astype(int)
    return np.where(random.random(odds.size) < _share(odds), amounts, 0)


def _share(odds: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-odds)))
