"""pix2pix by hand in bare TensorFlow: the reference that `tools/benchmark` holds kgen's step
against.

Variables, `tf.nn` and one `tf.function`, no Keras. `make_step(size, batch, precision)` gives a
function that does one training step and returns the generator's loss as a float.
"""

import tensorflow as tf


class Net(tf.Module):
    """Kernels, offsets and moving statistics by name."""

    def __init__(self, precision: str) -> None:
        super().__init__()
        self.dtype = "bfloat16" if precision == "bfloat16" else "float32"
        self.trained: dict[str, tf.Variable] = {}
        self.moving: dict[str, tf.Variable] = {}

    def kernel(self, name, *shape):
        if name not in self.trained:
            self.trained[name] = tf.Variable(tf.random.normal(shape, stddev=0.02))
        return tf.cast(self.trained[name], self.dtype)

    def vector(self, name, width, value=0.0, moving=False):
        store = self.moving if moving else self.trained
        if name not in store:
            store[name] = tf.Variable(tf.fill([width], value), trainable=not moving)
        return store[name]

    def conv(self, x, name, width, stride=2, pad="SAME"):
        return tf.nn.conv2d(x, self.kernel(name, 4, 4, x.shape[-1], width), stride, pad)

    def transposed(self, x, name, width):
        batch, height, breadth, channels = x.shape
        kernel = self.kernel(name, 4, 4, width, channels)
        return tf.nn.conv2d_transpose(x, kernel, [batch, 2 * height, 2 * breadth, width], 2)

    def normalize(self, x, name):
        width = x.shape[-1]
        gamma, beta = self.vector(name + "g", width, 1.0), self.vector(name + "b", width)
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=1e-5, is_training=True
        )
        for key, value, start in (("m", mean, 0.0), ("v", variance, 1.0)):
            moving = self.vector(name + key, width, start, moving=True)
            moving.assign(moving * 0.9 + value * 0.1)
        return y


def leaky(x):
    return tf.nn.leaky_relu(x, 0.2)


class Generator(Net):
    def __call__(self, x, depth, base=64):
        x = tf.cast(x, self.dtype)
        widths = [base * min(2**i, 8) for i in range(depth)]
        skips = []
        for i, width in enumerate(widths):
            x = self.conv(leaky(x) if i else x, f"down{i}", width)
            x = self.normalize(x, f"down{i}") if 0 < i < depth - 1 else x
            skips.append(x)
        x = skips.pop()
        for i in reversed(range(depth)):
            x = self.transposed(tf.nn.relu(x), f"up{i}", widths[i - 1] if i else 3)
            if i:
                x = self.normalize(x, f"up{i}")
                x = tf.nn.dropout(x, 0.5) if depth - 1 - i < 3 else x
                x = tf.concat([skips.pop(), x], -1)
        return tf.tanh(tf.cast(x, "float32") + self.vector("bias", 3))


class Discriminator(Net):
    def __call__(self, x, y, base=64):
        x = tf.cast(tf.concat([x, y], -1), self.dtype)
        pad = [[0, 0], [1, 1], [1, 1], [0, 0]]
        for i, stride in enumerate((2, 2, 2, 1)):
            x = self.conv(x, f"conv{i}", base * 2**i, stride, pad)
            x = (
                self.normalize(x, f"conv{i}")
                if i
                else x + tf.cast(self.vector("bias0", base), self.dtype)
            )
            x = leaky(x)
        return tf.cast(self.conv(x, "logits", 1, 1, pad), "float32") + self.vector("bias", 1)


class Adam(tf.Module):
    """Adam by TensorFlow's own fused kernel."""

    def __init__(self, variables, rate=2e-4):
        super().__init__()
        self.slots = [
            (tf.Variable(tf.zeros_like(v)), tf.Variable(tf.zeros_like(v))) for v in variables
        ]
        self.count, self.rate = tf.Variable(0.0), rate

    def apply(self, variables, gradients):
        self.count.assign_add(1.0)
        powers = [tf.pow(b, self.count) for b in (0.5, 0.999)]
        for v, g, (m1, m2) in zip(variables, gradients, self.slots, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=v.handle, m=m1.handle, v=m2.handle, beta1_power=powers[0],
                beta2_power=powers[1], lr=self.rate, beta1=0.5, beta2=0.999, epsilon=1e-8, grad=g,
            )  # fmt: skip


def bce(logits, value):
    labels = tf.fill(tf.shape(logits), value)
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, logits))


def make_step(size: int, batch: int, precision: str = "float32", device: str = "cpu"):
    tf.random.set_seed(0)
    tf.config.experimental.enable_tensor_float_32_execution(precision != "float32")
    depth = size.bit_length() - 1
    g, d = Generator(precision), Discriminator(precision)
    x = tf.random.uniform((batch, size, size, 3), -1, 1)
    y = x[..., ::-1]
    d(x, g(x, depth))  # makes the variables
    g_variables, d_variables = list(g.trained.values()), list(d.trained.values())
    g_adam, d_adam = Adam(g_variables), Adam(d_variables)

    @tf.function
    def update(x, y):
        with tf.GradientTape(persistent=True) as tape:
            fake = g(x, depth)
        constant = tf.stop_gradient(fake)
        with tf.GradientTape() as d_tape:
            loss = 0.5 * (bce(d(x, y), 1.0) + bce(d(x, constant), 0.0))
        d_adam.apply(d_variables, d_tape.gradient(loss, d_variables))
        with tf.GradientTape() as g_tape:
            g_tape.watch(constant)
            loss = bce(d(x, constant), 1.0) + 100 * tf.reduce_mean(tf.abs(y - constant))
        slope = g_tape.gradient(loss, constant)
        g_adam.apply(g_variables, tape.gradient(fake, g_variables, output_gradients=slope))
        return loss

    def step() -> float:
        return float(update(x, y))

    return step
