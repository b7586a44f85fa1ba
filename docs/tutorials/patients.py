# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A table of patients
#
# This tutorial takes a table with missing values from its file to imputations, and to
# samples of patients of a given age and sex. The table is part of scikit-learn: 442
# patients with diabetes, their blood values, and how far the disease went in a year.

# %%
import aevb_tf as aevb

import pathlib
import tempfile

import keras
import numpy as np
import pandas as pd
from sklearn.datasets import load_diabetes

names = {"bp": "pressure", "s1": "cholesterol", "s2": "ldl", "s3": "hdl"}
names |= {"s5": "log_triglycerides", "s6": "glucose", "target": "progression"}
complete = load_diabetes(as_frame=True, scaled=False).frame
complete = complete.rename(columns=names).drop(columns="s4")  # s4 is cholesterol / hdl
complete["sex"] = complete["sex"].map({1.0: "A", 2.0: "B"})  # the source has codes only

# %% [markdown]
# A fifth of the blood values was lost, say. Here we know them, and can check what is
# imputed.

# %%
rng = np.random.default_rng(0)
blood = ["cholesterol", "ldl", "hdl", "log_triglycerides", "glucose"]
patients = complete.copy()
lost = rng.random((len(patients), len(blood))) < 0.2
patients[blood] = patients[blood].mask(lost)
path = pathlib.Path(tempfile.mkdtemp(), "patients.csv")
patients.to_csv(path, index=False)
patients.head()

# %% [markdown]
# ## The schema
#
# `aevb.data.table` reads the file, and infers what each column is. Each kind has its own
# likelihood. Whole numbers are taken for counts. Here they are measurements that were
# rounded, so we say what they are.

# %%
kinds = {"age": "real", "cholesterol": "real", "glucose": "real"}
kinds["progression"] = "positive"
data = aevb.data.table(path, kinds)
print(data.schema)

# %% [markdown]
# ## Train
#
# `for_table` builds the networks and likelihoods of the schema. The bound is that of the
# values that are there.

# %%
keras.utils.set_random_seed(0)
vae = aevb.VAE.for_table(data.schema, latent_dim=4, seed=0)
vae.compile(keras.optimizers.Adam(2e-3))
vae.fit(data, epochs=100, verbose=0)

names = [column.name for column in vae.schema.modelled]
aevb.plots.correlations(data.x, vae.sample(1000, seed=0, draw=True), names)

# %% [markdown]
# ## Impute
#
# One imputation is the expected value given what is known of the patient. Its error is
# compared with that of the mean of the column, in standard deviations.

# %%
filled = vae.schema.to_frame(vae.impute(data.x, num_samples=200, seed=0))


def error(guess):
  standardized = (guess - complete[blood]) / complete[blood].std()
  return np.sqrt((standardized.where(lost) ** 2).mean())


mean = patients[blood].mean()
pd.DataFrame({"the mean": error(mean), "imputed": error(filled[blood])}).round(2)

# %% [markdown]
# Several imputations are draws, which vary as much as the values are uncertain. About 90%
# of the true values should lie between their 5% and 95% quantiles; with few patients, the
# intervals are somewhat narrow.

# %%
draws = vae.impute(data.x, 40, num_samples=200, seed=0)  # [40, 442, 10]
low, high = (
  vae.schema.to_frame(np.quantile(draws, q, axis=0))[blood] for q in (0.05, 0.95)
)
inside = (low <= complete[blood]) & (complete[blood] <= high)
inside.where(lost).mean().astype(float).round(2)

# %% [markdown]
# ## Some columns given others
#
# Leave out what you want to know. What is the glucose of a patient, and how far will the
# disease go, given the other columns? And for a patient who differs only in the bmi?

# %%
patient = complete.iloc[[0]].copy()
patient[["glucose", "progression"]] = np.nan
for bmi in (22.0, 38.0):
  x = vae.schema.encode(patient.assign(bmi=bmi))
  rows = vae.impute(x, 200, num_samples=2000, seed=0)[:, 0]  # [200, 10]
  found = vae.schema.to_frame(rows)[["glucose", "progression"]]
  print(f"bmi {bmi:.0f}: the medians are", found.median().round().to_dict())

# %% [markdown]
# ## Given age and sex
#
# If some columns are always known, condition on them. They are then not modelled, and
# samples are drawn for the age and the sex that you ask for.

# %%
given = aevb.data.table(path, kinds, condition=["age", "sex"])
keras.utils.set_random_seed(0)
model = aevb.VAE.for_table(given, 4, seed=0)
model.compile(keras.optimizers.Adam(2e-3))
model.fit(given, epochs=100, verbose=0)

columns, medians = ["pressure", "hdl", "glucose"], {}
for sex in "AB":
  for low, high in ((25, 40), (60, 75)):
    ask = {"sex": sex, "age": (low + high) / 2}
    rows = model.sample(1000, seed=0, draw=True, condition=ask)
    near = complete[(complete["sex"] == sex) & complete["age"].between(low, high)]
    medians[sex, f"age {low} to {high}", "data"] = near[columns].median()
    drawn = model.schema.to_frame(rows)[columns]
    medians[sex, f"age {low} to {high}", "samples"] = drawn.median()
pd.DataFrame(medians).T.round(0)

# %% [markdown]
# Samples with the ages and sexes of the data have the marginals of the data:

# %%
rows = model.sample(len(given.x), seed=0, draw=True, condition=given.y)
aevb.plots.marginals(model.schema.decode(given.x), model.schema.decode(rows))

# %% [markdown]
# [Tables](../../howto/tables/) and [missing values](../../howto/missing/) have the details,
# and [conditions](../../howto/conditions/) what else a condition can be.
