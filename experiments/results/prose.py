"""What no table says. No number that was measured stands here: those come from tables."""

HEAD = """\
# Results

The figures of [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), made by
this package, beside the numbers that the paper's own plots read. The paper tabulates
none of its curves: "published" is what we read off its plots, to a few tenths of a nat.

This page is written by `python -m experiments results` from the tables in
[`docs/results/`](docs/results), which the command above each picture leaves in its
`--workdir`. All commands share one folder, so that a run which two figures need is run
once; each resumes where it was stopped. Add `--data_dir=DIR` for data that are already
there: `DIR/mnist` as TFDS prepares it, and `DIR/frey_rawface.mat`.

Unless another unit is given, numbers are nats per example, and higher is better. The
standard error is that of our number over examples; it does not include what another seed
changes. Bounds are of one sample of z for each example, on at most 10,000 training
examples and all test examples. Training times are those of a run beside others: on a CPU,
of one thread on a shared machine, where the same run can take twice as long; where "GPU"
stands, of one of up to 18 runs that shared a GPU. Time spent measuring is not counted."""

SEEDS = """\
## What one seed can resolve

Every curve is one run with one seed; the paper, too, shows one curve of each. A difference
that is no larger than what another seed changes is not resolved: it shows neither that two
curves match nor that one is better. That holds in both directions, and between ours and
the paper's as between two of ours. The standard error over examples measures something
else, and is no substitute.

Other seeds were run at few points, which follow. They give a range, of two or five runs,
and not a confidence interval; elsewhere the range may be larger or smaller, and no other
seed was run on the Frey faces, with wake-sleep, or with N = 50,000."""

PRIOR = """\
## The prior of the parameters

The paper adds to the gradient of the bound "a small weight decay term corresponding to a
prior p(theta) = N(0, I)", theta the decoder's parameters, and says that "all parameters,
both variational and generative", were "jointly stochastically optimized using the MAP
criterion". The first names the decoder alone; the second may be read as a decay of the
encoder's parameters phi too. Which of the two the paper's runs did is not known.

Here `parameter_prior_stddev=1` is a prior N(0, 1) on every number of every trainable
variable, biases included, of the encoder as of the decoder:

    loss = -(N/M) sum_i bound_i - log N(theta; 0, I) - log N(phi; 0, I)

The prior counts once for the data set, so that per example it is divided by N. We read
"all parameters" literally; under the other reading the last term is absent. Only theta is
a parameter of p(x), with a posterior whose mode MAP approximates; for phi the term is plain
weight decay. Monte Carlo EM has theta alone; `FullVB` has its own prior of theta, and none
of phi.

It can make a difference in these ways, none of which was measured. The bound stays a
lower bound of log p(x) whatever phi is, but an encoder with smaller weights is a smoother
one: it may be farther from the posterior, which lowers the bound, and it may overfit less,
which raises it on test data. At the first weights, half the encoder's sum of squares is
0.03 nats per example on MNIST with 20 latents, and 0.4 nats with the 1,000 examples and
100 hidden units of figure 3. So it should matter least with all of MNIST, and most where N
is 1,000. There it also bears on the comparison of methods: Monte Carlo EM has no encoder
to decay, AEVB and wake-sleep have one. log p(x) by App. D depends on theta alone, and so
on phi's prior only through training. Rows below with another prior, or none, change it
for both networks at once, and do not separate the two."""

MNIST = """\
500 hidden units, tanh; Adagrad, M = 100, L = 1; weights from N(0, 0.01), 0.01 the
variance; MAP, with N(0, I) on [all parameters](#the-prior-of-the-parameters). The targets
are the grey values of all 60,000 training images of MNIST, under the Bernoulli expression.
Wake-sleep dreams in black and white, drawn from p(x|z), where the data are grey.

After 1e6 samples, with up to 20 latents, our curve is above the paper's by more than another
seed changes, and with 200 latents it is below. Neither is a reproduction of the beginning
of the paper's curve, and the first does not show that this package trains better: the
first weights and the step size alone change these numbers by as much, as
[what the paper leaves open](#what-the-paper-leaves-open) shows.

With 200 latents AEVB learns slowly at first. It uses all of them, each a little, and pays
for each in KL; it gives them up slowly, until about as many are in use as with 20
(`VAE.kl_per_dimension` shows it). Narrower first weights and an output that begins at the
mean of the data raise the bound with 200 latents: below as a narrow start, and one by one
among [what the paper leaves open](#what-the-paper-leaves-open).

Wake-sleep with 200 latents was trained and measured on a CPU: on a GPU some of its measures
were NaN, for a reason that is not known."""

