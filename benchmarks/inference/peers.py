"""PyTorch and ONNX Runtime with the same weights, and only the matrix products."""

from benchmarks import worker
from benchmarks.inference.request import LATENT, Request, weights

_LAYERS = {"encode": ("hidden", "head"), "decode": ("back", "logits")}


def torch(**options):
  """PyTorch modules in inference mode."""
  import torch
  from torch import nn

  request = Request(**options)
  layers = []
  for name in _LAYERS[request.what]:
    kernel, bias = weights()[name]
    layer = nn.Linear(*kernel.shape)
    layer.weight.data = torch.from_numpy(kernel.T.copy())
    layer.bias.data = torch.from_numpy(bias)
    layers.append(layer)
  network = nn.Sequential(layers[0], nn.Tanh(), layers[1]).eval()
  x = torch.from_numpy(request.inputs())

  @torch.inference_mode()
  def answer():
    out = network(x)
    if request.what == "decode":
      return torch.sigmoid(out).numpy()
    mean, log_variance = out.split(LATENT, -1)
    torch.exp(0.5 * log_variance)
    return mean.numpy()

  return request.repeated(answer)


def onnx(**options):
  """ONNX Runtime, with our function converted by tf2onnx."""
  import onnxruntime
  import tensorflow as tf
  import tf2onnx

  from benchmarks.inference import ours

  request = Request(**options)
  vae, x = ours.model(), request.inputs()

  def decode(z):
    return vae.decode(z).mean()

  def encode(x):
    q = vae.encode(x)
    return q.mean(), q.stddev()

  spec = tf.TensorSpec((None, x.shape[1]), tf.float32, name="input")
  function = tf.function(
    {"encode": encode, "decode": decode}[request.what], input_signature=[spec]
  )
  converted, _ = tf2onnx.convert.from_function(function, [spec])
  session = onnxruntime.InferenceSession(converted.SerializeToString())
  (name,) = (one.name for one in session.get_inputs())
  return request.repeated(lambda: session.run(None, {name: x})[0])


def limit(**options):
  """The matrix products of a request, in one `tf.function`."""
  import tensorflow as tf

  request = Request(**options)
  first, second = (tf.constant(weights()[name][0]) for name in _LAYERS[request.what])
  x = tf.constant(request.inputs())
  products = tf.function(lambda x: tf.matmul(tf.matmul(x, first), second))

  return worker.repeated(lambda: products(x).numpy())
