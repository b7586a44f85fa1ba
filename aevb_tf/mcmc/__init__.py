"""Markov chain Monte Carlo for the posterior of the latents.

| module           | contents                                                         |
|------------------|------------------------------------------------------------------|
| `annealing_path` | f_beta, a path of densities from p(z) or q(z|x) to the posterior |
| `hmc`            | Hamiltonian Monte Carlo transitions that leave f_beta invariant  |
| `convergence`    | R-hat, which finds chains that have not converged                |
| `resampling`     | initial positions of chains, and moves between modes             |
"""