FREY = """\
200 hidden units, a Gaussian decoder with a variance for each pixel and means in (0, 1);
otherwise as above. The paper does not state its test split. Ours is 200 frames drawn at
random, which have neighbours in the film among the training frames. So ours and the
paper's bounds are of different test data, and their differences do not say which is
better.

The paper's wake-sleep stays where it begins. Ours, with the same networks and steps, keeps
rising, below AEVB."""

FIGURE3 = """\
100 hidden units, 3 latents. log p(x) by App. D: 50 samples by HMC of 4 leapfrog steps to
fit q(z), a Gaussian with full covariance, and 50 new ones. The settings of the chains are
ours, and the same for all methods: ten chains for each 50 samples, 30 transitions of
burn-in and 2 from sample to sample, each begun at one of 100,000 draws of the prior,
chosen by how well they explain the example. A sample evaluated is one evaluation of an
example's likelihood and its gradient: AEVB and wake-sleep take one for each visit of an
example, Monte Carlo EM 15, for 10 leapfrog steps and 5 updates.

Monte Carlo EM is not an online algorithm, the paper says: the leapfrog steps of all
examples resume where their last ones ended, and then the updates take all examples. Where
N is 50,000 there are few updates: it ends below wake-sleep and still rises, as it does in
the paper. What minibatches change, and chains that start anew, is among
[what the paper leaves open](#what-the-paper-leaves-open). Wake-sleep's curves are of two
runs with the same settings and seed: to 1e7 on a CPU; beyond that, one that ran on a GPU
up to there.

Where N is 1,000, Monte Carlo EM is the best on test data in the paper. Here it ends beside
AEVB, and which of the two is higher depends on the seed; what else it depends on has
[a section of its own](#figure-3-for-few-data-with-one-thing-changed)."""

FEW_DATA = """\
Is Monte Carlo EM the best on test data, as it is in the paper? Here it and AEVB were
trained as in figure 3 with one thing changed, and with the step that both choose there
unless it is the step that changes. And the models of figure 3 were measured by chains of
App. D that begin elsewhere.

Which of the two is higher on test data depends on the seed, and averaged over the seeds
the two do not differ by more than its standard error. The paper shows one run; its
difference is larger than any of ours, and no larger than what the seed changes. All other
rows are of seed 0 alone. None of those with other training has Monte Carlo EM above AEVB;
a narrow start and a smaller step bring the two closer together, but by no more than
another seed may. With a weaker prior of the weights both have a higher log p(x) on
training data, no higher beyond a standard deviation of 3; and the weaker the prior, the
lower they are on test data. Of these rows, that with a standard deviation of 10 has AEVB
closest to the paper on test data. So the paper's runs may have had a weaker prior than its
text says; that is a guess. Chains that jump from mode to mode, minibatches, and chains
that start anew do not put Monte Carlo EM above AEVB by more than a seed may either: they
are among [what the paper leaves open](#what-the-paper-leaves-open).

One thing puts it above AEVB by more than that, and by more than in the paper: where the
chains of App. D begin, which the paper does not say. AEVB has an encoder at which to begin
them. Trained on so few examples, it is good for these and wrong for many others; and
chains stay in the mode where they begin. So AEVB is then as high as before on training
data, and far lower on test data: about as far below its training data as in the paper,
and below Monte Carlo EM. (That has no encoder: its chains begin at one of 1,000 draws of
the prior there.) It does not explain everything. Wake-sleep's encoder learns from dreams,
of which there is no end, and loses little: it is then above AEVB, too, and in the paper it
is below. Our own numbers are of chains that begin where the posterior is, for every
method."""

FIGURE4 = """\
The decoder's means on a grid of the unit square, through the inverse Gaussian CDF."""

FIGURE5 = """\
Means of p(x|z), z from the prior."""

VARIANCE = """\
Why the paper reparameterizes: the variance of the gradient that reaches the encoder, for
one trained model and minibatches of 100, in nats squared."""

FULL_VB = """\
App. F gives a posterior to the generative weights too; the paper reports no experiment
with it. Here it trains the networks of figure 3, one seed each. Curves are the bound at
the mean weights; the bound of App. F itself, which pays for the weights' KL, is in the
table. With 1,000 examples it overfits less than AEVB: its bound is lower on training data
and higher on test data, by more than another seed changes in figure 2 or 3. With 50,000
the two differ by less than that."""

CHOICES = """\
How far a number is from that of another seed is among the rows: a difference that is no
larger is not resolved. Each row is one run.

App. D comes out low where posteriors are sharp and have several modes and chains begin at
few draws: a chain stays in the mode where it began. Its questions are of figure 3's model
of 1,000 examples by AEVB. The encoder of so few examples is a poor place to begin chains,
and a poor proposal: importance sampling from it is far lower still."""
