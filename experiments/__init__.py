"""The paper's figures and a benchmark, each from one command.

Run from a checkout: this folder is not installed, and the package does not import it.

An experiment is a module of this package with

    figure(scale, data_dir)   the `figure.Figure`: its jobs, its table, its picture

where `scale` is one of `SCALES`. `figure.make` writes NAME.csv, NAME.png and the runs
into a folder; finished runs in the folder are used, and others are resumed.
"""

# Name -> module; `--help` shows the first line of each.
EXPERIMENTS = (
  "figure2_mnist",
  "figure2_frey",
  "figure3",
  "few_data",
  "figure4",
  "figure5",
  "full_vb",
  "choices",
  "gradient_variance",
  "imputation",
  "semi_supervised",
  "restoration",
  "anomalies",
  "anomaly_tables",
)
SCALES = ("smoke", "default", "full")
