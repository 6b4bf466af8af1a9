"""pix2pix by hand in bare JAX: the reference that `tools/benchmark` holds kgen's step against.

`make_step(size, batch, precision)` gives a function that does one compiled training step and
returns the generator's loss as a float.
"""

import jax
import jax.numpy as jnp
from jax import lax

LAYOUT = ("NHWC", "HWIO", "NHWC")


def conv(x, kernel, stride=2, padding="SAME"):
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, dimension_numbers=LAYOUT)


def transposed(x, kernel):
    return lax.conv_transpose(x, kernel, (2, 2), "SAME", dimension_numbers=LAYOUT)


def normalize(x, p):
    """Batch normalization; returns what the moving statistics take up, too."""
    x32 = x.astype("float32")
    mean, variance = x32.mean((0, 1, 2)), x32.var((0, 1, 2))
    y = (x32 - mean) * (lax.rsqrt(variance + 1e-5) * p["gamma"]) + p["beta"]
    return y.astype(x.dtype), (mean, variance)


def leaky(x):
    return jnp.where(x > 0, x, 0.2 * x)


def norm_parameters(width):
    return {"gamma": jnp.ones(width), "beta": jnp.zeros(width)}


def make_generator(key, depth, base=64):
    widths = [base * min(2**i, 8) for i in range(depth)]
    layers = {}
    for i, width in enumerate(widths):
        key, one, two = jax.random.split(key, 3)
        layers[f"down{i}"] = 0.02 * jax.random.normal(one, (4, 4, widths[i - 1] if i else 3, width))
        into = width * (1 if i == depth - 1 else 2)
        out = widths[i - 1] if i else 3
        layers[f"up{i}"] = 0.02 * jax.random.normal(two, (4, 4, into, out))
        if 0 < i < depth - 1:
            layers[f"down{i}_norm"] = norm_parameters(width)
        if i:
            layers[f"up{i}_norm"] = norm_parameters(out)
    layers["bias"] = jnp.zeros(3)
    return layers


def generate(p, x, key, depth):
    skips, statistics = [], {}
    for i in range(depth):
        x = conv(leaky(x) if i else x, p[f"down{i}"])
        if f"down{i}_norm" in p:
            x, statistics[f"down{i}_norm"] = normalize(x, p[f"down{i}_norm"])
        skips.append(x)
    x = skips.pop()
    for i in reversed(range(depth)):
        x = transposed(jax.nn.relu(x), p[f"up{i}"])
        if i:
            x, statistics[f"up{i}_norm"] = normalize(x, p[f"up{i}_norm"])
            if depth - 1 - i < 3:
                key, one = jax.random.split(key)
                x = jnp.where(jax.random.bernoulli(one, 0.5, x.shape), x * 2, 0)
            x = jnp.concatenate([skips.pop(), x], -1)
    return jnp.tanh((x + p["bias"]).astype("float32")), statistics


def make_discriminator(key, base=64):
    layers, channels = {}, 6
    for i in range(4):
        key, one = jax.random.split(key)
        layers[f"conv{i}"] = 0.02 * jax.random.normal(one, (4, 4, channels, base * 2**i))
        channels = base * 2**i
        if i:
            layers[f"norm{i}"] = norm_parameters(channels)
    layers["bias0"] = jnp.zeros(base)
    layers["logits"] = 0.02 * jax.random.normal(key, (4, 4, channels, 1))
    layers["bias"] = jnp.zeros(1)
    return layers


def judge(p, x, y):
    x = jnp.concatenate([x, y], -1)
    statistics, one = {}, [(1, 1), (1, 1)]
    for i, stride in enumerate((2, 2, 2, 1)):
        x = conv(x, p[f"conv{i}"], stride, one)
        if i:
            x, statistics[f"norm{i}"] = normalize(x, p[f"norm{i}"])
        else:
            x = x + p["bias0"]
        x = leaky(x)
    return (conv(x, p["logits"], 1, one) + p["bias"]).astype("float32"), statistics


def adam(p, g, slots, count, rate=2e-4, b1=0.5, b2=0.999):
    m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, slots[0], g)
    v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, slots[1], g)
    scale = rate * jnp.sqrt(1 - b2**count) / (1 - b1**count)
    return jax.tree.map(lambda p, m, v: p - scale * m / (jnp.sqrt(v) + 1e-8), p, m, v), (m, v)


def follow(moving, *batches):
    """Moving statistics after each batch in turn."""
    for batch in batches:
        moving = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, moving, batch)
    return moving


def make_step(size: int, batch: int, precision: str = "float32", device: str = "cpu"):
    jax.config.update("jax_default_matmul_precision", "highest" if precision == "float32" else None)
    depth = size.bit_length() - 1
    keys = jax.random.split(jax.random.key(0), 3)
    g, d = make_generator(keys[0], depth), make_discriminator(keys[1])
    x = jax.random.uniform(keys[2], (batch, size, size, 3), minval=-1, maxval=1)
    y = x[..., ::-1]

    def low(tree):
        return (
            jax.tree.map(lambda a: a.astype("bfloat16"), tree) if precision == "bfloat16" else tree
        )

    def play(g, x, key):
        return generate(low(g), low(x), key, depth)

    def d_loss(d, x, y, fake):
        real, s1 = judge(low(d), low(x), low(y))
        fake, s2 = judge(low(d), low(x), low(fake))
        return 0.5 * (jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean()), (s1, s2)

    def g_loss(fake, d, x, y):
        logits, s = judge(low(d), low(x), low(fake))
        return jax.nn.softplus(-logits).mean() + 100 * jnp.abs(y - fake).mean(), s

    def update(state, x, y, key):
        g, d, g_slots, d_slots, g_moving, d_moving, count = state
        count = count + 1
        fake, pull, g_seen = jax.vjp(lambda g: play(g, x, key), g, has_aux=True)
        (_, (real_seen, fake_seen)), slope = jax.value_and_grad(d_loss, has_aux=True)(d, x, y, fake)
        d, d_slots = adam(d, slope, d_slots, count)
        (loss, again_seen), slope = jax.value_and_grad(g_loss, has_aux=True)(fake, d, x, y)
        g, g_slots = adam(g, pull(slope)[0], g_slots, count)
        d_moving = follow(d_moving, real_seen, fake_seen, again_seen)
        return (g, d, g_slots, d_slots, follow(g_moving, g_seen), d_moving, count), loss

    def zeros(p):
        return jax.tree.map(jnp.zeros_like, p), jax.tree.map(jnp.zeros_like, p)

    seen = jax.eval_shape(lambda: (play(g, x, keys[2])[1], judge(low(d), low(x), low(y))[1]))
    g_moving, d_moving = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), seen)
    state = (g, d, zeros(g), zeros(d), g_moving, d_moving, jnp.zeros(()))
    compiled = jax.jit(update, donate_argnums=0)
    held = {"state": state, "key": keys[2]}

    def step() -> float:
        held["key"], one = jax.random.split(held["key"])
        held["state"], loss = compiled(held["state"], x, y, one)
        return float(loss)

    return step
