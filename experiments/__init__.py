"""The paper's figures, each from one command: `python -m experiments NAME`.

Run from a checkout: this folder is not installed, and the package does not import it.

An experiment is a module of this package with

    run(workdir, scale, data_dir)   leaves NAME.csv and NAME.png in `workdir`

where `scale` is one of `SCALES`. What it trains lies in run folders below `workdir`; a
run that is there already is taken as it is, and one that was stopped is resumed.
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
