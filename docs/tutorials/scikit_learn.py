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
# # A VAE in a scikit-learn pipeline
#
# This tutorial fills in missing values, reduces 30 columns to a few latents, and finds
# outliers, with estimators that work like those of scikit-learn. The table is part of
# scikit-learn: 569 tumours, of which 30 properties of their cells were measured.

# %%
from aevb_tf.sklearn import VAEImputer, VAEOutlierDetector, VAETransformer

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

complete, is_benign = load_breast_cancer(return_X_y=True, as_frame=True)
complete.iloc[:3, :5]

# %% [markdown]
# ## Missing values
#
# Half of the values are removed, so that we know what the imputations should be.

# %%
is_lost = np.random.default_rng(0).random(complete.shape) < 0.5
table = complete.mask(is_lost)
train, test, y_train, y_test = train_test_split(table, is_benign, random_state=0)

imputer = VAEImputer(epochs=100, random_state=0)
imputer.set_output(transform="pandas")
filled = imputer.fit(train).transform(test)
filled.iloc[:3, :5]

# %% [markdown]
# A warning says for how many rows few of the samples of z have most of the weight. Their
# estimates are less accurate; `method` gives more samples, or another method. We know the
# truth here, and can look.
#
# The error is measured in standard deviations of a column, where the mean of a column has
# an error of about 1.


# %%
def error(filled):
  """Root mean squared error of the imputed values, in standard deviations."""
  truth = complete.loc[test.index]
  difference = (np.asarray(filled) - truth) / complete.std()
  return np.sqrt(np.mean(difference.to_numpy()[is_lost[test.index]] ** 2))


means = SimpleImputer().fit(train).transform(test)
print(f"column means {error(means):.2f}, VAE {error(filled):.2f}")

# %% [markdown]
# The imputer is a step of a pipeline like any other.


# %%
def accuracy(imputer):
  """Of a classifier behind an imputer, on the test rows."""
  steps = (imputer, StandardScaler(), LogisticRegression())
  return make_pipeline(*steps).fit(train, y_train).score(test, y_test)


print(f"column means {accuracy(SimpleImputer()):.3f}")
print(f"VAE          {accuracy(imputer):.3f}")

# %% [markdown]
# ## Latents
#
# `VAETransformer` gives the means of q(z|x). A search chooses how many latents there
# should be: the complete rows are reduced to them, and classified.

# %%
rows = train_test_split(complete, is_benign, random_state=0)
pipeline = make_pipeline(
  VAETransformer(epochs=50, random_state=0), LogisticRegression()
)
search = GridSearchCV(pipeline, {"vaetransformer__latent_dim": [2, 8]}, cv=3)
search.fit(rows[0], rows[2])
print(search.best_params_, f"accuracy {search.score(rows[1], rows[3]):.3f}")

# %% [markdown]
# Two latents can be drawn:

# %%
two = VAETransformer(latent_dim=2, epochs=50, random_state=0).fit(rows[0])
z = two.transform(rows[1])
for value, name in ((1, "benign"), (0, "malignant")):
  chosen = rows[3].to_numpy() == value
  plt.scatter(*z[chosen].T, s=12, label=name)
plt.legend()
plt.xlabel("$z_0$")
plt.ylabel("$z_1$")
plt.show()

# %% [markdown]
# ## Outliers
#
# A detector that has seen benign tumours alone calls others outliers.
# `decision_function` is negative for them.

# %%
benign = rows[0][rows[2] == 1]
detector = VAEOutlierDetector(contamination=0.05, epochs=50, random_state=0).fit(benign)
is_outlier = detector.predict(rows[1]) == -1
for value, name in ((1, "benign"), (0, "malignant")):
  share = is_outlier[rows[3] == value].mean()
  print(f"{share:.0%} of the {name} test rows are outliers")

# %% [markdown]
# The share of the benign ones is not exactly 5%, since the threshold is that of the
# training rows. `detector.detector_` is an `AnomalyDetector` of standardized rows. Its
# `fit_threshold` takes rows that the training has not seen, and then the share is at most
# 5% in the mean over such rows.


# %%
def standardized(rows):
  """Rows as the model of the detector sees them."""
  return np.float32((rows - detector.mean_) / detector.scale_)


held_out = rows[1][rows[3] == 1]
detector.detector_.fit_threshold(standardized(held_out[:45]), false_alarm_rate=0.05)
for name, group in (("benign", held_out[45:]), ("malignant", rows[1][rows[3] == 0])):
  share = detector.detector_.predict(standardized(group)).mean()
  print(f"{share:.0%} of the {name} test rows are outliers")

# %% [markdown]
# More: [scikit-learn](../howto/scikit_learn.md), [missing values](../howto/missing.md) and
# [anomalies](../howto/anomalies.md).
