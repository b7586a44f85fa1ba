"""What no table says. No number that was measured stands here: those come from tables."""

HEAD = """\
# Results

The figures of [Auto-Encoding Variational Bayes](https://arxiv.org/abs/1312.6114), made by
this package, beside the numbers that the paper's own plots read. The paper tabulates
none of its curves: "published" is what we read off its plots, to a few tenths of a nat.

This page is written by `python -m aevb_tf.experiments results` from the tables in
[`docs/results/`](docs/results), which the command above each picture leaves in its
`--workdir`. All commands share one folder, so that a run which two figures need is run
once; each goes on where it was stopped. Add `--data_dir=DIR` for data that are there
already: `DIR/mnist` as TFDS prepares it, and `DIR/frey_rawface.mat`.

Unless another unit stands beside them, numbers are nats per datum, and higher is better.
The standard error is that of ours, over data; it says nothing of another seed. Bounds are
of one sample of z for each datum, on at most 10,000 training and all test data. Training
times are those of a run beside others: on a CPU, of one thread on a shared machine, where
the same run can take twice as long; where "GPU" stands, of one of up to 18 runs that
shared a GPU. Measuring is not counted."""

MNIST = """\
500 hidden units, tanh; Adagrad, M = 100, L = 1; weights from N(0, 0.01), 0.01 the
variance, with the prior N(0, I) on them (MAP). The targets are the grey values of all
60,000 training images of MNIST, under the Bernoulli expression. Wake-sleep dreams in black
and white, drawn from p(x|z), where the data are grey.

With 200 latents AEVB begins late. At first it uses all of them, each a little, and pays
for each in KL; it gives them up slowly, until about as many are in use as with 20
(`VAE.kl_per_dimension` tells). Narrower first weights and an output that begins at the mean
of the data mend that: below as a narrow start, and one by one among
[what the paper leaves open](#what-the-paper-leaves-open). All is of one seed; what another
does to one number stands there, too.

Wake-sleep with 200 latents was trained and measured on a CPU: on a GPU some of its measures
were NaN, for a reason that is not known."""

FREY = """\
200 hidden units, a Gaussian decoder with a variance for each pixel and means in (0, 1);
otherwise as above. Our test split is 200 frames drawn at random: they have neighbours in
the film that are trained on.

The paper's wake-sleep stays where it begins. Ours, with the same networks and steps, goes
on rising, below AEVB."""

FIGURE3 = """\
100 hidden units, 3 latents. log p(x) by App. D: 50 samples by HMC of 4 leapfrog steps to
fit q(z), a Gaussian with full covariance, and 50 new ones. The chains are ours, and the
same for all methods: ten for each 50 samples, 30 transitions of burn-in and 2 from sample
to sample, each begun at one of 100,000 draws of the prior, chosen by how well they explain
the datum. A sample evaluated is one evaluation of a datum's likelihood and its gradient:
AEVB and wake-sleep take one for each visit of a datum, Monte Carlo EM 15, for 10 leapfrog
steps and 5 updates.

Monte Carlo EM is no online algorithm, the paper says: the leapfrog steps of all data go on
from where their last ones ended, and then the updates take all data. Where N is 50,000,
updates are few: it ends below wake-sleep and still rises, as in the paper. What minibatches
do to it, and chains that begin anew, is among
[what the paper leaves open](#what-the-paper-leaves-open). Wake-sleep's curves are of two
runs with the same settings and seed: to 1e7 on a CPU; beyond that one that was on a GPU to
there.

Where N is 1,000, Monte Carlo EM wins in the paper on test data. Here it ends beside AEVB, and
which of the two is higher depends on the seed; what else it depends on has
[a section of its own](#figure-3-for-few-data-with-one-thing-changed)."""

FEW_DATA = """\
Does Monte Carlo EM win on test data, as it does in the paper? Here it and AEVB were trained
as in figure 3 but for one thing, with the step that both choose there if that is not it.
And the models of figure 3 were measured by chains of App. D that begin elsewhere.

Which of the two is higher on test data is up to the seed, and over all seeds neither is.
The paper shows one run; none of ours wins by as much. Nothing else that was changed in
training puts Monte Carlo EM above AEVB of the same seed. A narrow start and a smaller step
bring the two together. With a weaker prior of the weights both fit the training data
better, no more so beyond a deviation of 3; and the weaker it is, the lower they are on test
data. With a deviation of 10 AEVB is about where the paper has it, on both; so the paper's
runs may have had a weaker prior than its text says. That is a guess. Chains that jump from
mode to mode, minibatches, and chains that begin anew do not make it win either: they are
among [what the paper leaves open](#what-the-paper-leaves-open).

What makes it win, by more than in the paper, is where chains of App. D begin. The paper
does not say that. AEVB has an encoder to begin them at. That of so few data is good for
these, and wrong for many others; and chains stay in the mode where they begin. So AEVB is
then as high as ever on training data, and far lower on test data: as far below its training
data as in the paper, and below Monte Carlo EM. (That has no encoder: its chains begin at
one of 1,000 draws of the prior there.) It is not the whole answer. Wake-sleep's encoder
learns from dreams, which do not run out, and loses little: it is then above AEVB, too, and
in the paper it is below. Our own numbers are of chains that begin where the posterior is,
for every method."""

FIGURE4 = """\
The decoder's means on a grid of the unit square, through the inverse Gaussian CDF."""

FIGURE5 = """\
Means of p(x|z), z from the prior."""

VARIANCE = """\
Why the paper reparameterizes: the variance of the gradient that reaches the encoder, for
one trained model and minibatches of 100, in nats squared."""

FULL_VB = """\
App. F gives a posterior to the generative weights too; the paper reports no experiment
with it. Here it trains the nets of figure 3. Curves are the bound at the mean weights; the
bound of App. F itself, which pays for the weights' KL, is in the table. Where data are few
it overfits less than AEVB."""

CHOICES = """\
How far a number is from that of another seed is among the rows: a difference that is no
larger is none that these runs can tell.

App. D comes out low where posteriors are sharp and have several modes and chains begin at
few draws: one stays in the mode where it began. Its questions are of figure 3's model of
1,000 data by AEVB. The encoder of so few data is no place to begin, nor to draw from:
importance sampling is far lower still."""
