"""The paper's figures, each from one command: `python -m experiments NAME`.

Run from a checkout: this folder is not installed, and the package does not import it.

An experiment is a module of this package with

    figure(scale, data_dir)   the `figure.Figure`: its jobs, its table, its picture

where `scale` is one of `SCALES`. `figure.make` leaves NAME.csv and NAME.png in a folder,
and the runs below it; a run that is there already is taken as it is, and one that was
stopped is resumed.
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
)
SCALES = ("smoke", "default", "full")
