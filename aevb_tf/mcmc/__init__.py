"""Markov chain Monte Carlo for posteriors of the latents.

| module           | what it has                                                    |
|------------------|----------------------------------------------------------------|
| `annealing_path` | f_beta, from the prior or the encoder to the posterior         |
| `hmc`            | Hamiltonian Monte Carlo transitions that leave f_beta invariant|
| `resampling`     | initial positions, and moves between modes                     |
"""
