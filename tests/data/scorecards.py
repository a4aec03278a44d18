#!/usr/bin/env python3
"""Writes tests/data/scorecards: tables as optbinning, scorecardpy and toad write them, and the scores that they give, for src/emit/import.

  python3 -m venv env && env/bin/pip install 'numpy<2' 'pandas<2.1' setuptools optbinning==0.21.0 scorecardpy==0.1.9.7 toad==0.1.7
  env/bin/python tests/data/scorecards.py

The rows are drawn here (seed 1). Incomes have one decimal, so that a bound in the middle of two of them has two, as the labels have: nothing is lost
by their rounding. The last rows are a missing age, a missing job, both, and a job that no row of training had.
"""
import json
import pathlib
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
import scorecardpy
import toad
from optbinning import BinningProcess, Scorecard
from sklearn.linear_model import LogisticRegression

folder = pathlib.Path(__file__).parent / "scorecards"
folder.mkdir(exist_ok=True)
draw = np.random.default_rng(1)
n = 1500
names = ["age", "income", "job"]
age = draw.integers(18, 75, n).astype(float)
income = np.round(np.exp(draw.normal(8, 0.6, n)), 1)
job = draw.choice(["clerk", "farmer", "driver", "none, yet"], n, p=[0.4, 0.3, 0.2, 0.1]).astype(object)
age[draw.random(n) < 0.05] = np.nan
job[draw.random(n) < 0.05] = np.nan
z = -2 + 0.04 * (45 - np.nan_to_num(age, nan=30)) - 0.5 * (np.log(income) - 8) + np.where(job == "farmer", 0.8, 0)
bad = (draw.random(n) < 1 / (1 + np.exp(-z))).astype(int)
data = pd.DataFrame({"age": age, "income": income, "job": job})
rows = pd.concat([data.head(196), pd.DataFrame({"age": [np.nan, 40, np.nan, 40], "income": 3000.0, "job": ["clerk", np.nan, np.nan, "pilot"]})], ignore_index=True)

card = Scorecard(BinningProcess(names, categorical_variables=["job"]), LogisticRegression(), scaling_method="pdo_odds",
                 scaling_method_params={"pdo": 20, "odds": 50, "scorecard_points": 600})
card.fit(data, bad, metric_missing="empirical")
card.table(style="detailed").to_csv(folder / "optbinning.csv", index=False)
scores = {"optbinning": card.score(rows), "optbinning_probability": card.predict_proba(rows)[:, 1]}

full = data.assign(bad=bad)
bins = scorecardpy.woebin(full, y="bad", no_cores=1, print_info=False)
woe = scorecardpy.woebin_ply(full, bins, no_cores=1, print_info=False)[["age_woe", "income_woe", "job_woe"]].fillna(0)
model = LogisticRegression().fit(woe, bad)
card = scorecardpy.scorecard(bins, model, list(woe.columns))
pd.concat(card.values()).to_csv(folder / "scorecardpy.csv", index=False)
pd.concat(bins.values()).to_csv(folder / "scorecardpy_woe.csv", index=False)
coefficients = {"intercept": float(model.intercept_[0]), "coefficients": dict(zip(woe.columns, map(float, model.coef_[0])))}
(folder / "scorecardpy_coefficients.json").write_text(json.dumps(coefficients, indent=1) + "\n")
scores["scorecardpy"] = scorecardpy.scorecard_ply(rows, card, only_total_score=True, print_step=0)["score"]
applied = scorecardpy.woebin_ply(rows, bins, no_cores=1, print_info=False)[["age_woe", "income_woe", "job_woe"]]
scores["scorecardpy_probability"] = 1 / (1 + np.exp(-(model.intercept_[0] + applied.to_numpy() @ model.coef_[0])))

combiner = toad.transform.Combiner()
combiner.fit(full, y="bad", method="chi", min_samples=0.05, empty_separate=True)
transformer = toad.transform.WOETransformer()
woe = transformer.fit_transform(combiner.transform(full), full["bad"], exclude=["bad"])
card = toad.ScoreCard(combiner=combiner, transer=transformer)
card.fit(woe[names], woe["bad"])
card.export(to_frame=True).to_csv(folder / "toad.csv", index=False)
scores["toad"] = card.predict(rows)
scores["toad_probability"] = card.predict_proba(rows)[:, 1]

rows.assign(**scores).to_csv(folder / "rows.csv", index=False)
